/**
 * A disk that remembers what was written since the last flush, and can lose any part of it.
 *
 * Reads see the newest bytes, as a drive's cache gives them. `cut` answers what the medium may hold if power fails now:
 * everything flushed, and of the rest whatever the chooser lets through, in any order, single sectors torn off.
 */
import type { BlockDevice, BlockRequest, BlockStatus, Ticket } from '../contract.js';

const SECTOR_BYTES = 512;

interface Pending {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export class PowerCutDevice implements BlockDevice {
  readonly sizeBytes: number;
  readonly readOnly = false;
  readonly #stable: Uint8Array;
  readonly #newest: Uint8Array;
  #pending: Pending[] = [];
  #last: BlockStatus = 'ok';
  /** Called before each write and flush, with the number of such steps so far. */
  onStep: ((step: number) => void) | null = null;
  steps = 0;

  constructor(bytes: Uint8Array) {
    this.#stable = bytes;
    this.#newest = bytes.slice();
    this.sizeBytes = bytes.length;
  }

  submit(batch: readonly BlockRequest[]): Ticket {
    this.#last = 'ok';
    for (const request of batch) {
      if (request.kind !== 'read') {
        if (this.onStep !== null) this.onStep(this.steps);
        this.steps++;
      }
      if (request.kind === 'flush') {
        for (const write of this.#pending) this.#stable.set(write.bytes, write.offset);
        this.#pending = [];
        continue;
      }
      const end = request.offsetBytes + request.bytes.length;
      if (request.offsetBytes < 0 || end > this.sizeBytes) {
        this.#last = 'error';
      } else if (request.kind === 'read') {
        request.bytes.set(this.#newest.subarray(request.offsetBytes, end));
      } else {
        this.#newest.set(request.bytes, request.offsetBytes);
        this.#pending.push({ offset: request.offsetBytes, bytes: request.bytes.slice() });
      }
    }
    return 0;
  }

  wait(_ticket: Ticket): BlockStatus {
    return this.#last;
  }

  done(_ticket: Ticket): boolean {
    return true;
  }

  /** The medium after a power cut. `keep` decides for each sector that was not flushed, given a running number. */
  cut(keep: (sector: number) => boolean): Uint8Array {
    const out = this.#stable.slice();
    let number = 0;
    // A later write of the same sector may be the one that reached the medium, or not: both orders are met, as the
    // chooser decides for each write by itself.
    for (const write of this.#pending) {
      for (let at = 0; at < write.bytes.length; at += SECTOR_BYTES) {
        if (keep(number++)) {
          out.set(
            write.bytes.subarray(at, Math.min(at + SECTOR_BYTES, write.bytes.length)),
            write.offset + at,
          );
        }
      }
    }
    return out;
  }
}
