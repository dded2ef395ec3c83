// What a congestion control decides, in bytes. Loss detection and the pacing of recovery (PRR) are not its business: it
// grows the window on progress and says how far to shrink it.

export interface CongestionControl {
  readonly name: string;
  windowBytes: number;
  thresholdBytes: number;
  /** New data was acknowledged outside recovery. `limited`: the window was what held the sender back. */
  acknowledged(
    bytes: number,
    segmentBytes: number,
    now: number,
    smoothedRttUs: number,
    limited: boolean,
  ): void;
  /** Once per loss event or ECN echo: sets the threshold; recovery then moves the window there. */
  congestion(inFlightBytes: number, segmentBytes: number, now: number): void;
  /** A retransmission timeout: the window falls to one segment. `first`: not a repetition for the same data. */
  timeout(inFlightBytes: number, segmentBytes: number, now: number, first: boolean): void;
  /** After idle time beyond a timeout the window is no longer known to fit (RFC 5681 4.1). */
  restart(initialBytes: number): void;
  /** The last reduction turned out to be for nothing. */
  undo(windowBytes: number, thresholdBytes: number): void;
}

export const THRESHOLD_UNLIMITED = 0x7fffffff;
export const WINDOW_BYTES_MAX = 0x3fffffff;
