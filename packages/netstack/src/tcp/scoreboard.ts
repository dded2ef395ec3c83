// What is in flight: one record per transmitted run of sequence space, in sequence order, in a ring of typed arrays.
//
// A record is acknowledged from the front, or marked SACKED, LOST, RETRANSMITTED. Byte counters follow the marks, so
//     pipe = outstanding - sacked - lost + retransmitted
// (RFC 6675's pipe) costs nothing to read. Records are split where a SACK edge or a smaller segment size demands it.

import { distance, isAfter, isBefore, sequenceAdd } from './sequence.js';

export const RECORD_SACKED = 1;
export const RECORD_LOST = 2;
/** Sent again and that copy is believed to be on its way. */
export const RECORD_RETRANSMITTED = 4;
/** Sent more than once: no round-trip sample from it (Karn). */
export const RECORD_AMBIGUOUS = 8;

const RECORDS_MIN = 16;

export class Scoreboard {
  #start: Int32Array = new Int32Array(RECORDS_MIN);
  #length: Int32Array = new Int32Array(RECORDS_MIN);
  #flags: Uint8Array = new Uint8Array(RECORDS_MIN);
  #sentAt: Float64Array = new Float64Array(RECORDS_MIN);
  #mask = RECORDS_MIN - 1;
  #head = 0;
  #count = 0;
  outstandingBytes = 0;
  sackedBytes = 0;
  lostBytes = 0;
  retransmittedBytes = 0;
  /** No record before this index can be a retransmission candidate. */
  #hint = 0;

  get count(): number {
    return this.#count;
  }

  get pipeBytes(): number {
    return this.outstandingBytes - this.sackedBytes - this.lostBytes + this.retransmittedBytes;
  }

  start(index: number): number {
    return this.#start[(this.#head + index) & this.#mask];
  }
  length(index: number): number {
    return this.#length[(this.#head + index) & this.#mask];
  }
  end(index: number): number {
    const slot = (this.#head + index) & this.#mask;
    return (this.#start[slot] + this.#length[slot]) | 0;
  }
  flags(index: number): number {
    return this.#flags[(this.#head + index) & this.#mask];
  }
  sentAt(index: number): number {
    return Math.trunc(this.#sentAt[(this.#head + index) & this.#mask]);
  }

  /** A new run behind all others. */
  append(start: number, length: number, now: number): void {
    if (this.#count === this.#start.length) this.#grow();
    const slot = (this.#head + this.#count) & this.#mask;
    this.#start[slot] = start;
    this.#length[slot] = length;
    this.#flags[slot] = 0;
    this.#sentAt[slot] = now;
    this.#count += 1;
    this.outstandingBytes += length;
  }

  /** Removes the first record. */
  shift(): void {
    const length = this.length(0);
    this.#discount(this.flags(0), length);
    this.outstandingBytes -= length;
    this.#head = (this.#head + 1) & this.#mask;
    this.#count -= 1;
    if (this.#hint > 0) this.#hint -= 1;
  }

  /** Removes the first `bytes` bytes of the first record. */
  trimFirst(bytes: number): void {
    const flags = this.flags(0);
    this.#discount(flags, bytes);
    this.outstandingBytes -= bytes;
    const slot = this.#head & this.#mask;
    this.#start[slot] = (this.#start[slot] + bytes) | 0;
    this.#length[slot] -= bytes;
  }

  /** Cuts a record so that it ends after `bytes` bytes and the rest follows as its own record. */
  split(index: number, bytes: number): void {
    if (this.#count === this.#start.length) this.#grow();
    for (let i = this.#count; i > index + 1; i--) {
      const to = (this.#head + i) & this.#mask;
      const from = (this.#head + i - 1) & this.#mask;
      this.#start[to] = this.#start[from];
      this.#length[to] = this.#length[from];
      this.#flags[to] = this.#flags[from];
      this.#sentAt[to] = this.#sentAt[from];
    }
    const first = (this.#head + index) & this.#mask;
    const second = (this.#head + index + 1) & this.#mask;
    this.#start[second] = (this.#start[first] + bytes) | 0;
    this.#length[second] = this.#length[first] - bytes;
    this.#flags[second] = this.#flags[first];
    this.#sentAt[second] = this.#sentAt[first];
    this.#length[first] = bytes;
    this.#count += 1;
  }

  markSacked(index: number): void {
    const slot = (this.#head + index) & this.#mask;
    const length = this.#length[slot];
    this.#discount(this.#flags[slot], length);
    this.#flags[slot] = (this.#flags[slot] & RECORD_AMBIGUOUS) | RECORD_SACKED;
    this.sackedBytes += length;
  }

  markLost(index: number): void {
    const slot = (this.#head + index) & this.#mask;
    const length = this.#length[slot];
    const flags = this.#flags[slot];
    this.#discount(flags, length);
    this.#flags[slot] = (flags & RECORD_AMBIGUOUS) | RECORD_LOST;
    this.lostBytes += length;
    if (index < this.#hint) this.#hint = index;
  }

  markRetransmitted(index: number, now: number): void {
    const slot = (this.#head + index) & this.#mask;
    const flags = this.#flags[slot];
    if ((flags & RECORD_LOST) !== 0 && (flags & RECORD_RETRANSMITTED) === 0) {
      this.retransmittedBytes += this.#length[slot];
      this.#flags[slot] = flags | RECORD_RETRANSMITTED | RECORD_AMBIGUOUS;
    } else this.#flags[slot] = flags | RECORD_AMBIGUOUS;
    this.#sentAt[slot] = now;
  }

  /** A SACKed run that the receiver forgot (RFC 2018 8), at a timeout. */
  forgetSacks(): void {
    for (let i = 0; i < this.#count; i++) {
      const slot = (this.#head + i) & this.#mask;
      if ((this.#flags[slot] & RECORD_SACKED) === 0) continue;
      this.sackedBytes -= this.#length[slot];
      this.#flags[slot] &= RECORD_AMBIGUOUS;
    }
  }

  /** Everything not SACKed is lost: after a timeout. */
  markAllLost(): void {
    for (let i = 0; i < this.#count; i++)
      if ((this.flags(i) & RECORD_SACKED) === 0) this.markLost(i);
    this.#hint = 0;
  }

  /** Index of the first record to send again, -1: none. */
  nextRetransmission(): number {
    if (this.lostBytes === this.retransmittedBytes) return -1;
    for (let i = this.#hint; i < this.#count; i++) {
      const flags = this.flags(i);
      if ((flags & RECORD_LOST) !== 0 && (flags & RECORD_RETRANSMITTED) === 0) {
        this.#hint = i;
        return i;
      }
    }
    this.#hint = 0;
    return -1;
  }

  /** Takes back loss marks that turned out wrong; retransmitted copies stay ambiguous. */
  unmarkLost(): void {
    for (let i = 0; i < this.#count; i++) {
      const slot = (this.#head + i) & this.#mask;
      const flags = this.#flags[slot];
      if ((flags & RECORD_LOST) === 0) continue;
      this.#discount(flags, this.#length[slot]);
      this.#flags[slot] = flags & RECORD_AMBIGUOUS;
    }
  }

  clear(): void {
    this.#head = 0;
    this.#count = 0;
    this.#hint = 0;
    this.outstandingBytes = 0;
    this.sackedBytes = 0;
    this.lostBytes = 0;
    this.retransmittedBytes = 0;
    if (this.#start.length > RECORDS_MIN) this.#resize(RECORDS_MIN);
  }

  /** Index of the record that holds `sequence`, or the count. Records are contiguous and sorted. */
  find(sequence: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isAfter(this.end(middle), sequence)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Cuts so that a record boundary lies at `sequence`, if it is inside a record. */
  cutAt(sequence: number): void {
    const index = this.find(sequence);
    if (index >= this.#count) return;
    const inside = distance(sequence, this.start(index));
    if (inside > 0 && isBefore(sequence, sequenceAdd(this.start(index), this.length(index))))
      this.split(index, inside);
  }

  #discount(flags: number, bytes: number): void {
    if ((flags & RECORD_SACKED) !== 0) this.sackedBytes -= bytes;
    if ((flags & RECORD_LOST) !== 0) this.lostBytes -= bytes;
    if ((flags & RECORD_RETRANSMITTED) !== 0) this.retransmittedBytes -= bytes;
  }

  #grow(): void {
    this.#resize(this.#start.length * 2);
  }

  #resize(capacity: number): void {
    const start = new Int32Array(capacity);
    const length = new Int32Array(capacity);
    const flags = new Uint8Array(capacity);
    const sentAt = new Float64Array(capacity);
    for (let i = 0; i < this.#count; i++) {
      start[i] = this.start(i);
      length[i] = this.length(i);
      flags[i] = this.flags(i);
      sentAt[i] = this.sentAt(i);
    }
    this.#start = start;
    this.#length = length;
    this.#flags = flags;
    this.#sentAt = sentAt;
    this.#mask = capacity - 1;
    this.#head = 0;
  }
}
