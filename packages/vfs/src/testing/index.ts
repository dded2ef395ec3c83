/** Fakes for tests of what is built on this package. */
import type { Random } from '../contract.js';

/** Repeatable "random" bytes: a 32-bit xorshift. */
export class SeededRandom implements Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed === 0 ? 1 : seed >>> 0;
  }

  fill(out: Uint8Array): void {
    for (let index = 0; index < out.length; index++) {
      let x = this.state;
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      this.state = x >>> 0;
      out[index] = this.state & 0xff;
    }
  }
}
