/** Device side of a packed virtqueue; layout and flags in packed-driver.ts. */

import { addIndirect, addSegment } from './descriptor-reader.js';
import type { DeviceChain } from './device-chain.js';
import { type FaultSink, type VirtioFault, VirtioFaultKind, virtioFault } from './fault.js';
import { InOrderLedger } from './in-order-ledger.js';
import { type GuestMemory, loadAddress } from './memory.js';
import {
  EVENTS_DESCRIPTOR,
  EVENTS_DISABLE,
  EVENTS_ENABLE,
  PACKED_AVAILABLE,
  PACKED_USED,
} from './packed-driver.js';
import {
  DESCRIPTOR_BYTES,
  DESCRIPTOR_INDIRECT,
  DESCRIPTOR_NEXT,
  DESCRIPTOR_WRITE,
  type DeviceQueue,
  needEvent,
  type QueueAddresses,
  type QueueOptions,
  TakeResult,
} from './queue.js';

export class PackedDeviceQueue implements DeviceQueue {
  readonly size: number;
  fault: VirtioFault | undefined = undefined;
  readonly #memory: GuestMemory;
  readonly #addresses: QueueAddresses;
  readonly #sink: FaultSink;
  readonly #name: string;
  readonly #indirect: boolean;
  readonly #eventIndex: boolean;
  readonly #ledger: InOrderLedger | undefined;
  readonly #taken: Uint8Array;
  #slotsTaken = 0;
  #nextAvailable: number;
  #availableWrap = 1;
  #nextUsed: number;
  #usedWrap = 1;
  #usedSincePublish = 0;

  /** Preconditions: the ring lies in guest memory (the transport checked). */
  constructor(options: QueueOptions, addresses: QueueAddresses) {
    this.size = options.size;
    this.#memory = options.memory;
    this.#addresses = addresses;
    this.#sink = options.sink;
    this.#name = options.name;
    this.#indirect = options.indirect;
    this.#eventIndex = options.eventIndex;
    this.#ledger = options.inOrder ? new InOrderLedger(options.size) : undefined;
    this.#taken = new Uint8Array(options.size);
    this.#nextAvailable = options.firstIndex % options.size;
    this.#nextUsed = this.#nextAvailable;
  }

  take(chain: DeviceChain): TakeResult {
    if (this.fault !== undefined) return TakeResult.Dead;
    if (!this.#isAvailable()) return TakeResult.Empty;
    this.#memory.readBarrier();
    chain.clear();
    const fault = this.#readChain(chain);
    if (fault !== undefined) return this.#die(fault, this.#nextAvailable);
    if (chain.id >= this.size) return this.#die(VirtioFaultKind.IdOutOfRange, chain.id);
    if (this.#taken[chain.id] === 1) return this.#die(VirtioFaultKind.DuplicateHead, chain.id);
    // More slots out than the ring has: the driver reused a slot before it got it back.
    if (this.#slotsTaken + chain.slots > this.size) {
      return this.#die(VirtioFaultKind.IndexAhead, this.#slotsTaken);
    }
    this.#taken[chain.id] = 1;
    this.#slotsTaken += chain.slots;
    this.#nextAvailable += chain.slots;
    if (this.#nextAvailable >= this.size) {
      this.#nextAvailable -= this.size;
      this.#availableWrap = 1 - this.#availableWrap;
    }
    if (this.#ledger !== undefined) {
      this.#ledger.taken(chain.id, chain.slots, chain.writableBytes);
    }
    return TakeResult.Taken;
  }

  complete(chain: DeviceChain, writtenBytes: number): void {
    if (this.fault !== undefined) return;
    this.#taken[chain.id] = 0;
    if (this.#ledger !== undefined) {
      this.#ledger.done(chain.id, writtenBytes);
      return;
    }
    this.#writeUsed(chain.id, writtenBytes, chain.slots);
  }

  publish(): boolean {
    if (this.fault !== undefined) return false;
    const ledger = this.#ledger;
    if (ledger !== undefined) {
      while (ledger.nextBatch()) {
        this.#writeUsed(ledger.batchId, ledger.batchLength, ledger.batchSlots);
      }
    }
    if (this.#usedSincePublish === 0) return false;
    const next = this.#nextUsed;
    const old = next - this.#usedSincePublish;
    this.#usedSincePublish = 0;
    this.#memory.fullBarrier();
    const events = this.#memory.load32(this.#addresses.driverArea);
    const flags = (events >>> 16) & 3;
    if (flags !== EVENTS_DESCRIPTOR) return flags === EVENTS_ENABLE;
    let event = events & 0x7fff;
    if ((events & 0x8000) >> 15 !== this.#usedWrap) event -= this.size;
    return needEvent(event & 0xffff, next & 0xffff, old & 0xffff);
  }

  enableNotifications(): boolean {
    if (this.fault !== undefined) return false;
    const area = this.#addresses.deviceArea;
    if (this.#eventIndex) {
      this.#memory.store16(area, this.#nextAvailable + this.#availableWrap * 0x8000);
      this.#memory.writeBarrier();
      this.#memory.store16(area + 2, EVENTS_DESCRIPTOR);
    } else this.#memory.store16(area + 2, EVENTS_ENABLE);
    this.#memory.fullBarrier();
    return this.#isAvailable();
  }

  disableNotifications(): void {
    if (this.fault !== undefined) return;
    this.#memory.store16(this.#addresses.deviceArea + 2, EVENTS_DISABLE);
  }

  #isAvailable(): boolean {
    const at = this.#addresses.descriptors + this.#nextAvailable * DESCRIPTOR_BYTES + 14;
    const flags = this.#memory.load16(at);
    const available = (flags & PACKED_AVAILABLE) === 0 ? 0 : 1;
    const used = (flags & PACKED_USED) === 0 ? 0 : 1;
    return available === this.#availableWrap && used !== this.#availableWrap;
  }

  #readChain(chain: DeviceChain): VirtioFaultKind | undefined {
    let index = this.#nextAvailable;
    for (let steps = 0; steps < this.size; steps += 1) {
      const at = this.#addresses.descriptors + index * DESCRIPTOR_BYTES;
      const address = loadAddress(this.#memory, at);
      const bytes = this.#memory.load32(at + 8);
      const flags = this.#memory.load16(at + 14);
      // The id of the last descriptor is the buffer's (2.8.6).
      chain.id = this.#memory.load16(at + 12);
      chain.slots += 1;
      if ((flags & DESCRIPTOR_INDIRECT) !== 0) {
        if (!this.#indirect || (flags & DESCRIPTOR_NEXT) !== 0) {
          return VirtioFaultKind.IndirectMalformed;
        }
        return addIndirect(this.#memory, chain, address, bytes, true);
      }
      const fault = addSegment(this.#memory, chain, address, bytes, flags);
      if (fault !== undefined) return fault;
      if ((flags & DESCRIPTOR_NEXT) === 0) return undefined;
      index = index + 1 === this.size ? 0 : index + 1;
    }
    return VirtioFaultKind.ChainTooLong;
  }

  #writeUsed(id: number, length: number, slots: number): void {
    const at = this.#addresses.descriptors + this.#nextUsed * DESCRIPTOR_BYTES;
    this.#memory.store32(at + 8, length);
    this.#memory.store16(at + 12, id);
    this.#memory.writeBarrier();
    let flags = this.#usedWrap === 1 ? PACKED_AVAILABLE | PACKED_USED : 0;
    if (length > 0) flags |= DESCRIPTOR_WRITE;
    this.#memory.store16(at + 14, flags);
    this.#slotsTaken -= slots;
    this.#usedSincePublish += slots;
    this.#nextUsed += slots;
    if (this.#nextUsed < this.size) return;
    this.#nextUsed -= this.size;
    this.#usedWrap = 1 - this.#usedWrap;
  }

  #die(kind: VirtioFaultKind, detail: number): TakeResult {
    this.fault = virtioFault(kind, this.#name, detail);
    this.#sink.fault(this.fault);
    return TakeResult.Dead;
  }
}
