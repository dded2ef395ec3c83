// SipHash-2-4 with a 64-bit result as two words: initial sequence numbers (RFC 6528), SYN cookies, Fast Open cookies and
// table seeds. Four 64-bit lanes as pairs of 32-bit words, so that it runs at speed in JavaScript too. State is kept in
// the object: no allocation per hash.

import type { Random } from './contract.js';

export class SipHash {
  readonly #key: Int32Array = new Int32Array(4);
  readonly #v: Int32Array = new Int32Array(8);
  #words = 0;
  #pending = 0;
  /** The result of the last `finish`. */
  high = 0;
  low = 0;

  constructor(random: Random) {
    for (let i = 0; i < 4; i++) this.#key[i] = random.word();
  }

  setKey(k0: number, k1: number, k2: number, k3: number): void {
    this.#key[0] = k0;
    this.#key[1] = k1;
    this.#key[2] = k2;
    this.#key[3] = k3;
  }

  start(): void {
    const v = this.#v;
    const key = this.#key;
    v[0] = key[0] ^ 0x70736575;
    v[1] = key[1] ^ 0x736f6d65;
    v[2] = key[2] ^ 0x6e646f6d;
    v[3] = key[3] ^ 0x646f7261;
    v[4] = key[0] ^ 0x6e657261;
    v[5] = key[1] ^ 0x6c796765;
    v[6] = key[2] ^ 0x79746573;
    v[7] = key[3] ^ 0x74656462;
    this.#words = 0;
  }

  /** Adds one 32-bit word (little-endian order of the message). */
  word(value: number): void {
    this.#words += 1;
    if ((this.#words & 1) === 1) {
      this.#pending = value;
      return;
    }
    this.#block(this.#pending, value);
  }

  finish(): void {
    const tail = (this.#words * 4) << 24;
    if ((this.#words & 1) === 1) this.#block(this.#pending, tail);
    else this.#block(0, tail);
    const v = this.#v;
    v[4] ^= 0xff;
    for (let i = 0; i < 4; i++) this.#round();
    this.low = v[0] ^ v[2] ^ v[4] ^ v[6];
    this.high = v[1] ^ v[3] ^ v[5] ^ v[7];
  }

  #block(low: number, high: number): void {
    const v = this.#v;
    v[6] ^= low;
    v[7] ^= high;
    this.#round();
    this.#round();
    v[0] ^= low;
    v[1] ^= high;
  }

  #add(a: number, b: number): void {
    const v = this.#v;
    const low = (v[a] >>> 0) + (v[b] >>> 0);
    v[a] = low | 0;
    v[a + 1] = (v[a + 1] + v[b + 1] + (low > 0xffffffff ? 1 : 0)) | 0;
  }

  #rotateXor(a: number, bits: number, b: number): void {
    const v = this.#v;
    const low = v[a];
    const high = v[a + 1];
    v[a] = ((low << bits) | (high >>> (32 - bits))) ^ v[b];
    v[a + 1] = ((high << bits) | (low >>> (32 - bits))) ^ v[b + 1];
  }

  #swap(a: number): void {
    const v = this.#v;
    const low = v[a];
    v[a] = v[a + 1];
    v[a + 1] = low;
  }

  #round(): void {
    this.#add(0, 2);
    this.#rotateXor(2, 13, 0);
    this.#swap(0);
    this.#add(4, 6);
    this.#rotateXor(6, 16, 4);
    this.#add(0, 6);
    this.#rotateXor(6, 21, 0);
    this.#add(4, 2);
    this.#rotateXor(2, 17, 4);
    this.#swap(4);
  }
}
