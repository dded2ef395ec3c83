// RACK (RFC 8985): a run is lost when one sent sufficiently later has been delivered. "Sufficiently" is the reordering
// window: a quarter of the least round trip, widened while duplicate SACKs show that retransmissions were needless.

import {
  RECORD_AMBIGUOUS,
  RECORD_LOST,
  RECORD_RETRANSMITTED,
  RECORD_SACKED,
  type Scoreboard,
} from './scoreboard.js';
import { isAfter } from './sequence.js';

const WINDOW_STEPS_MAX = 50;
const PERSIST_RECOVERIES = 16;

export class Rack {
  /** When the most recently sent of the delivered runs left, and where it ended. */
  sentAt = -1;
  endSequence = 0;
  rttUs = 0;
  reorderingSeen = false;
  /** Highest sequence delivered so far, to notice reordering. */
  #forward = 0;
  #hasForward = false;
  #windowSteps = 1;
  #persist = PERSIST_RECOVERIES;

  /** A run was delivered (acknowledged or SACKed) for the first time. */
  delivered(
    sentAt: number,
    endSequence: number,
    flags: number,
    minRttUs: number,
    now: number,
  ): void {
    if (this.#hasForward && isAfter(this.#forward, endSequence)) {
      if ((flags & RECORD_AMBIGUOUS) === 0) this.reorderingSeen = true;
    } else {
      this.#forward = endSequence;
      this.#hasForward = true;
    }
    const rtt = now - sentAt;
    // An acknowledgment faster than any round trip is for the first copy.
    if ((flags & RECORD_AMBIGUOUS) !== 0 && rtt < minRttUs) return;
    if (sentAt < this.sentAt || (sentAt === this.sentAt && !isAfter(endSequence, this.endSequence)))
      return;
    this.rttUs = rtt;
    this.sentAt = sentAt;
    this.endSequence = endSequence;
  }

  /** A duplicate SACK: something was sent again without need. At most one step per round trip; the caller sees to that. */
  needless(): void {
    if (this.#windowSteps < WINDOW_STEPS_MAX) this.#windowSteps += 1;
    this.#persist = PERSIST_RECOVERIES;
  }

  recoveryEnded(): void {
    this.#persist -= 1;
    if (this.#persist <= 0) this.#windowSteps = 1;
  }

  windowUs(
    minRttUs: number,
    smoothedUs: number,
    inRecovery: boolean,
    sackedSegments: number,
  ): number {
    if (!this.reorderingSeen && (inRecovery || sackedSegments >= 3)) return 0;
    return Math.min(Math.trunc((minRttUs * this.#windowSteps) / 4), smoothedUs);
  }

  /** Marks what must be lost. Returns the time until more may be, 0: nothing pending. */
  detect(board: Scoreboard, windowUs: number, now: number): number {
    if (this.sentAt < 0) return 0;
    let waitUs = 0;
    for (let i = 0; i < board.count; i++) {
      const flags = board.flags(i);
      if ((flags & RECORD_SACKED) !== 0) continue;
      if ((flags & RECORD_LOST) !== 0 && (flags & RECORD_RETRANSMITTED) === 0) continue;
      const sentAt = board.sentAt(i);
      if (
        sentAt > this.sentAt ||
        (sentAt === this.sentAt && !isAfter(this.endSequence, board.end(i)))
      )
        continue;
      const remaining = sentAt + this.rttUs + windowUs - now;
      if (remaining <= 0) board.markLost(i);
      else waitUs = Math.max(waitUs, remaining);
    }
    return waitUs;
  }
}
