/** Waiting for a device without its interrupt: spin, politely, until a deadline. Fit for start-up and short requests. */
import { clockNowNs, pause } from '@tessera/machine';
import type { Waiter } from '../waiter.js';

const SPINS_PER_LOOK = 200;

export class SpinningWaiter implements Waiter {
  readonly #patienceNs: bigint;
  #startedNs: bigint = 0n;
  #isWaiting = false;

  /** `patienceNs` is how long a device may take before it counts as gone. */
  constructor(patienceNs: bigint) {
    this.#patienceNs = BigInt.asUintN(64, patienceNs);
  }

  /** Call before a request: the patience starts anew. */
  begin(): void {
    this.#isWaiting = false;
  }

  waitForDevice(): boolean {
    const now = BigInt.asUintN(64, clockNowNs());
    if (!this.#isWaiting) {
      this.#isWaiting = true;
      this.#startedNs = now;
    }
    for (let i = 0; i < SPINS_PER_LOOK; i += 1) pause();
    return BigInt.asUintN(64, now - this.#startedNs) < this.#patienceNs;
  }
}
