/**
 * Decaying run time in fixed point, after the idea of OSv's scheduler: what counts is how much a thread ran lately, where a
 * nanosecond counts half for every half-life that has passed since.
 *
 * Decaying every thread all the time would be work for threads that do nothing. Instead the present weighs more and more:
 * a run at time t adds run * 2^(t / half-life), approximated linearly between powers of two, and the order of two threads
 * that do not run never changes. After RESCALE_HALF_LIVES everything is divided by 2^RESCALE_HALF_LIVES, which keeps the
 * order too.
 */
import type { i64 } from '@tessera/machine';
import { HALF_LIFE_NS, RESCALE_HALF_LIVES, RUN_MAX_NS, UNIT_NS } from './limits.js';

const FRACTION = 256;
const FRACTION_NS = 1_048_576; // HALF_LIFE_NS / FRACTION

export class RunTimeScale {
  /** Time that weighs FRACTION. */
  private baseNs: i64;

  constructor(nowNs: i64) {
    this.baseNs = nowNs;
  }

  /** What one unit of run time at `nowNs` adds. Preconditions: `rescaleDue` was obeyed. */
  weight(nowNs: i64): number {
    if (nowNs <= this.baseNs) return FRACTION;
    const elapsed = Number(BigInt.asIntN(64, nowNs - this.baseNs));
    const halfLives = Math.min(Math.trunc(elapsed / HALF_LIFE_NS), RESCALE_HALF_LIVES);
    const fraction = Math.trunc((elapsed % HALF_LIFE_NS) / FRACTION_NS);
    return (FRACTION + fraction) * (1 << halfLives);
  }

  /** What a run of `ranNs` that ends at `nowNs` adds to a thread's run time. */
  inflate(ranNs: i64, nowNs: i64): number {
    const limited = ranNs > BigInt(RUN_MAX_NS) ? RUN_MAX_NS : Number(ranNs);
    return Math.trunc((limited + UNIT_NS - 1) / UNIT_NS) * this.weight(nowNs);
  }

  /** How many half-lives to scale down by now; 0 mostly. */
  rescaleDue(nowNs: i64): number {
    if (nowNs <= this.baseNs) return 0;
    const halfLives = BigInt.asIntN(64, nowNs - this.baseNs) / BigInt(HALF_LIFE_NS);
    if (halfLives < BigInt(RESCALE_HALF_LIVES)) return 0;
    const step = halfLives > 60n ? 60 : Number(halfLives);
    this.baseNs = BigInt.asIntN(64, this.baseNs + halfLives * BigInt(HALF_LIFE_NS));
    return step;
  }

  /** A run time after scaling down. */
  static rescaled(runTime: number, halfLives: number): number {
    let left = halfLives;
    let value = runTime;
    while (left > 0) {
      const step = Math.min(left, 30);
      value = Math.trunc(value / (1 << step));
      left -= step;
    }
    return value;
  }
}
