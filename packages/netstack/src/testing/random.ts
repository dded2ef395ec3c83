import type { Random } from '../contract.js';

/** A seeded generator (PCG-like mixing of a counter): the same seed gives the same words everywhere. */
export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  word(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let value = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return (value ^ (value >>> 14)) | 0;
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    return limit <= 1 ? 0 : (this.word() >>> 0) % limit;
  }

  /** True with a chance of `percent` in a hundred; fractions count down to a thousandth. */
  chance(percent: number): boolean {
    return percent > 0 && this.below(100_000) < percent * 1000;
  }
}
