// NewReno's window (RFC 5681, appropriate byte counting RFC 3465).

import { type CongestionControl, THRESHOLD_UNLIMITED, WINDOW_BYTES_MAX } from './congestion.js';

export class NewReno implements CongestionControl {
  readonly name: string = 'reno';
  windowBytes: number;
  thresholdBytes: number = THRESHOLD_UNLIMITED;
  #credit = 0;

  constructor(initialBytes: number) {
    this.windowBytes = initialBytes;
  }

  acknowledged(
    bytes: number,
    segmentBytes: number,
    _now: number,
    _rttUs: number,
    limited: boolean,
  ): void {
    if (!limited) return;
    let left = bytes;
    if (this.windowBytes < this.thresholdBytes) {
      const growth = Math.min(left, this.thresholdBytes - this.windowBytes);
      this.windowBytes += growth;
      left -= growth;
    }
    this.#credit += left;
    if (this.#credit >= this.windowBytes) {
      this.#credit -= this.windowBytes;
      this.windowBytes += segmentBytes;
    }
    this.windowBytes = Math.min(this.windowBytes, WINDOW_BYTES_MAX);
  }

  congestion(inFlightBytes: number, segmentBytes: number, _now: number): void {
    this.thresholdBytes = Math.max(Math.trunc(inFlightBytes / 2), 2 * segmentBytes);
    this.#credit = 0;
  }

  timeout(inFlightBytes: number, segmentBytes: number, now: number, first: boolean): void {
    if (first) this.congestion(inFlightBytes, segmentBytes, now);
    this.windowBytes = segmentBytes;
  }

  restart(initialBytes: number): void {
    this.windowBytes = Math.min(this.windowBytes, initialBytes);
  }

  undo(windowBytes: number, thresholdBytes: number): void {
    this.windowBytes = Math.max(this.windowBytes, windowBytes);
    this.thresholdBytes = Math.max(this.thresholdBytes, thresholdBytes);
  }
}
