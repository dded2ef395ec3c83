/**
 * Authenticated decryption: AES-GCM (SP 800-38D) and AES-CCM (SP 800-38C), 12-byte nonces and 16-byte tags.
 *
 * Both check the tag before any plain byte is handed out.
 */
import { AesKey } from './aes.js';

function loadBlock(bytes: Uint8Array, at: number, out: Uint32Array): void {
  for (let i = 0; i < 4; i++) {
    let word = 0;
    for (let j = 0; j < 4; j++) {
      const p = at + 4 * i + j;
      word = (word << 8) | (p < bytes.length ? bytes[p] : 0);
    }
    out[i] = word;
  }
}

function xorStream(key: AesKey, counter: Uint32Array, from: Uint8Array, mask: number): Uint8Array {
  const out = new Uint8Array(from.length);
  const block = new Uint32Array(4);
  for (let at = 0; at < from.length; at += 16) {
    counter[3] = (counter[3] & ~mask) | ((counter[3] + 1) & mask);
    block.set(counter);
    key.encrypt(block);
    const end = Math.min(16, from.length - at);
    for (let i = 0; i < end; i++) {
      out[at + i] = from[at + i] ^ ((block[i >> 2] >>> (24 - 8 * (i & 3))) & 0xff);
    }
  }
  return out;
}

function tagEquals(words: Uint32Array, tag: Uint8Array): boolean {
  let different = 0;
  for (let i = 0; i < 16; i++) {
    different |= tag[i] ^ ((words[i >> 2] >>> (24 - 8 * (i & 3))) & 0xff);
  }
  return different === 0;
}

/** Folding four shifted-out bits back into the top of a GHASH value. */
const GHASH_FOLD: Uint16Array = new Uint16Array([
  0x0000, 0x1c20, 0x3840, 0x2460, 0x7080, 0x6ca0, 0x48c0, 0x54e0, 0xe100, 0xfd20, 0xd940, 0xc560,
  0x9180, 0x8da0, 0xa9c0, 0xb5e0,
]);

class Ghash {
  /** Multiples of H by every nibble, four words each. */
  readonly #table = new Uint32Array(64);
  readonly value = new Uint32Array(4);

  constructor(h: Uint32Array) {
    const t = this.#table;
    let a = h[0];
    let b = h[1];
    let c = h[2];
    let d = h[3];
    for (let i = 8; i > 0; i >>= 1) {
      t[4 * i] = a;
      t[4 * i + 1] = b;
      t[4 * i + 2] = c;
      t[4 * i + 3] = d;
      const odd = d & 1;
      d = (d >>> 1) | (c << 31);
      c = (c >>> 1) | (b << 31);
      b = (b >>> 1) | (a << 31);
      a = (a >>> 1) ^ (odd !== 0 ? 0xe1000000 : 0);
    }
    for (let i = 2; i < 16; i *= 2) {
      for (let j = 1; j < i; j++) {
        for (let k = 0; k < 4; k++) t[4 * (i + j) + k] = t[4 * i + k] ^ t[4 * j + k];
      }
    }
  }

  update(bytes: Uint8Array): void {
    const block = new Uint32Array(4);
    for (let at = 0; at < bytes.length; at += 16) {
      loadBlock(bytes, at, block);
      this.block(block);
    }
  }

  block(block: Uint32Array): void {
    const t = this.#table;
    const v = this.value;
    const x0 = v[0] ^ block[0];
    const x1 = v[1] ^ block[1];
    const x2 = v[2] ^ block[2];
    const x3 = v[3] ^ block[3];
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let i = 31; i >= 0; i--) {
      if (i !== 31) {
        const low = d & 15;
        d = (d >>> 4) | (c << 28);
        c = (c >>> 4) | (b << 28);
        b = (b >>> 4) | (a << 28);
        a = (a >>> 4) ^ (GHASH_FOLD[low] << 16);
      }
      const word = i < 8 ? x0 : i < 16 ? x1 : i < 24 ? x2 : x3;
      const n = ((word >>> (28 - 4 * (i & 7))) & 15) * 4;
      a ^= t[n];
      b ^= t[n + 1];
      c ^= t[n + 2];
      d ^= t[n + 3];
    }
    v[0] = a;
    v[1] = b;
    v[2] = c;
    v[3] = d;
  }
}

export function gcmDecrypt(
  keyBytes: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  cipher: Uint8Array,
  tag: Uint8Array,
): Uint8Array | null {
  const key = new AesKey(keyBytes);
  const h = new Uint32Array(4);
  key.encrypt(h);
  const hash = new Ghash(h);
  hash.update(aad);
  hash.update(cipher);
  const lengths = new Uint32Array(4);
  lengths[0] = Math.trunc((aad.length * 8) / 4294967296);
  lengths[1] = aad.length * 8;
  lengths[2] = Math.trunc((cipher.length * 8) / 4294967296);
  lengths[3] = cipher.length * 8;
  hash.block(lengths);
  const counter = new Uint32Array(4);
  loadBlock(nonce, 0, counter);
  counter[3] = 1;
  const mask = counter.slice();
  key.encrypt(mask);
  for (let i = 0; i < 4; i++) hash.value[i] ^= mask[i];
  if (!tagEquals(hash.value, tag)) return null;
  return xorStream(key, counter, cipher, -1);
}

export function ccmDecrypt(
  keyBytes: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  cipher: Uint8Array,
  tag: Uint8Array,
): Uint8Array | null {
  const key = new AesKey(keyBytes);
  const counter = new Uint32Array(4);
  const start = new Uint8Array(16);
  start[0] = 2;
  start.set(nonce, 1);
  loadBlock(start, 0, counter);
  const mask = counter.slice();
  key.encrypt(mask);
  const plain = xorStream(key, counter, cipher, 0xffffff);
  start[0] = (aad.length > 0 ? 0x40 : 0) | (7 << 3) | 2;
  start[13] = (plain.length >>> 16) & 0xff;
  start[14] = (plain.length >>> 8) & 0xff;
  start[15] = plain.length & 0xff;
  const mac = new Uint32Array(4);
  loadBlock(start, 0, mac);
  key.encrypt(mac);
  const block = new Uint32Array(4);
  if (aad.length > 0) {
    const header = aad.length < 0xff00 ? 2 : 6;
    const coded = new Uint8Array(header + aad.length);
    const view = new DataView(coded.buffer);
    if (header === 2) {
      view.setUint16(0, aad.length);
    } else {
      view.setUint16(0, 0xfffe);
      view.setUint32(2, aad.length);
    }
    coded.set(aad, header);
    macUpdate(key, mac, block, coded);
  }
  macUpdate(key, mac, block, plain);
  for (let i = 0; i < 4; i++) mac[i] ^= mask[i];
  return tagEquals(mac, tag) ? plain : null;
}

function macUpdate(key: AesKey, mac: Uint32Array, block: Uint32Array, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += 16) {
    loadBlock(bytes, at, block);
    for (let i = 0; i < 4; i++) mac[i] ^= block[i];
    key.encrypt(mac);
  }
}
