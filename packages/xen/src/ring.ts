/**
 * The shared ring under netif and blkif: one page (or several) with two producer indexes that run freely modulo 2^32,
 * and slots used by requests and responses alike.
 *
 *   request producer, request event, response producer, response event    u32 each, then 48 unused bytes
 *   slots from offset 64; their number is the largest power of two that fits
 *
 * Each end keeps its own consumer and private producer index; what the other end publishes is read once and refused
 * when it claims more than can be outstanding. The event index says "wake me when the producer passes this".
 */
import { type FaultSink, type XenFault, XenFaultKind, xenFault } from './fault.js';
import type { SharedMemory } from './memory.js';

const REQUEST_PRODUCER = 0;
const REQUEST_EVENT = 4;
const RESPONSE_PRODUCER = 8;
const RESPONSE_EVENT = 12;
export const RING_HEADER_BYTES = 64;

export function ringSize(ringBytes: number, slotBytes: number): number {
  let size = 1;
  while (RING_HEADER_BYTES + size * 2 * slotBytes <= ringBytes) size *= 2;
  return size;
}

class RingBase {
  readonly size: number;
  fault: XenFault | undefined = undefined;
  protected readonly memory: SharedMemory;
  protected readonly base: number;
  readonly #slotBytes: number;
  readonly #sink: FaultSink;
  readonly #name: string;

  /** Preconditions: `base` is `ringBytes` of contiguous memory. */
  constructor(
    memory: SharedMemory,
    base: number,
    ringBytes: number,
    slotBytes: number,
    name: string,
    sink: FaultSink,
  ) {
    this.memory = memory;
    this.base = base;
    this.size = ringSize(ringBytes, slotBytes);
    this.#slotBytes = slotBytes;
    this.#name = name;
    this.#sink = sink;
  }

  slot(index: number): number {
    return this.base + RING_HEADER_BYTES + (index & (this.size - 1)) * this.#slotBytes;
  }

  fail(kind: XenFaultKind, detail: number): boolean {
    if (this.fault !== undefined) return false;
    this.fault = xenFault(kind, this.#name, detail);
    this.#sink.fault(this.fault);
    return false;
  }
}

export class FrontRing extends RingBase {
  requestProducer = 0;
  responseConsumer = 0;
  #published = 0;

  /** Makes an empty ring in the page. `first` is 0 but in tests of wrapping. */
  initialise(first: number): void {
    this.requestProducer = first;
    this.#published = first;
    this.responseConsumer = first;
    this.memory.store32(this.base + REQUEST_PRODUCER, first);
    this.memory.store32(this.base + RESPONSE_PRODUCER, first);
    this.memory.store32(this.base + REQUEST_EVENT, (first + 1) >>> 0);
    this.memory.store32(this.base + RESPONSE_EVENT, (first + 1) >>> 0);
  }

  outstanding(): number {
    return (this.requestProducer - this.responseConsumer) >>> 0;
  }

  freeCount(): number {
    return this.size - this.outstanding();
  }

  /** Address of the next request slot. Preconditions: freeCount() > 0. */
  takeRequestSlot(): number {
    const at = this.slot(this.requestProducer);
    this.requestProducer = (this.requestProducer + 1) >>> 0;
    return at;
  }

  /** Shows requests to the backend; true when it wants an event. */
  publish(): boolean {
    const old = this.#published;
    const next = this.requestProducer;
    if (this.fault !== undefined || old === next) return false;
    this.memory.writeBarrier();
    this.memory.store32(this.base + REQUEST_PRODUCER, next);
    this.#published = next;
    this.memory.fullBarrier();
    const event = this.memory.load32(this.base + REQUEST_EVENT);
    return (next - event) >>> 0 < (next - old) >>> 0;
  }

  /** Responses that wait; 0 after a fault. */
  pending(): number {
    if (this.fault !== undefined) return 0;
    const producer = this.memory.load32(this.base + RESPONSE_PRODUCER);
    const count = (producer - this.responseConsumer) >>> 0;
    if (count > this.outstanding()) {
      this.fail(XenFaultKind.IndexAhead, producer);
      return 0;
    }
    this.memory.readBarrier();
    return count;
  }

  /** Address of the next response. Preconditions: pending() > 0. */
  takeResponseSlot(): number {
    const at = this.slot(this.responseConsumer);
    this.responseConsumer = (this.responseConsumer + 1) >>> 0;
    return at;
  }

  /** Ask for an event at the next response; true when one is there already. */
  enableEvents(): boolean {
    this.memory.store32(this.base + RESPONSE_EVENT, (this.responseConsumer + 1) >>> 0);
    this.memory.fullBarrier();
    return this.pending() > 0;
  }
}

export class BackRing extends RingBase {
  responseProducer = 0;
  requestConsumer = 0;
  #published = 0;

  /** Joins a ring where the frontend left it; also after a backend restart. */
  attach(): void {
    const producer = this.memory.load32(this.base + RESPONSE_PRODUCER);
    this.responseProducer = producer;
    this.requestConsumer = producer;
    this.#published = producer;
  }

  /** Requests taken and not answered. */
  outstanding(): number {
    return (this.requestConsumer - this.responseProducer) >>> 0;
  }

  pending(): number {
    if (this.fault !== undefined) return 0;
    const producer = this.memory.load32(this.base + REQUEST_PRODUCER);
    const count = (producer - this.requestConsumer) >>> 0;
    // Slots of requests that are not answered yet cannot hold new ones.
    if (count > this.size - this.outstanding()) {
      this.fail(XenFaultKind.IndexAhead, producer);
      return 0;
    }
    this.memory.readBarrier();
    return count;
  }

  takeRequestSlot(): number {
    const at = this.slot(this.requestConsumer);
    this.requestConsumer = (this.requestConsumer + 1) >>> 0;
    return at;
  }

  takeResponseSlot(): number {
    const at = this.slot(this.responseProducer);
    this.responseProducer = (this.responseProducer + 1) >>> 0;
    return at;
  }

  publish(): boolean {
    const old = this.#published;
    const next = this.responseProducer;
    if (this.fault !== undefined || old === next) return false;
    this.memory.writeBarrier();
    this.memory.store32(this.base + RESPONSE_PRODUCER, next);
    this.#published = next;
    this.memory.fullBarrier();
    const event = this.memory.load32(this.base + RESPONSE_EVENT);
    return (next - event) >>> 0 < (next - old) >>> 0;
  }

  enableEvents(): boolean {
    this.memory.store32(this.base + REQUEST_EVENT, (this.requestConsumer + 1) >>> 0);
    this.memory.fullBarrier();
    return this.pending() > 0;
  }
}
