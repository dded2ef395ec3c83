/**
 * SHA-512 and SHA-512/256 (FIPS 180-4), on 32-bit halves.
 *
 * SHA-512/256 is SHA-512 from an initial state of its own, cut to 32 bytes. That state is SHA-512, started from the usual
 * state XOR 0xa5a5..., of the text "SHA-512/256" (section 5.3.6), and is computed here once from that definition.
 */
import { K_HIGH, K_LOW, SHA512_INITIAL } from './sha512-constants.js';

export const SHA512_BLOCK_BYTES = 128;

export class Sha512 {
  /** Eight 64-bit words, high half first. */
  readonly #state: Uint32Array;
  readonly #high = new Uint32Array(80);
  readonly #low = new Uint32Array(80);
  readonly #tail = new Uint8Array(128);
  #tailBytes = 0;
  #totalBytes = 0;

  constructor(initial: Uint32Array) {
    this.#state = initial.slice();
  }

  update(bytes: Uint8Array): this {
    this.#totalBytes += bytes.length;
    let at = 0;
    if (this.#tailBytes > 0) {
      const take = Math.min(128 - this.#tailBytes, bytes.length);
      this.#tail.set(bytes.subarray(0, take), this.#tailBytes);
      this.#tailBytes += take;
      at = take;
      if (this.#tailBytes < 128) return this;
      this.#block(this.#tail, 0);
      this.#tailBytes = 0;
    }
    for (; at + 128 <= bytes.length; at += 128) this.#block(bytes, at);
    if (at < bytes.length) {
      this.#tail.set(bytes.subarray(at), 0);
      this.#tailBytes = bytes.length - at;
    }
    return this;
  }

  digest(): Uint8Array {
    const bits = this.#totalBytes * 8;
    const padding = new Uint8Array((this.#tailBytes < 112 ? 128 : 256) - this.#tailBytes);
    padding[0] = 0x80;
    const data = new DataView(padding.buffer);
    data.setUint32(padding.length - 8, Math.trunc(bits / 4294967296));
    data.setUint32(padding.length - 4, bits % 4294967296);
    this.update(padding);
    const out = new Uint8Array(64);
    const view = new DataView(out.buffer);
    for (let i = 0; i < 16; i++) view.setUint32(i * 4, this.#state[i]);
    return out;
  }

  #block(bytes: Uint8Array, at: number): void {
    const wh = this.#high;
    const wl = this.#low;
    for (let i = 0; i < 16; i++) {
      const p = at + i * 8;
      wh[i] = (bytes[p] << 24) | (bytes[p + 1] << 16) | (bytes[p + 2] << 8) | bytes[p + 3];
      wl[i] = (bytes[p + 4] << 24) | (bytes[p + 5] << 16) | (bytes[p + 6] << 8) | bytes[p + 7];
    }
    for (let i = 16; i < 80; i++) {
      const xh = wh[i - 15];
      const xl = wl[i - 15];
      const yh = wh[i - 2];
      const yl = wl[i - 2];
      const s0h = ((xh >>> 1) | (xl << 31)) ^ ((xh >>> 8) | (xl << 24)) ^ (xh >>> 7);
      const s0l = ((xl >>> 1) | (xh << 31)) ^ ((xl >>> 8) | (xh << 24)) ^ ((xl >>> 7) | (xh << 25));
      const s1h = ((yh >>> 19) | (yl << 13)) ^ ((yl >>> 29) | (yh << 3)) ^ (yh >>> 6);
      const s1l =
        ((yl >>> 19) | (yh << 13)) ^ ((yh >>> 29) | (yl << 3)) ^ ((yl >>> 6) | (yh << 26));
      const low = (s0l >>> 0) + (s1l >>> 0) + wl[i - 7] + wl[i - 16];
      wh[i] = s0h + s1h + wh[i - 7] + wh[i - 16] + Math.trunc(low / 4294967296);
      wl[i] = low;
    }
    const s = this.#state;
    let ah = s[0] | 0;
    let al = s[1] | 0;
    let bh = s[2] | 0;
    let bl = s[3] | 0;
    let ch = s[4] | 0;
    let cl = s[5] | 0;
    let dh = s[6] | 0;
    let dl = s[7] | 0;
    let eh = s[8] | 0;
    let el = s[9] | 0;
    let fh = s[10] | 0;
    let fl = s[11] | 0;
    let gh = s[12] | 0;
    let gl = s[13] | 0;
    let hh = s[14] | 0;
    let hl = s[15] | 0;
    for (let i = 0; i < 80; i++) {
      const s1h =
        ((eh >>> 14) | (el << 18)) ^ ((eh >>> 18) | (el << 14)) ^ ((el >>> 9) | (eh << 23));
      const s1l =
        ((el >>> 14) | (eh << 18)) ^ ((el >>> 18) | (eh << 14)) ^ ((eh >>> 9) | (el << 23));
      const chh = (eh & fh) ^ (~eh & gh);
      const chl = (el & fl) ^ (~el & gl);
      const t1low = (hl >>> 0) + (s1l >>> 0) + (chl >>> 0) + K_LOW[i] + wl[i];
      const t1h = (hh + s1h + chh + K_HIGH[i] + wh[i] + Math.trunc(t1low / 4294967296)) | 0;
      const t1l = t1low | 0;
      const s0h = ((ah >>> 28) | (al << 4)) ^ ((al >>> 2) | (ah << 30)) ^ ((al >>> 7) | (ah << 25));
      const s0l = ((al >>> 28) | (ah << 4)) ^ ((ah >>> 2) | (al << 30)) ^ ((ah >>> 7) | (al << 25));
      const majh = (ah & bh) ^ (ah & ch) ^ (bh & ch);
      const majl = (al & bl) ^ (al & cl) ^ (bl & cl);
      hh = gh;
      hl = gl;
      gh = fh;
      gl = fl;
      fh = eh;
      fl = el;
      const elow = (dl >>> 0) + (t1l >>> 0);
      eh = (dh + t1h + Math.trunc(elow / 4294967296)) | 0;
      el = elow | 0;
      dh = ch;
      dl = cl;
      ch = bh;
      cl = bl;
      bh = ah;
      bl = al;
      const alow = (t1l >>> 0) + (s0l >>> 0) + (majl >>> 0);
      ah = (t1h + s0h + majh + Math.trunc(alow / 4294967296)) | 0;
      al = alow | 0;
    }
    add(s, 0, ah, al);
    add(s, 2, bh, bl);
    add(s, 4, ch, cl);
    add(s, 6, dh, dl);
    add(s, 8, eh, el);
    add(s, 10, fh, fl);
    add(s, 12, gh, gl);
    add(s, 14, hh, hl);
  }
}

function add(state: Uint32Array, index: number, high: number, low: number): void {
  const sum = state[index + 1] + (low >>> 0);
  state[index] = state[index] + high + Math.trunc(sum / 4294967296);
  state[index + 1] = sum;
}

function truncatedInitial(): Uint32Array {
  const initial = SHA512_INITIAL.slice();
  for (let i = 0; i < 16; i++) initial[i] ^= 0xa5a5a5a5;
  const text = 'SHA-512/256';
  const name = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) name[i] = text.charCodeAt(i);
  const digest = new Sha512(initial).update(name).digest();
  const view = new DataView(digest.buffer);
  const out = new Uint32Array(16);
  for (let i = 0; i < 16; i++) out[i] = view.getUint32(i * 4);
  return out;
}

const SHA512_256_INITIAL: Uint32Array = truncatedInitial();

export function newSha512(): Sha512 {
  return new Sha512(SHA512_INITIAL);
}

export function sha512(bytes: Uint8Array): Uint8Array {
  return new Sha512(SHA512_INITIAL).update(bytes).digest();
}

export function sha512Truncated256(bytes: Uint8Array): Uint8Array {
  return new Sha512(SHA512_256_INITIAL).update(bytes).digest().slice(0, 32);
}
