/**
 * Driver side of a packed virtqueue (virtio 1.3, 2.8).
 *
 *   ring            size x { address u64, length u32, id u16, flags u16 }   written by both
 *   driver events   offset:15 wrap:1 u16, flags u16    when the device should interrupt
 *   device events   the same, when the driver should notify
 *
 * A descriptor is available when its AVAIL flag equals the driver's wrap counter and its USED flag does not; it
 * is used when both equal the device's. The flags of the first descriptor of a chain are stored last, so the
 * chain appears as a whole. Which id is out, with how many ring slots and bytes, is private.
 */
import type { BufferList, Completion } from './buffer-list.js';
import { type FaultSink, type VirtioFault, VirtioFaultKind, virtioFault } from './fault.js';
import { type DmaAllocator, type GuestMemory, storeAddress } from './memory.js';
import {
  AddResult,
  DESCRIPTOR_BYTES,
  DESCRIPTOR_INDIRECT,
  DESCRIPTOR_NEXT,
  DESCRIPTOR_WRITE,
  type DriverQueue,
  type DriverQueueOptions,
  needEvent,
  type QueueAddresses,
} from './queue.js';

export const PACKED_AVAILABLE = 0x80;
export const PACKED_USED = 0x8000;
export const EVENTS_ENABLE = 0;
export const EVENTS_DISABLE = 1;
export const EVENTS_DESCRIPTOR = 2;

/** Flags that make a descriptor available in a round with this wrap counter. */
export function availableFlags(wrap: number): number {
  return wrap === 1 ? PACKED_AVAILABLE : PACKED_USED;
}

export class PackedDriverQueue implements DriverQueue {
  readonly size: number;
  readonly addresses: QueueAddresses;
  fault: VirtioFault | undefined = undefined;

  readonly #memory: GuestMemory;
  readonly #allocator: DmaAllocator;
  readonly #sink: FaultSink;
  readonly #name: string;
  readonly #eventIndex: boolean;
  readonly #inOrder: boolean;
  readonly #indirectMax: number;
  readonly #indirectTables: number;
  readonly #firstIndex: number;

  /** Free buffer ids form a stack; an id names its private slot below. */
  readonly #freeIds: Uint16Array;
  readonly #tokens: number[];
  readonly #chainCounts: Uint16Array;
  readonly #writableBytes: number[] = [];
  readonly #order: Uint16Array;
  #orderHead = 0;
  #freeCount: number;
  #inFlight = 0;
  #nextAvailable: number;
  #availableWrap = 1;
  #nextUsed: number;
  #usedWrap = 1;
  #addedSincePublish = 0;
  #batchLast = -1;
  #batchLength = 0;

  private constructor(options: DriverQueueOptions, base: number, tables: number) {
    const size = options.size;
    const events = base + size * DESCRIPTOR_BYTES;
    this.size = size;
    this.addresses = { descriptors: base, driverArea: events, deviceArea: events + 4 };
    this.#memory = options.memory;
    this.#allocator = options.allocator;
    this.#sink = options.sink;
    this.#name = options.name;
    this.#eventIndex = options.eventIndex;
    this.#inOrder = options.inOrder;
    this.#indirectMax = tables < 0 ? 0 : options.indirectMax;
    this.#indirectTables = tables;
    this.#firstIndex = options.firstIndex % size;
    this.#freeIds = new Uint16Array(size);
    this.#tokens = [];
    for (let i = 0; i < size; i += 1) {
      this.#tokens.push(0);
      this.#writableBytes.push(0);
    }
    this.#chainCounts = new Uint16Array(size);
    this.#order = new Uint16Array(size);
    this.#freeCount = size;
    this.#nextAvailable = this.#firstIndex;
    this.#nextUsed = this.#firstIndex;
    this.#initialise();
  }

  /** Any size from 1 to 32768. Undefined when there is no memory. */
  static create(options: DriverQueueOptions): PackedDriverQueue | undefined {
    const bytes = options.size * DESCRIPTOR_BYTES + 8;
    const base = options.allocator.allocate(bytes, Math.max(options.alignment, 64));
    if (base < 0) return undefined;
    let tables = -1;
    if (options.indirect && options.indirectMax > 1) {
      const tableBytes = options.size * options.indirectMax * DESCRIPTOR_BYTES;
      tables = options.allocator.allocate(tableBytes, DESCRIPTOR_BYTES);
    }
    return new PackedDriverQueue(options, base, tables);
  }

  freeCount(): number {
    return this.#freeCount;
  }

  inFlightCount(): number {
    return this.#inFlight;
  }

  add(buffers: BufferList, token: number): AddResult {
    if (this.fault !== undefined) return AddResult.Dead;
    const count = buffers.count;
    const indirect = count > 1 && count <= this.#indirectMax;
    if (count === 0 || (!indirect && count > this.size)) return AddResult.TooLong;
    const needed = indirect ? 1 : count;
    if (needed > this.#freeCount) return AddResult.Full;
    // Every chain takes at least one slot, so ids cannot run out before slots do.
    const id = this.#freeIds[this.size - this.#inFlight - 1];
    this.#tokens[id] = token;
    this.#chainCounts[id] = needed;
    this.#writableBytes[id] = buffers.writableBytes;
    if (this.#inOrder) this.#order[(this.#orderHead + this.#inFlight) % this.size] = id;
    this.#inFlight += 1;
    this.#freeCount -= needed;
    this.#addedSincePublish += needed;
    if (indirect) this.#writeIndirect(id, buffers);
    else this.#writeChain(id, buffers);
    return AddResult.Added;
  }

  publish(): boolean {
    if (this.fault !== undefined || this.#addedSincePublish === 0) return false;
    const next = this.#nextAvailable;
    const old = next - this.#addedSincePublish;
    this.#addedSincePublish = 0;
    this.#memory.fullBarrier();
    // One load: position and flags belong together.
    const events = this.#memory.load32(this.addresses.deviceArea);
    const flags = (events >>> 16) & 3;
    if (flags !== EVENTS_DESCRIPTOR) return flags === EVENTS_ENABLE;
    let event = events & 0x7fff;
    if ((events & 0x8000) >> 15 !== this.#availableWrap) event -= this.size;
    return needEvent(event & 0xffff, next & 0xffff, old & 0xffff);
  }

  poll(completion: Completion): boolean {
    if (this.fault !== undefined) return false;
    if (this.#batchLast >= 0) return this.#pollBatch(completion);
    if (!this.#isUsed()) return false;
    this.#memory.readBarrier();
    const at = this.addresses.descriptors + this.#nextUsed * DESCRIPTOR_BYTES;
    const length = this.#memory.load32(at + 8);
    const id = this.#memory.load16(at + 12);
    if (id >= this.size) return this.#die(VirtioFaultKind.IdOutOfRange, id);
    if (this.#chainCounts[id] === 0) return this.#die(VirtioFaultKind.IdNotInFlight, id);
    if (length > this.#writableBytes[id]) return this.#die(VirtioFaultKind.LengthTooLong, length);
    if (this.#inOrder) {
      this.#batchLast = id;
      this.#batchLength = length;
      return this.#pollBatch(completion);
    }
    this.#giveBack(id, length, completion);
    return true;
  }

  enableInterrupts(): boolean {
    if (this.fault !== undefined) return false;
    if (this.#eventIndex) {
      this.#memory.store16(this.addresses.driverArea, this.#nextUsed + this.#usedWrap * 0x8000);
      this.#memory.writeBarrier();
      this.#memory.store16(this.addresses.driverArea + 2, EVENTS_DESCRIPTOR);
    } else this.#memory.store16(this.addresses.driverArea + 2, EVENTS_ENABLE);
    this.#memory.fullBarrier();
    return this.#batchLast >= 0 || this.#isUsed();
  }

  disableInterrupts(): void {
    if (this.fault !== undefined) return;
    this.#memory.store16(this.addresses.driverArea + 2, EVENTS_DISABLE);
  }

  reset(): number[] {
    const tokens: number[] = [];
    for (let id = 0; id < this.size; id += 1) {
      if (this.#chainCounts[id] !== 0) tokens.push(this.#tokens[id]);
      this.#chainCounts[id] = 0;
    }
    this.#freeCount = this.size;
    this.#inFlight = 0;
    this.#orderHead = 0;
    this.#nextAvailable = this.#firstIndex;
    this.#nextUsed = this.#firstIndex;
    this.#availableWrap = 1;
    this.#usedWrap = 1;
    this.#addedSincePublish = 0;
    this.#batchLast = -1;
    this.fault = undefined;
    this.#initialise();
    return tokens;
  }

  release(): void {
    this.#allocator.release(this.addresses.descriptors, this.size * DESCRIPTOR_BYTES + 8);
    if (this.#indirectTables >= 0) {
      const bytes = this.size * this.#indirectMax * DESCRIPTOR_BYTES;
      this.#allocator.release(this.#indirectTables, bytes);
    }
  }

  #initialise(): void {
    for (let i = 0; i < this.size; i += 1) {
      this.#freeIds[i] = this.size - 1 - i;
      this.#memory.store16(this.addresses.descriptors + i * DESCRIPTOR_BYTES + 14, 0);
    }
    this.#memory.store32(this.addresses.driverArea, 0);
    this.#memory.store32(this.addresses.deviceArea, 0);
  }

  #writeChain(id: number, buffers: BufferList): void {
    const first = this.#nextAvailable;
    const firstFlags = this.#chainFlags(buffers, 0);
    for (let i = 0; i < buffers.count; i += 1) {
      const at = this.addresses.descriptors + this.#nextAvailable * DESCRIPTOR_BYTES;
      storeAddress(this.#memory, at, buffers.addresses[i]);
      this.#memory.store32(at + 8, buffers.lengths[i]);
      this.#memory.store16(at + 12, id);
      if (i > 0) this.#memory.store16(at + 14, this.#chainFlags(buffers, i));
      this.#advanceAvailable();
    }
    this.#memory.writeBarrier();
    this.#memory.store16(this.addresses.descriptors + first * DESCRIPTOR_BYTES + 14, firstFlags);
  }

  #chainFlags(buffers: BufferList, i: number): number {
    let flags = availableFlags(this.#availableWrap);
    if (i >= buffers.readableCount) flags |= DESCRIPTOR_WRITE;
    if (i + 1 < buffers.count) flags |= DESCRIPTOR_NEXT;
    return flags;
  }

  #writeIndirect(id: number, buffers: BufferList): void {
    const table = this.#indirectTables + id * this.#indirectMax * DESCRIPTOR_BYTES;
    for (let i = 0; i < buffers.count; i += 1) {
      const at = table + i * DESCRIPTOR_BYTES;
      storeAddress(this.#memory, at, buffers.addresses[i]);
      this.#memory.store32(at + 8, buffers.lengths[i]);
      this.#memory.store16(at + 12, 0);
      this.#memory.store16(at + 14, i < buffers.readableCount ? 0 : DESCRIPTOR_WRITE);
    }
    const at = this.addresses.descriptors + this.#nextAvailable * DESCRIPTOR_BYTES;
    const flags = availableFlags(this.#availableWrap) | DESCRIPTOR_INDIRECT;
    storeAddress(this.#memory, at, table);
    this.#memory.store32(at + 8, buffers.count * DESCRIPTOR_BYTES);
    this.#memory.store16(at + 12, id);
    this.#memory.writeBarrier();
    this.#memory.store16(at + 14, flags);
    this.#advanceAvailable();
  }

  #advanceAvailable(): void {
    this.#nextAvailable += 1;
    if (this.#nextAvailable < this.size) return;
    this.#nextAvailable = 0;
    this.#availableWrap = 1 - this.#availableWrap;
  }

  #isUsed(): boolean {
    if (this.#inFlight === 0) return false;
    const at = this.addresses.descriptors + this.#nextUsed * DESCRIPTOR_BYTES + 14;
    const flags = this.#memory.load16(at);
    const available = (flags & PACKED_AVAILABLE) === 0 ? 0 : 1;
    const used = (flags & PACKED_USED) === 0 ? 0 : 1;
    return available === used && used === this.#usedWrap;
  }

  /** One buffer of an in-order batch: all but the last are complete in full, as in split rings. */
  #pollBatch(completion: Completion): boolean {
    const id = this.#order[this.#orderHead];
    this.#orderHead = (this.#orderHead + 1) % this.size;
    const isLast = id === this.#batchLast;
    const length = isLast ? this.#batchLength : this.#writableBytes[id];
    if (isLast) this.#batchLast = -1;
    this.#giveBack(id, length, completion);
    return true;
  }

  #giveBack(id: number, length: number, completion: Completion): void {
    const count = this.#chainCounts[id];
    completion.token = this.#tokens[id];
    completion.writtenBytes = length;
    this.#chainCounts[id] = 0;
    this.#inFlight -= 1;
    this.#freeIds[this.size - this.#inFlight - 1] = id;
    this.#freeCount += count;
    this.#nextUsed += count;
    if (this.#nextUsed < this.size) return;
    this.#nextUsed -= this.size;
    this.#usedWrap = 1 - this.#usedWrap;
  }

  #die(kind: VirtioFaultKind, detail: number): boolean {
    this.fault = virtioFault(kind, this.#name, detail);
    this.#sink.fault(this.fault);
    return false;
  }
}
