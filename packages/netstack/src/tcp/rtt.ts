// Round-trip time and retransmission timeout (RFC 6298), in microseconds with integer arithmetic.
// The variance term has a floor of the minimum timeout, so that a steady path does not fire on one delayed ACK.

import type { Limits } from '../limits.js';

const MIN_WINDOW_US = 300_000_000;

export class RttEstimator {
  readonly #limits: Limits;
  /** 0 until the first sample. */
  smoothedUs = 0;
  variationUs = 0;
  /** Least sample of the last five minutes; 0 until the first. */
  minUs = 0;
  #minAt = 0;
  latestUs = 0;
  #baseUs: number;
  /** Doublings by consecutive timeouts. */
  backoff = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#baseUs = limits.tcpRetransmitInitialUs;
  }

  sample(measuredUs: number, now: number): void {
    const rtt = Math.max(1, measuredUs);
    this.latestUs = rtt;
    if (this.minUs === 0 || rtt <= this.minUs || now - this.#minAt > MIN_WINDOW_US) {
      this.minUs = rtt;
      this.#minAt = now;
    }
    if (this.smoothedUs === 0) {
      this.smoothedUs = rtt;
      this.variationUs = Math.trunc(rtt / 2);
    } else {
      const error = Math.abs(this.smoothedUs - rtt);
      this.variationUs += Math.trunc((error - this.variationUs) / 4);
      this.smoothedUs = Math.max(1, this.smoothedUs + Math.trunc((rtt - this.smoothedUs) / 8));
    }
    this.#baseUs =
      this.smoothedUs + Math.max(this.#limits.tcpRetransmitMinUs, 4 * this.variationUs);
  }

  get timeoutUs(): number {
    let timeout = this.#baseUs;
    for (let i = 0; i < this.backoff && timeout < this.#limits.tcpRetransmitMaxUs; i++)
      timeout *= 2;
    return Math.min(timeout, this.#limits.tcpRetransmitMaxUs);
  }
}
