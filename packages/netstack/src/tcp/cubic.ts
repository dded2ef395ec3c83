// CUBIC (RFC 9438) with integer arithmetic: time in milliseconds, windows in bytes.
//
//   W(t) = C (t - K)^3 + Wmax, K = cbrt((Wmax - window after reduction) / C), C = 0.4 segments/s^3, beta = 0.7
//
// In milliseconds and bytes: K = cbrt(bytes * 2.5e9 / segment), C d^3 = 4 d^3 segment / 1e10. `d` is capped at 100 s so
// that d^3 stays an exact integer. Beside it runs the estimate of what Reno would have (4.3), and the larger one wins.

import { type CongestionControl, THRESHOLD_UNLIMITED, WINDOW_BYTES_MAX } from './congestion.js';

const DISTANCE_MS_MAX = 100_000;

export class Cubic implements CongestionControl {
  readonly name: string = 'cubic';
  windowBytes: number;
  thresholdBytes: number = THRESHOLD_UNLIMITED;
  #maxBytes = 0;
  #epochStartUs = -1;
  #rootMs = 0;
  #originBytes = 0;
  #renoBytes = 0;
  #renoCredit = 0;
  #credit = 0;

  constructor(initialBytes: number) {
    this.windowBytes = initialBytes;
  }

  acknowledged(
    bytes: number,
    segmentBytes: number,
    now: number,
    rttUs: number,
    limited: boolean,
  ): void {
    if (!limited) return;
    let left = bytes;
    if (this.windowBytes < this.thresholdBytes) {
      const growth = Math.min(left, this.thresholdBytes - this.windowBytes);
      this.windowBytes += growth;
      left -= growth;
    }
    if (left > 0) this.#avoid(left, segmentBytes, now, rttUs);
    this.windowBytes = Math.min(this.windowBytes, WINDOW_BYTES_MAX);
  }

  #avoid(bytes: number, segmentBytes: number, now: number, rttUs: number): void {
    if (this.#epochStartUs < 0) this.#startEpoch(segmentBytes, now);
    const elapsedMs = Math.trunc((now - this.#epochStartUs + rttUs) / 1000);
    const target = Math.min(
      Math.max(this.#curve(elapsedMs, segmentBytes), this.windowBytes),
      this.windowBytes + Math.trunc(this.windowBytes / 2),
    );
    // Reno's estimate: 9/17 of a segment per window until the old maximum is reached, then a whole one.
    this.#renoCredit += this.#renoBytes < this.#maxBytes ? 9 * bytes : 17 * bytes;
    const step = 17 * this.windowBytes;
    while (this.#renoCredit >= step) {
      this.#renoCredit -= step;
      this.#renoBytes += segmentBytes;
    }
    if (this.#renoBytes > target) {
      this.windowBytes = Math.max(this.windowBytes, this.#renoBytes);
      return;
    }
    // (target - window) / window per acknowledged byte.
    this.#credit += Math.trunc(((target - this.windowBytes) * bytes) / this.windowBytes);
    if (this.#credit >= segmentBytes) {
      this.windowBytes += this.#credit;
      this.#credit = 0;
    }
  }

  #startEpoch(segmentBytes: number, now: number): void {
    this.#epochStartUs = now;
    this.#renoBytes = this.windowBytes;
    this.#renoCredit = 0;
    this.#credit = 0;
    if (this.windowBytes < this.#maxBytes) {
      const gapE6 = Math.trunc(((this.#maxBytes - this.windowBytes) * 2_500_000) / segmentBytes);
      const gapSegmentsE9 = Math.min(gapE6, 8_000_000_000_000) * 1000;
      this.#rootMs = cubeRoot(gapSegmentsE9);
      this.#originBytes = this.#maxBytes;
    } else {
      this.#rootMs = 0;
      this.#originBytes = this.windowBytes;
    }
  }

  #curve(elapsedMs: number, segmentBytes: number): number {
    const isBelow = elapsedMs < this.#rootMs;
    const d = Math.min(Math.abs(elapsedMs - this.#rootMs), DISTANCE_MS_MAX);
    const cubeE6 = Math.trunc((d * d * d) / 1_000_000);
    const change = Math.trunc((cubeE6 * 4 * segmentBytes) / 10_000);
    return isBelow ? this.#originBytes - change : this.#originBytes + change;
  }

  /** From the window, not from what is in flight: growth is already limited to rounds that use it (RFC 9438 4.6). */
  congestion(_inFlightBytes: number, segmentBytes: number, _now: number): void {
    const window = this.windowBytes;
    // Fast convergence: a flow that lost before reaching its old maximum leaves room (4.7).
    this.#maxBytes =
      this.windowBytes < this.#maxBytes
        ? Math.trunc((this.windowBytes * 17) / 20)
        : this.windowBytes;
    this.thresholdBytes = Math.max(Math.trunc((window * 7) / 10), 2 * segmentBytes);
    this.#epochStartUs = -1;
  }

  timeout(inFlightBytes: number, segmentBytes: number, now: number, first: boolean): void {
    if (first) this.congestion(inFlightBytes, segmentBytes, now);
    this.#epochStartUs = -1;
    this.windowBytes = segmentBytes;
  }

  restart(initialBytes: number): void {
    this.#epochStartUs = -1;
    this.windowBytes = Math.min(this.windowBytes, initialBytes);
  }

  undo(windowBytes: number, thresholdBytes: number): void {
    this.#epochStartUs = -1;
    this.windowBytes = Math.max(this.windowBytes, windowBytes);
    this.thresholdBytes = Math.max(this.thresholdBytes, thresholdBytes);
  }
}

/** Integer cube root, rounded down. */
export function cubeRoot(value: number): number {
  let low = 0;
  let high = 208_000; // Its cube is just below 2^53.
  while (low < high) {
    const middle = Math.trunc((low + high + 1) / 2);
    if (middle * middle * middle <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
