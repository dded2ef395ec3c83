/** Keys from keys: HMAC-SHA-512 (RFC 2104), HKDF (RFC 5869), and PBKDF2 with HMAC-SHA-1 (RFC 8018) for passphrases. */
import { newSha512, SHA512_BLOCK_BYTES, type Sha512, sha512 } from '../checksum/sha512.js';

export class HmacSha512 {
  readonly #inner: Sha512;
  readonly #outerPad: Uint8Array;

  constructor(key: Uint8Array) {
    const short = key.length > SHA512_BLOCK_BYTES ? sha512(key) : key;
    const inner = new Uint8Array(SHA512_BLOCK_BYTES).fill(0x36);
    this.#outerPad = new Uint8Array(SHA512_BLOCK_BYTES).fill(0x5c);
    for (let i = 0; i < short.length; i++) {
      inner[i] ^= short[i];
      this.#outerPad[i] ^= short[i];
    }
    this.#inner = newSha512().update(inner);
  }

  update(bytes: Uint8Array): this {
    this.#inner.update(bytes);
    return this;
  }

  digest(): Uint8Array {
    return newSha512().update(this.#outerPad).update(this.#inner.digest()).digest();
  }
}

/** HKDF-SHA-512 without salt; `length` is at most 64. */
export function hkdfSha512(key: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  const extracted = new HmacSha512(new Uint8Array(64)).update(key).digest();
  const one = new Uint8Array([1]);
  return new HmacSha512(extracted).update(info).update(one).digest().slice(0, length);
}

const SHA1_INITIAL: readonly number[] = [
  0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0,
];

/** One SHA-1 block of 16 words into a state of five. */
function sha1Block(state: Uint32Array, w: Uint32Array): void {
  for (let i = 16; i < 80; i++) {
    const x = w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16];
    w[i] = (x << 1) | (x >>> 31);
  }
  let a = state[0] | 0;
  let b = state[1] | 0;
  let c = state[2] | 0;
  let d = state[3] | 0;
  let e = state[4] | 0;
  for (let i = 0; i < 80; i++) {
    let f = b ^ c ^ d;
    let k = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
    k |= 0;
    if (i < 20) f = (b & c) | (~b & d);
    else if (i >= 40 && i < 60) f = (b & c) | (b & d) | (c & d);
    const t = (((a << 5) | (a >>> 27)) + f + e + k + w[i]) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = t;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
}

function sha1(bytes: Uint8Array): Uint8Array {
  const total = Math.trunc((bytes.length + 8) / 64) * 64 + 64;
  const padded = new Uint8Array(total);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(total - 4, bytes.length * 8);
  const state = new Uint32Array(SHA1_INITIAL);
  const w = new Uint32Array(80);
  for (let at = 0; at < total; at += 64) {
    for (let i = 0; i < 16; i++) w[i] = view.getUint32(at + 4 * i);
    sha1Block(state, w);
  }
  const out = new Uint8Array(20);
  for (let i = 0; i < 5; i++) new DataView(out.buffer).setUint32(4 * i, state[i]);
  return out;
}

/** The state after the block key XOR pad. */
function padState(key: Uint8Array, pad: number): Uint32Array {
  const block = new Uint8Array(64).fill(pad);
  for (let i = 0; i < key.length; i++) block[i] ^= key[i];
  const view = new DataView(block.buffer);
  const w = new Uint32Array(80);
  for (let i = 0; i < 16; i++) w[i] = view.getUint32(4 * i);
  const state = new Uint32Array(SHA1_INITIAL);
  sha1Block(state, w);
  return state;
}

/** HMAC of a message that with its padding fits one block: `words` has it, `bytes` is its length. */
function hmacBlock(inner: Uint32Array, outer: Uint32Array, words: Uint32Array, bytes: number) {
  const w = new Uint32Array(80);
  w.set(words.subarray(0, 16));
  w[bytes >> 2] |= 0x80 << (24 - 8 * (bytes & 3));
  w[15] = (64 + bytes) * 8;
  const state = inner.slice();
  sha1Block(state, w);
  const second = new Uint32Array(80);
  second.set(state);
  second[5] = 0x80000000;
  second[15] = (64 + 20) * 8;
  const out = outer.slice();
  sha1Block(out, second);
  return out;
}

/** `salt` is at most 40 bytes. */
export function pbkdf2Sha1(
  passphrase: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  length: number,
): Uint8Array {
  const key = passphrase.length > 64 ? sha1(passphrase) : passphrase;
  const inner = padState(key, 0x36);
  const outer = padState(key, 0x5c);
  const out = new Uint8Array(length);
  for (let block = 1, at = 0; at < length; block++, at += 20) {
    const first = new Uint8Array(64);
    first.set(salt);
    new DataView(first.buffer).setUint32(salt.length, block);
    const words = new Uint32Array(16);
    for (let i = 0; i < 16; i++) words[i] = new DataView(first.buffer).getUint32(4 * i);
    let u = hmacBlock(inner, outer, words, salt.length + 4);
    const sum = u.slice();
    const message = new Uint32Array(16);
    for (let i = 1; i < iterations; i++) {
      message.set(u);
      u = hmacBlock(inner, outer, message, 20);
      for (let j = 0; j < 5; j++) sum[j] ^= u[j];
    }
    for (let i = 0; i < 20 && at + i < length; i++) {
      out[at + i] = (sum[i >> 2] >>> (24 - 8 * (i & 3))) & 0xff;
    }
  }
  return out;
}
