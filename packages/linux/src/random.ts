/**
 * The system's random numbers: ChaCha20 (RFC 8439) as a generator with fast key erasure.
 *
 * Each request's first block replaces the key before any byte is given out, so that what was given out cannot be computed
 * from a later state. The seed comes from the host (32 bytes); more entropy can be mixed in at any time.
 */
import type { Random } from './contract.js';

const BLOCK_BYTES = 64;
const CONSTANT_0 = 0x61707865;
const CONSTANT_1 = 0x3320646e;
const CONSTANT_2 = 0x79622d32;
const CONSTANT_3 = 0x6b206574;

function quarter(s: Int32Array, a: number, b: number, c: number, d: number): void {
  s[a] = (s[a] + s[b]) | 0;
  let x = s[d] ^ s[a];
  s[d] = (x << 16) | (x >>> 16);
  s[c] = (s[c] + s[d]) | 0;
  x = s[b] ^ s[c];
  s[b] = (x << 12) | (x >>> 20);
  s[a] = (s[a] + s[b]) | 0;
  x = s[d] ^ s[a];
  s[d] = (x << 8) | (x >>> 24);
  s[c] = (s[c] + s[d]) | 0;
  x = s[b] ^ s[c];
  s[b] = (x << 7) | (x >>> 25);
}

/** One ChaCha20 block of `input` (16 words) into `out`. */
export function chachaBlock(input: Int32Array, work: Int32Array, out: Uint8Array): void {
  for (let index = 0; index < 16; index++) work[index] = input[index];
  for (let round = 0; round < 10; round++) {
    quarter(work, 0, 4, 8, 12);
    quarter(work, 1, 5, 9, 13);
    quarter(work, 2, 6, 10, 14);
    quarter(work, 3, 7, 11, 15);
    quarter(work, 0, 5, 10, 15);
    quarter(work, 1, 6, 11, 12);
    quarter(work, 2, 7, 8, 13);
    quarter(work, 3, 4, 9, 14);
  }
  for (let index = 0; index < 16; index++) {
    const word = (work[index] + input[index]) | 0;
    out[index * 4] = word & 0xff;
    out[index * 4 + 1] = (word >>> 8) & 0xff;
    out[index * 4 + 2] = (word >>> 16) & 0xff;
    out[index * 4 + 3] = (word >>> 24) & 0xff;
  }
}

export class ChaChaRandom implements Random {
  private readonly state: Int32Array = new Int32Array(16);
  private readonly work: Int32Array = new Int32Array(16);
  private readonly block: Uint8Array = new Uint8Array(BLOCK_BYTES);

  /** `seed` has 32 bytes. */
  constructor(seed: Uint8Array) {
    this.state[0] = CONSTANT_0;
    this.state[1] = CONSTANT_1;
    this.state[2] = CONSTANT_2;
    this.state[3] = CONSTANT_3;
    this.mix(seed);
  }

  /** Adds entropy: it is combined with the key, never replaces it. */
  mix(entropy: Uint8Array): void {
    for (let index = 0; index < entropy.length; index++) {
      this.state[4 + ((index >> 2) & 7)] ^= entropy[index] << ((index & 3) * 8);
    }
    this.erase();
  }

  /** The next block becomes the key. */
  private erase(): void {
    chachaBlock(this.state, this.work, this.block);
    const block = this.block;
    for (let index = 0; index < 8; index++) {
      const at = index * 4;
      this.state[4 + index] =
        block[at] | (block[at + 1] << 8) | (block[at + 2] << 16) | (block[at + 3] << 24);
    }
    this.state[12] = 0;
  }

  fill(out: Uint8Array): void {
    // The counter runs under the old key; afterwards that key is gone.
    this.state[12] = 1;
    let done = 0;
    while (done < out.length) {
      chachaBlock(this.state, this.work, this.block);
      this.state[12] = (this.state[12] + 1) | 0;
      let count = out.length - done;
      if (count > BLOCK_BYTES) count = BLOCK_BYTES;
      out.set(this.block.subarray(0, count), done);
      done += count;
    }
    this.state[12] = 0;
    this.erase();
  }
}
