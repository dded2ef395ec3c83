// Received bytes: a ring that holds what can be read, followed by what arrived out of order at its final place, so that
// filling a gap moves nothing. Ranges beyond the gap are kept sorted, at most `rangesMax` of them.
//
//   head            +readable = rcv.nxt             +limit
//   | read me ...... | gap | range | gap | range ... |
//
// SACK wants the ranges most recently touched first (RFC 2018 4): each has a stamp.

import type { BufferPool } from '../contract.js';
import { copyBytes } from '../wire/bytes.js';
import { distance, sequenceAdd } from './sequence.js';

const RING_BYTES_MIN = 4096;

export class ReceiveBuffer {
  readonly #pool: BufferPool;
  readonly #rangesMax: number;
  #ring: Uint8Array = new Uint8Array(0);
  #head = 0;
  #readable = 0;
  /** Most bytes held, what the window is computed from. */
  limit: number;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #stamps: number[] = [];
  #stamp = 0;

  constructor(pool: BufferPool, limit: number, rangesMax: number) {
    this.#pool = pool;
    this.limit = limit;
    this.#rangesMax = rangesMax;
  }

  get readable(): number {
    return this.#readable;
  }

  get free(): number {
    return Math.max(0, this.limit - this.#readable);
  }

  get rangeCount(): number {
    return this.#starts.length;
  }

  /** Start of the i-th range in sequence order. */
  rangeStart(index: number): number {
    return this.#starts[index];
  }

  rangeEnd(index: number): number {
    return this.#ends[index];
  }

  /** Index of the range touched `rank` places before the latest; -1 when there are fewer. */
  recentRange(rank: number): number {
    if (rank >= this.#starts.length) return -1;
    let ceiling = this.#stamp + 1;
    let found = -1;
    for (let r = 0; r <= rank; r++) {
      found = -1;
      let best = -1;
      for (let i = 0; i < this.#stamps.length; i++) {
        if (this.#stamps[i] < ceiling && this.#stamps[i] > best) {
          best = this.#stamps[i];
          found = i;
        }
      }
      ceiling = best;
    }
    return found;
  }

  /**
   * Stores a segment's bytes. `next` is rcv.nxt and `sequence` is not before it. Returns by how much rcv.nxt moves on;
   * -1 when nothing was stored (no room, no memory, too many ranges).
   */
  insert(next: number, sequence: number, source: Uint8Array, at: number, length: number): number {
    const offset = distance(sequence, next);
    const room = this.limit - this.#readable - offset;
    const count = Math.min(length, room);
    if (count <= 0 || !this.#ensure(this.#readable + offset + count)) return -1;
    if (offset > 0 && !this.#addRange(sequence, sequenceAdd(sequence, count))) return -1;
    this.#place(this.#readable + offset, source, at, count);
    if (offset > 0) return 0;
    let advance = count;
    // Ranges that the new bytes reach are in order now.
    while (this.#starts.length > 0 && distance(this.#starts[0], next) <= advance) {
      advance = Math.max(advance, distance(this.#ends[0], next));
      this.#starts.shift();
      this.#ends.shift();
      this.#stamps.shift();
    }
    this.#readable += advance;
    return advance;
  }

  /** Copies and removes readable bytes. */
  read(destination: Uint8Array, at: number, length: number): number {
    const count = this.peek(destination, at, length);
    this.consume(count);
    return count;
  }

  peek(destination: Uint8Array, at: number, length: number): number {
    const count = Math.min(length, this.#readable);
    if (count <= 0) return 0;
    const first = Math.min(count, this.#ring.length - this.#head);
    copyBytes(destination, at, this.#ring, this.#head, first);
    if (count > first) copyBytes(destination, at + first, this.#ring, 0, count - first);
    return count;
  }

  consume(count: number): void {
    this.#readable -= count;
    if (this.#ring.length > 0) this.#head = (this.#head + count) & (this.#ring.length - 1);
  }

  /** Forgets everything behind rcv.nxt, as a receiver may (RFC 2018 8). */
  dropRanges(): void {
    this.#starts.length = 0;
    this.#ends.length = 0;
    this.#stamps.length = 0;
  }

  release(): void {
    if (this.#ring.length > 0) this.#pool.release(this.#ring);
    this.#ring = new Uint8Array(0);
    this.#head = 0;
    this.#readable = 0;
    this.dropRanges();
  }

  /** Joins [start, end) with what it touches. False: a new range would be one too many. */
  #addRange(start: number, end: number): boolean {
    const starts = this.#starts;
    const ends = this.#ends;
    let first = 0;
    while (first < starts.length && distance(ends[first], start) < 0) first += 1;
    let last = first;
    let newStart = start;
    let newEnd = end;
    while (last < starts.length && distance(starts[last], end) <= 0) {
      if (distance(starts[last], newStart) < 0) newStart = starts[last];
      if (distance(ends[last], newEnd) > 0) newEnd = ends[last];
      last += 1;
    }
    if (last === first && starts.length >= this.#rangesMax) return false;
    this.#stamp += 1;
    if (last === first) {
      starts.splice(first, 0, newStart);
      ends.splice(first, 0, newEnd);
      this.#stamps.splice(first, 0, this.#stamp);
      return true;
    }
    starts[first] = newStart;
    ends[first] = newEnd;
    this.#stamps[first] = this.#stamp;
    if (last - first > 1) {
      starts.splice(first + 1, last - first - 1);
      ends.splice(first + 1, last - first - 1);
      this.#stamps.splice(first + 1, last - first - 1);
    }
    return true;
  }

  #place(offset: number, source: Uint8Array, at: number, count: number): void {
    const start = (this.#head + offset) & (this.#ring.length - 1);
    const first = Math.min(count, this.#ring.length - start);
    copyBytes(this.#ring, start, source, at, first);
    if (count > first) copyBytes(this.#ring, 0, source, at + first, count - first);
  }

  /** Makes the ring at least this large; false when there is no memory. */
  #ensure(bytes: number): boolean {
    if (bytes <= this.#ring.length) return true;
    let capacity = Math.max(this.#ring.length, RING_BYTES_MIN);
    while (capacity < bytes) capacity *= 2;
    const grown = this.#pool.allocate(capacity);
    if (grown === undefined) return false;
    const old = this.#ring;
    if (old.length > 0) {
      // The whole old ring moves: bytes out of order lie behind the readable ones.
      const first = old.length - this.#head;
      copyBytes(grown, 0, old, this.#head, first);
      copyBytes(grown, first, old, 0, this.#head);
      this.#pool.release(old);
    }
    this.#ring = grown;
    this.#head = 0;
    return true;
  }
}
