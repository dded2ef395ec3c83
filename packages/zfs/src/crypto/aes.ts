/** AES encryption of single blocks (FIPS 197). CCM and GCM need no decryption direction. */

const SBOX: Uint8Array = makeSbox();
/** SubBytes and MixColumns of one byte, as a column word. */
const COLUMN: Uint32Array = makeColumns();

function double(x: number): number {
  return ((x << 1) ^ ((x & 0x80) !== 0 ? 0x1b : 0)) & 0xff;
}

function makeSbox(): Uint8Array {
  const box = new Uint8Array(256);
  let p = 1;
  let q = 1;
  do {
    // p runs through all non-zero elements by powers of 3, q through their inverses.
    p = p ^ double(p);
    q ^= q << 1;
    q ^= q << 2;
    q ^= q << 4;
    q &= 0xff;
    if ((q & 0x80) !== 0) q ^= 0x09;
    const r = q | (q << 8);
    box[p] = (q ^ (r >> 7) ^ (r >> 6) ^ (r >> 5) ^ (r >> 4) ^ 0x63) & 0xff;
  } while (p !== 1);
  box[0] = 0x63;
  return box;
}

function makeColumns(): Uint32Array {
  const columns = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    const s = SBOX[i];
    const d = double(s);
    columns[i] = (d << 24) | (s << 16) | (s << 8) | (d ^ s);
  }
  return columns;
}

export class AesKey {
  readonly #round: Uint32Array;
  readonly #rounds: number;

  /** 16, 24 or 32 bytes. */
  constructor(key: Uint8Array) {
    const n = key.length >> 2;
    this.#rounds = n + 6;
    const w = new Uint32Array(4 * (this.#rounds + 1));
    for (let i = 0; i < n; i++) {
      w[i] = (key[4 * i] << 24) | (key[4 * i + 1] << 16) | (key[4 * i + 2] << 8) | key[4 * i + 3];
    }
    let constant = 1;
    for (let i = n; i < w.length; i++) {
      let t = w[i - 1];
      if (i % n === 0) {
        t = substitute((t << 8) | (t >>> 24)) ^ (constant << 24);
        constant = double(constant);
      } else if (n > 6 && i % n === 4) {
        t = substitute(t);
      }
      w[i] = w[i - n] ^ t;
    }
    this.#round = w;
  }

  /** Encrypts four big-endian words in place. */
  encrypt(block: Uint32Array): void {
    const w = this.#round;
    let a = block[0] ^ w[0];
    let b = block[1] ^ w[1];
    let c = block[2] ^ w[2];
    let d = block[3] ^ w[3];
    let k = 4;
    for (let round = 1; round < this.#rounds; round++) {
      const e = column(a, b, c, d) ^ w[k];
      const f = column(b, c, d, a) ^ w[k + 1];
      const g = column(c, d, a, b) ^ w[k + 2];
      const h = column(d, a, b, c) ^ w[k + 3];
      a = e;
      b = f;
      c = g;
      d = h;
      k += 4;
    }
    block[0] = last(a, b, c, d) ^ w[k];
    block[1] = last(b, c, d, a) ^ w[k + 1];
    block[2] = last(c, d, a, b) ^ w[k + 2];
    block[3] = last(d, a, b, c) ^ w[k + 3];
  }
}

function substitute(word: number): number {
  return (
    (SBOX[word >>> 24] << 24) |
    (SBOX[(word >>> 16) & 0xff] << 16) |
    (SBOX[(word >>> 8) & 0xff] << 8) |
    SBOX[word & 0xff]
  );
}

function column(a: number, b: number, c: number, d: number): number {
  const x = COLUMN[(b >>> 16) & 0xff];
  const y = COLUMN[(c >>> 8) & 0xff];
  const z = COLUMN[d & 0xff];
  return (
    COLUMN[a >>> 24] ^ ((x >>> 8) | (x << 24)) ^ ((y >>> 16) | (y << 16)) ^ ((z >>> 24) | (z << 8))
  );
}

function last(a: number, b: number, c: number, d: number): number {
  return (
    (SBOX[a >>> 24] << 24) |
    (SBOX[(b >>> 16) & 0xff] << 16) |
    (SBOX[(c >>> 8) & 0xff] << 8) |
    SBOX[d & 0xff]
  );
}
