// Bytes queued or in flight: a ring whose first byte is the oldest unacknowledged one. It grows by doubling up to the
// limit that autotuning sets, and an idle connection holds no memory.

import type { BufferPool } from '../contract.js';
import { copyBytes } from '../wire/bytes.js';

const RING_BYTES_MIN = 4096;

export class SendBuffer {
  readonly #pool: BufferPool;
  #ring: Uint8Array = new Uint8Array(0);
  #head = 0;
  #length = 0;
  /** Most bytes held. */
  limit: number;

  constructor(pool: BufferPool, limit: number) {
    this.#pool = pool;
    this.limit = limit;
  }

  get length(): number {
    return this.#length;
  }

  get free(): number {
    return Math.max(0, this.limit - this.#length);
  }

  /** Copies as much as fits and returns how much that was. */
  write(source: Uint8Array, at: number, length: number): number {
    const wanted = Math.min(length, this.free);
    if (wanted <= 0) return 0;
    if (this.#length + wanted > this.#ring.length) this.#grow(this.#length + wanted);
    const count = Math.min(wanted, this.#ring.length - this.#length);
    const mask = this.#ring.length - 1;
    const tail = (this.#head + this.#length) & mask;
    const first = Math.min(count, this.#ring.length - tail);
    copyBytes(this.#ring, tail, source, at, first);
    if (count > first) copyBytes(this.#ring, 0, source, at + first, count - first);
    this.#length += count;
    return count;
  }

  /** Copies `length` bytes that start `offset` bytes behind the oldest. Preconditions: they are there. */
  copy(offset: number, length: number, destination: Uint8Array, at: number): void {
    const start = (this.#head + offset) & (this.#ring.length - 1);
    const first = Math.min(length, this.#ring.length - start);
    copyBytes(destination, at, this.#ring, start, first);
    if (length > first) copyBytes(destination, at + first, this.#ring, 0, length - first);
  }

  /** Forgets the oldest bytes. */
  drop(count: number): void {
    const dropped = Math.min(count, this.#length);
    this.#length -= dropped;
    if (this.#length === 0) this.#head = 0;
    else this.#head = (this.#head + dropped) & (this.#ring.length - 1);
  }

  release(): void {
    if (this.#ring.length > 0) this.#pool.release(this.#ring);
    this.#ring = new Uint8Array(0);
    this.#head = 0;
    this.#length = 0;
  }

  #grow(bytes: number): void {
    let capacity = Math.max(this.#ring.length, RING_BYTES_MIN);
    while (capacity < bytes) capacity *= 2;
    const grown = this.#pool.allocate(capacity);
    if (grown === undefined) return;
    if (this.#length > 0) this.copy(0, this.#length, grown, 0);
    if (this.#ring.length > 0) this.#pool.release(this.#ring);
    this.#ring = grown;
    this.#head = 0;
  }
}
