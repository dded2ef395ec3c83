// Proportional rate reduction (RFC 6937): during recovery, send in proportion to what arrives, so that the window ends
// at the threshold without a burst and without a pause.

export class RateReduction {
  #deliveredBytes = 0;
  #sentBytes = 0;
  #flightBytes = 1;

  start(flightBytes: number): void {
    this.#deliveredBytes = 0;
    this.#sentBytes = 0;
    this.#flightBytes = Math.max(1, flightBytes);
  }

  sent(bytes: number): void {
    this.#sentBytes += bytes;
  }

  /** The congestion window after an acknowledgment that delivered `delivered` bytes. */
  window(
    delivered: number,
    pipeBytes: number,
    thresholdBytes: number,
    segmentBytes: number,
    progress: boolean,
  ): number {
    this.#deliveredBytes += delivered;
    let count = 0;
    if (pipeBytes > thresholdBytes) {
      const share = Math.trunc(
        (this.#deliveredBytes * thresholdBytes + this.#flightBytes - 1) / this.#flightBytes,
      );
      count = share - this.#sentBytes;
    } else {
      let allowed = Math.max(this.#deliveredBytes - this.#sentBytes, delivered);
      if (progress) allowed += segmentBytes;
      count = Math.min(thresholdBytes - pipeBytes, allowed);
    }
    // The first retransmission always goes out.
    if (this.#sentBytes === 0) count = Math.max(count, segmentBytes);
    // Never less than a segment: with nothing in flight no acknowledgment would come to open the window.
    return Math.max(pipeBytes + Math.max(0, count), segmentBytes);
  }
}
