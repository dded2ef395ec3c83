/**
 * Driver side of a split virtqueue (virtio 1.3, 2.7).
 *
 *   descriptors   size x { address u64, length u32, flags u16, next u16 }
 *   available     flags u16, index u16, ring u16 x size, used_event u16     written by the driver
 *   used          flags u16, index u16, ring { id u32, length u32 } x size, avail_event u16   by the device
 *
 * Free descriptors, chain links and lengths live in private arrays; the shared table is only written. With
 * in-order use descriptors are taken in ring order (2.7.9), and one used entry may stand for a batch.
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

const NO_INTERRUPT = 1;
const NO_NOTIFY = 1;

export class SplitDriverQueue implements DriverQueue {
  readonly size: number;
  readonly addresses: QueueAddresses;
  fault: VirtioFault | undefined = undefined;

  readonly #memory: GuestMemory;
  readonly #allocator: DmaAllocator;
  readonly #sink: FaultSink;
  readonly #name: string;
  readonly #mask: number;
  readonly #eventIndex: boolean;
  readonly #inOrder: boolean;
  readonly #indirectMax: number;
  readonly #indirectTables: number;
  readonly #ringBytes: number;
  readonly #firstIndex: number;

  /** Private: next descriptor of a chain or of the free list. */
  readonly #next: Uint16Array;
  readonly #tokens: number[];
  /** Descriptors of the chain that starts here; 0 when none is out. */
  readonly #chainCounts: Uint16Array;
  readonly #writableBytes: number[] = [];
  /** Heads in the order they were added (in-order use). */
  readonly #order: Uint16Array;
  #orderHead = 0;
  #freeHead = 0;
  #freeCount: number;
  #inFlight = 0;
  #availableIndex: number;
  #publishedIndex: number;
  #usedIndex: number;
  #batchLast = -1;
  #batchLength = 0;
  #batchEnd = 0;

  private constructor(options: DriverQueueOptions, addresses: QueueAddresses, tables: number) {
    const size = options.size;
    this.size = size;
    this.addresses = addresses;
    this.#memory = options.memory;
    this.#allocator = options.allocator;
    this.#sink = options.sink;
    this.#name = options.name;
    this.#mask = size - 1;
    this.#eventIndex = options.eventIndex;
    this.#inOrder = options.inOrder;
    this.#indirectMax = tables < 0 ? 0 : options.indirectMax;
    this.#indirectTables = tables;
    this.#ringBytes = splitRingBytes(size, options.alignment);
    this.#firstIndex = options.firstIndex & 0xffff;
    this.#next = new Uint16Array(size);
    this.#tokens = [];
    for (let i = 0; i < size; i += 1) {
      this.#tokens.push(0);
      this.#writableBytes.push(0);
    }
    this.#chainCounts = new Uint16Array(size);
    this.#order = new Uint16Array(size);
    this.#freeCount = size;
    this.#availableIndex = this.#firstIndex;
    this.#publishedIndex = this.#firstIndex;
    this.#usedIndex = this.#firstIndex;
    this.#initialise();
  }

  /** Preconditions: `size` is a power of two. Undefined when there is no memory. */
  static create(options: DriverQueueOptions): SplitDriverQueue | undefined {
    const bytes = splitRingBytes(options.size, options.alignment);
    const base = options.allocator.allocate(bytes, Math.max(options.alignment, 64));
    if (base < 0) return undefined;
    let tables = -1;
    if (options.indirect && options.indirectMax > 1) {
      tables = options.allocator.allocate(
        options.size * options.indirectMax * DESCRIPTOR_BYTES,
        DESCRIPTOR_BYTES,
      );
    }
    const available = base + options.size * DESCRIPTOR_BYTES;
    const used = base + splitUsedOffset(options.size, options.alignment);
    const addresses = { descriptors: base, driverArea: available, deviceArea: used };
    return new SplitDriverQueue(options, addresses, tables);
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
    const head = this.#freeHead;
    if (indirect) this.#writeIndirect(head, buffers);
    else this.#writeChain(buffers);
    this.#freeCount -= needed;
    this.#tokens[head] = token;
    this.#chainCounts[head] = needed;
    this.#writableBytes[head] = buffers.writableBytes;
    if (this.#inOrder) this.#order[(this.#orderHead + this.#inFlight) & this.#mask] = head;
    this.#inFlight += 1;
    const slot = this.addresses.driverArea + 4 + (this.#availableIndex & this.#mask) * 2;
    this.#memory.store16(slot, head);
    this.#availableIndex = (this.#availableIndex + 1) & 0xffff;
    return AddResult.Added;
  }

  publish(): boolean {
    if (this.fault !== undefined) return false;
    const old = this.#publishedIndex;
    const next = this.#availableIndex;
    if (old === next) return false;
    this.#memory.writeBarrier();
    this.#memory.store16(this.addresses.driverArea + 2, next);
    this.#publishedIndex = next;
    // The index must be visible before the device's wish is read, or both sides may go to sleep.
    this.#memory.fullBarrier();
    if (this.#eventIndex) {
      return needEvent(
        this.#memory.load16(this.addresses.deviceArea + 4 + this.size * 8),
        next,
        old,
      );
    }
    return (this.#memory.load16(this.addresses.deviceArea) & NO_NOTIFY) === 0;
  }

  poll(completion: Completion): boolean {
    if (this.fault !== undefined) return false;
    if (this.#batchLast >= 0) return this.#pollBatch(completion);
    const deviceIndex = this.#memory.load16(this.addresses.deviceArea + 2);
    const waiting = (deviceIndex - this.#usedIndex) & 0xffff;
    if (waiting === 0) return false;
    if (waiting > this.#inFlight) return this.#die(VirtioFaultKind.IndexAhead, deviceIndex);
    this.#memory.readBarrier();
    const entry = this.addresses.deviceArea + 4 + (this.#usedIndex & this.#mask) * 8;
    const id = this.#memory.load32(entry);
    const length = this.#memory.load32(entry + 4);
    if (id >= this.size) return this.#die(VirtioFaultKind.IdOutOfRange, id);
    if (this.#chainCounts[id] === 0) return this.#die(VirtioFaultKind.IdNotInFlight, id);
    if (length > this.#writableBytes[id]) return this.#die(VirtioFaultKind.LengthTooLong, length);
    if (this.#inOrder) {
      this.#batchLast = id;
      this.#batchLength = length;
      this.#batchEnd = deviceIndex;
      return this.#pollBatch(completion);
    }
    this.#usedIndex = (this.#usedIndex + 1) & 0xffff;
    this.#giveBack(id, length, completion);
    return true;
  }

  enableInterrupts(): boolean {
    if (this.fault !== undefined) return false;
    if (this.#eventIndex) {
      this.#memory.store16(this.addresses.driverArea + 4 + this.size * 2, this.#usedIndex);
    } else this.#memory.store16(this.addresses.driverArea, 0);
    this.#memory.fullBarrier();
    if (this.#batchLast >= 0) return true;
    return this.#memory.load16(this.addresses.deviceArea + 2) !== this.#usedIndex;
  }

  disableInterrupts(): void {
    if (this.fault !== undefined) return;
    // With event indexes an event half the ring away is as good as none: it is passed once in 2^15 uses.
    if (this.#eventIndex) {
      const never = (this.#usedIndex - 1) & 0xffff;
      this.#memory.store16(this.addresses.driverArea + 4 + this.size * 2, never);
    } else this.#memory.store16(this.addresses.driverArea, NO_INTERRUPT);
  }

  reset(): number[] {
    const tokens: number[] = [];
    for (let id = 0; id < this.size; id += 1) {
      if (this.#chainCounts[id] !== 0) tokens.push(this.#tokens[id]);
      this.#chainCounts[id] = 0;
    }
    this.#availableIndex = this.#firstIndex;
    this.#publishedIndex = this.#firstIndex;
    this.#usedIndex = this.#firstIndex;
    this.#freeCount = this.size;
    this.#inFlight = 0;
    this.#freeHead = 0;
    this.#orderHead = 0;
    this.#batchLast = -1;
    this.fault = undefined;
    this.#initialise();
    return tokens;
  }

  release(): void {
    this.#allocator.release(this.addresses.descriptors, this.#ringBytes);
    if (this.#indirectTables >= 0) {
      const bytes = this.size * this.#indirectMax * DESCRIPTOR_BYTES;
      this.#allocator.release(this.#indirectTables, bytes);
    }
  }

  #initialise(): void {
    for (let i = 0; i < this.size; i += 1) this.#next[i] = (i + 1) & this.#mask;
    this.#memory.store16(this.addresses.driverArea, 0);
    this.#memory.store16(this.addresses.driverArea + 2, this.#firstIndex);
    this.#memory.store16(this.addresses.driverArea + 4 + this.size * 2, this.#firstIndex);
    this.#memory.store16(this.addresses.deviceArea, 0);
    this.#memory.store16(this.addresses.deviceArea + 2, this.#firstIndex);
    this.#memory.store16(this.addresses.deviceArea + 4 + this.size * 8, this.#firstIndex);
  }

  #writeChain(buffers: BufferList): void {
    let index = this.#freeHead;
    for (let i = 0; i < buffers.count; i += 1) {
      const at = this.addresses.descriptors + index * DESCRIPTOR_BYTES;
      const next = this.#next[index];
      let flags = i < buffers.readableCount ? 0 : DESCRIPTOR_WRITE;
      if (i + 1 < buffers.count) flags |= DESCRIPTOR_NEXT;
      this.#writeDescriptor(at, buffers.addresses[i], buffers.lengths[i], flags, next);
      index = next;
    }
    this.#freeHead = index;
  }

  #writeIndirect(head: number, buffers: BufferList): void {
    const table = this.#indirectTables + head * this.#indirectMax * DESCRIPTOR_BYTES;
    for (let i = 0; i < buffers.count; i += 1) {
      let flags = i < buffers.readableCount ? 0 : DESCRIPTOR_WRITE;
      if (i + 1 < buffers.count) flags |= DESCRIPTOR_NEXT;
      const at = table + i * DESCRIPTOR_BYTES;
      this.#writeDescriptor(at, buffers.addresses[i], buffers.lengths[i], flags, i + 1);
    }
    const at = this.addresses.descriptors + head * DESCRIPTOR_BYTES;
    this.#writeDescriptor(at, table, buffers.count * DESCRIPTOR_BYTES, DESCRIPTOR_INDIRECT, 0);
    this.#freeHead = this.#next[head];
  }

  #writeDescriptor(at: number, address: number, bytes: number, flags: number, next: number): void {
    storeAddress(this.#memory, at, address);
    this.#memory.store32(at + 8, bytes);
    this.#memory.store16(at + 12, flags);
    this.#memory.store16(at + 14, next);
  }

  /** One buffer of an in-order batch: all but the last are complete in full (2.7.9.1). */
  #pollBatch(completion: Completion): boolean {
    if (this.#usedIndex === this.#batchEnd) {
      return this.#die(VirtioFaultKind.BatchBeyondIndex, this.#batchLast);
    }
    const id = this.#order[this.#orderHead & this.#mask];
    this.#orderHead = (this.#orderHead + 1) & this.#mask;
    this.#usedIndex = (this.#usedIndex + 1) & 0xffff;
    const isLast = id === this.#batchLast;
    const length = isLast ? this.#batchLength : this.#writableBytes[id];
    if (isLast) this.#batchLast = -1;
    this.#giveBack(id, length, completion);
    return true;
  }

  #giveBack(head: number, length: number, completion: Completion): void {
    completion.token = this.#tokens[head];
    completion.writtenBytes = length;
    const count = this.#chainCounts[head];
    this.#chainCounts[head] = 0;
    this.#inFlight -= 1;
    this.#freeCount += count;
    // In order, descriptors come free in the order of the ring: the links never change.
    if (this.#inOrder) return;
    let last = head;
    for (let i = 1; i < count; i += 1) last = this.#next[last];
    this.#next[last] = this.#freeHead;
    this.#freeHead = head;
  }

  #die(kind: VirtioFaultKind, detail: number): boolean {
    this.fault = virtioFault(kind, this.#name, detail);
    this.#sink.fault(this.fault);
    return false;
  }
}

export function splitUsedOffset(size: number, alignment: number): number {
  const end = size * DESCRIPTOR_BYTES + 6 + size * 2;
  const step = Math.max(alignment, 4);
  return Math.trunc((end + step - 1) / step) * step;
}

export function splitRingBytes(size: number, alignment: number): number {
  return splitUsedOffset(size, alignment) + 6 + size * 8;
}
