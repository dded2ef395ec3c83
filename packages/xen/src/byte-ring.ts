/**
 * Rings of bytes with running indexes, as the store and the console use them: a producer index that only the writer
 * moves, a consumer index that only the reader moves, data at `index % size`. An index that claims more than the ring
 * holds is a lie, and `isBroken` is set for good.
 */
import type { SharedMemory } from './memory.js';

export class ByteRing {
  isBroken = false;
  readonly #memory: SharedMemory;
  readonly #data: number;
  readonly #size: number;
  readonly #consumer: number;
  readonly #producer: number;

  /** Preconditions: `size` is a power of two; `consumer` and `producer` are addresses of the index words. */
  constructor(
    memory: SharedMemory,
    data: number,
    size: number,
    consumer: number,
    producer: number,
  ) {
    this.#memory = memory;
    this.#data = data;
    this.#size = size;
    this.#consumer = consumer;
    this.#producer = producer;
  }

  /** Bytes that can be read now. */
  filled(): number {
    const used = (this.#memory.load32(this.#producer) - this.#memory.load32(this.#consumer)) >>> 0;
    if (used > this.#size) {
      this.isBroken = true;
      return 0;
    }
    return this.isBroken ? 0 : used;
  }

  free(): number {
    const used = this.filled();
    return this.isBroken ? 0 : this.#size - used;
  }

  /** Returns the bytes that fitted. */
  write(from: Uint8Array, offset: number, bytes: number): number {
    const count = Math.min(bytes, this.free());
    if (count === 0) return 0;
    const producer = this.#memory.load32(this.#producer);
    // The reader's index was read before the space is reused.
    this.#memory.fullBarrier();
    const at = producer & (this.#size - 1);
    const first = Math.min(count, this.#size - at);
    this.#memory.copyIn(this.#data + at, from, offset, first);
    if (count > first) this.#memory.copyIn(this.#data, from, offset + first, count - first);
    this.#memory.writeBarrier();
    this.#memory.store32(this.#producer, (producer + count) >>> 0);
    return count;
  }

  read(into: Uint8Array, offset: number, bytes: number): number {
    const count = Math.min(bytes, this.filled());
    if (count === 0) return 0;
    this.#memory.readBarrier();
    const consumer = this.#memory.load32(this.#consumer);
    const at = consumer & (this.#size - 1);
    const first = Math.min(count, this.#size - at);
    this.#memory.copyOut(this.#data + at, into, offset, first);
    if (count > first) this.#memory.copyOut(this.#data, into, offset + first, count - first);
    this.#memory.fullBarrier();
    this.#memory.store32(this.#consumer, (consumer + count) >>> 0);
    return count;
  }
}

/** The two directions of a page, seen from one end. */
export interface ByteLink {
  readonly incoming: ByteRing;
  readonly outgoing: ByteRing;
}

/** xenstore page: requests 0..1023, replies 1024..2047, then four indexes. */
export function storeLink(memory: SharedMemory, page: number, isServer: boolean): ByteLink {
  const requests = new ByteRing(memory, page, 1024, page + 2048, page + 2052);
  const replies = new ByteRing(memory, page + 1024, 1024, page + 2056, page + 2060);
  if (isServer) return { incoming: requests, outgoing: replies };
  return { incoming: replies, outgoing: requests };
}

/** Console page: input 0..1023 to the guest, output 1024..3071, then four indexes. */
export function consoleLink(memory: SharedMemory, page: number, isServer: boolean): ByteLink {
  const input = new ByteRing(memory, page, 1024, page + 3072, page + 3076);
  const output = new ByteRing(memory, page + 1024, 2048, page + 3080, page + 3084);
  if (isServer) return { incoming: output, outgoing: input };
  return { incoming: input, outgoing: output };
}
