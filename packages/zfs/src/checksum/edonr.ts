/**
 * Edon-R 512 (Gligoroski and others, SHA-3 candidate, with the later tweak that feeds the block back).
 *
 * A quasigroup operation r = Q(x, y) on vectors of eight 64-bit words: each half is mixed by sums of five of its words
 * and a rotation, then words of the result are sums of three-way XORs. Eight such operations, in four rows of two, take
 * a 1024-bit block into the 1024-bit pipe; the digest is the pipe's upper half.
 */

/** Words that are summed for each mixed word of the left operand, and the left rotation. */
const LEFT: readonly number[][] = [
  [0, 4, 1, 7, 2],
  [0, 4, 1, 7, 3],
  [0, 4, 1, 7, 6],
  [2, 3, 5, 6, 7],
  [2, 3, 5, 6, 1],
  [0, 4, 2, 3, 5],
  [1, 7, 5, 6, 0],
  [2, 3, 5, 6, 4],
];
const LEFT_ROTATION: readonly bigint[] = [0n, 5n, 15n, 22n, 31n, 40n, 50n, 59n];
const RIGHT: readonly number[][] = [
  [0, 1, 2, 5, 7],
  [0, 1, 3, 4, 6],
  [0, 1, 2, 5, 3],
  [3, 4, 6, 7, 2],
  [0, 1, 3, 4, 5],
  [2, 5, 6, 7, 4],
  [2, 5, 6, 7, 1],
  [3, 4, 6, 7, 0],
];
const RIGHT_ROTATION: readonly bigint[] = [0n, 10n, 19n, 29n, 36n, 44n, 48n, 55n];
/** Mixed words that are XORed for each result word. */
const COMBINE_LEFT: readonly number[][] = [
  [0, 4, 1],
  [0, 4, 7],
  [1, 7, 6],
  [2, 3, 4],
  [0, 1, 7],
  [3, 5, 6],
  [2, 5, 6],
  [2, 3, 5],
];
const COMBINE_RIGHT: readonly number[][] = [
  [0, 1, 5],
  [2, 6, 7],
  [0, 1, 3],
  [0, 3, 4],
  [1, 2, 5],
  [3, 4, 6],
  [2, 5, 7],
  [4, 6, 7],
];
const LEFT_CONSTANT = 0xaaaaaaaaaaaaaaaan;
const RIGHT_CONSTANT = 0x5555555555555555n;
const BLOCK_BYTES = 128;

function mix(
  words: BigUint64Array,
  table: readonly number[][],
  rotation: readonly bigint[],
  constant: bigint,
): BigUint64Array {
  const out = new BigUint64Array(8);
  for (let i = 0; i < 8; i++) {
    const row = table[i];
    let sum = i === 0 ? constant : 0n;
    for (let j = 0; j < 5; j++) sum = BigInt.asUintN(64, sum + words[row[j]]);
    const turn = rotation[i];
    out[i] = turn === 0n ? sum : BigInt.asUintN(64, sum << turn) | (sum >> (64n - turn));
  }
  return out;
}

function quasigroup(x: BigUint64Array, y: BigUint64Array): BigUint64Array {
  const s = mix(x, LEFT, LEFT_ROTATION, LEFT_CONSTANT);
  const t = mix(y, RIGHT, RIGHT_ROTATION, RIGHT_CONSTANT);
  const out = new BigUint64Array(8);
  for (let i = 0; i < 8; i++) {
    const a = COMBINE_LEFT[i];
    const b = COMBINE_RIGHT[i];
    out[i] = BigInt.asUintN(64, (s[a[0]] ^ s[a[1]] ^ s[a[2]]) + (t[b[0]] ^ t[b[1]] ^ t[b[2]]));
  }
  return out;
}

function reversed(words: BigUint64Array): BigUint64Array {
  const out = new BigUint64Array(8);
  for (let i = 0; i < 8; i++) out[i] = words[7 - i];
  return out;
}

export class EdonR512 {
  readonly #pipe = new BigUint64Array(16);
  readonly #tail = new Uint8Array(BLOCK_BYTES);
  #tailBytes = 0;
  #totalBytes = 0;

  constructor() {
    // The initial pipe is the bytes 0x80..0xff read as big-endian words.
    for (let i = 0; i < 16; i++) {
      let word = 0n;
      for (let j = 0; j < 8; j++) word = (word << 8n) | BigInt(0x80 + i * 8 + j);
      this.#pipe[i] = word;
    }
  }

  update(bytes: Uint8Array): this {
    this.#totalBytes += bytes.length;
    let at = 0;
    while (at < bytes.length) {
      const take = Math.min(BLOCK_BYTES - this.#tailBytes, bytes.length - at);
      this.#tail.set(bytes.subarray(at, at + take), this.#tailBytes);
      this.#tailBytes += take;
      at += take;
      if (this.#tailBytes === BLOCK_BYTES) {
        this.#block();
        this.#tailBytes = 0;
      }
    }
    return this;
  }

  /** 64 bytes. */
  digest(): Uint8Array {
    const bits = BigInt(this.#totalBytes) * 8n;
    const padding = new Uint8Array(
      (this.#tailBytes < 120 ? BLOCK_BYTES : 2 * BLOCK_BYTES) - this.#tailBytes,
    );
    padding[0] = 0x80;
    new DataView(padding.buffer).setBigUint64(padding.length - 8, bits, true);
    this.update(padding);
    const out = new Uint8Array(64);
    const view = new DataView(out.buffer);
    for (let i = 0; i < 8; i++) view.setBigUint64(i * 8, this.#pipe[8 + i], true);
    return out;
  }

  #block(): void {
    const view = new DataView(this.#tail.buffer);
    const low = new BigUint64Array(8);
    const high = new BigUint64Array(8);
    for (let i = 0; i < 8; i++) {
      low[i] = view.getBigUint64(i * 8, true);
      high[i] = view.getBigUint64(64 + i * 8, true);
    }
    const pipe = this.#pipe;
    let p = quasigroup(reversed(high), low);
    let q = quasigroup(p, high);
    p = quasigroup(pipe.slice(8, 16), p);
    q = quasigroup(p, q);
    p = quasigroup(p, pipe.slice(0, 8));
    q = quasigroup(q, p);
    p = quasigroup(reversed(low), p);
    q = quasigroup(p, q);
    for (let i = 0; i < 8; i++) {
      pipe[i] ^= high[i] ^ p[i];
      pipe[8 + i] ^= low[i] ^ q[i];
    }
  }
}

export function edonR512(bytes: Uint8Array): Uint8Array {
  return new EdonR512().update(bytes).digest();
}
