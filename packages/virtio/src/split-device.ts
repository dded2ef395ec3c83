/** Device side of a split virtqueue; layout in split-driver.ts. The driver is not trusted either. */

import { addIndirect, addSegment } from './descriptor-reader.js';
import type { DeviceChain } from './device-chain.js';
import { type FaultSink, type VirtioFault, VirtioFaultKind, virtioFault } from './fault.js';
import { InOrderLedger } from './in-order-ledger.js';
import { type GuestMemory, loadAddress } from './memory.js';
import {
  DESCRIPTOR_BYTES,
  DESCRIPTOR_INDIRECT,
  DESCRIPTOR_NEXT,
  type DeviceQueue,
  needEvent,
  type QueueAddresses,
  type QueueOptions,
  TakeResult,
} from './queue.js';

const NO_INTERRUPT = 1;
const NO_NOTIFY = 1;

export class SplitDeviceQueue implements DeviceQueue {
  readonly size: number;
  fault: VirtioFault | undefined = undefined;
  readonly #memory: GuestMemory;
  readonly #addresses: QueueAddresses;
  readonly #sink: FaultSink;
  readonly #name: string;
  readonly #mask: number;
  readonly #indirect: boolean;
  readonly #eventIndex: boolean;
  readonly #ledger: InOrderLedger | undefined;
  /** 1 while the chain with this head is with the device. */
  readonly #taken: Uint8Array;
  #availableIndex: number;
  #usedIndex: number;
  #publishedIndex: number;

  /** Preconditions: `size` is a power of two; the rings lie in guest memory (the transport checked). */
  constructor(options: QueueOptions, addresses: QueueAddresses) {
    this.size = options.size;
    this.#memory = options.memory;
    this.#addresses = addresses;
    this.#sink = options.sink;
    this.#name = options.name;
    this.#mask = options.size - 1;
    this.#indirect = options.indirect;
    this.#eventIndex = options.eventIndex;
    this.#ledger = options.inOrder ? new InOrderLedger(options.size) : undefined;
    this.#taken = new Uint8Array(options.size);
    this.#availableIndex = options.firstIndex & 0xffff;
    this.#usedIndex = this.#availableIndex;
    this.#publishedIndex = this.#availableIndex;
  }

  take(chain: DeviceChain): TakeResult {
    if (this.fault !== undefined) return TakeResult.Dead;
    const driverIndex = this.#memory.load16(this.#addresses.driverArea + 2);
    const waiting = (driverIndex - this.#availableIndex) & 0xffff;
    if (waiting === 0) return TakeResult.Empty;
    if (waiting > this.size) return this.#die(VirtioFaultKind.IndexAhead, driverIndex);
    this.#memory.readBarrier();
    const slot = this.#addresses.driverArea + 4 + (this.#availableIndex & this.#mask) * 2;
    const head = this.#memory.load16(slot);
    if (head >= this.size) return this.#die(VirtioFaultKind.IdOutOfRange, head);
    if (this.#taken[head] === 1) return this.#die(VirtioFaultKind.DuplicateHead, head);
    chain.clear();
    chain.id = head;
    chain.slots = 1;
    const fault = this.#readChain(head, chain);
    if (fault !== undefined) return this.#die(fault, head);
    this.#taken[head] = 1;
    this.#availableIndex = (this.#availableIndex + 1) & 0xffff;
    if (this.#ledger !== undefined) this.#ledger.taken(head, 1, chain.writableBytes);
    return TakeResult.Taken;
  }

  complete(chain: DeviceChain, writtenBytes: number): void {
    if (this.fault !== undefined) return;
    this.#taken[chain.id] = 0;
    const ledger = this.#ledger;
    if (ledger === undefined) {
      this.#writeUsed(chain.id, writtenBytes);
      this.#usedIndex = (this.#usedIndex + 1) & 0xffff;
      return;
    }
    ledger.done(chain.id, writtenBytes);
  }

  publish(): boolean {
    if (this.fault !== undefined) return false;
    const ledger = this.#ledger;
    if (ledger !== undefined) {
      while (ledger.nextBatch()) {
        this.#writeUsed(ledger.batchId, ledger.batchLength);
        this.#usedIndex = (this.#usedIndex + ledger.batchSlots) & 0xffff;
      }
    }
    const old = this.#publishedIndex;
    const next = this.#usedIndex;
    if (old === next) return false;
    this.#memory.writeBarrier();
    this.#memory.store16(this.#addresses.deviceArea + 2, next);
    this.#publishedIndex = next;
    this.#memory.fullBarrier();
    if (this.#eventIndex) {
      return needEvent(
        this.#memory.load16(this.#addresses.driverArea + 4 + this.size * 2),
        next,
        old,
      );
    }
    return (this.#memory.load16(this.#addresses.driverArea) & NO_INTERRUPT) === 0;
  }

  enableNotifications(): boolean {
    if (this.fault !== undefined) return false;
    if (this.#eventIndex) {
      this.#memory.store16(this.#addresses.deviceArea + 4 + this.size * 8, this.#availableIndex);
    } else this.#memory.store16(this.#addresses.deviceArea, 0);
    this.#memory.fullBarrier();
    return this.#memory.load16(this.#addresses.driverArea + 2) !== this.#availableIndex;
  }

  disableNotifications(): void {
    if (this.fault !== undefined) return;
    if (this.#eventIndex) {
      const never = (this.#availableIndex - 1) & 0xffff;
      this.#memory.store16(this.#addresses.deviceArea + 4 + this.size * 8, never);
    } else this.#memory.store16(this.#addresses.deviceArea, NO_NOTIFY);
  }

  #readChain(head: number, chain: DeviceChain): VirtioFaultKind | undefined {
    let index = head;
    for (let steps = 0; steps < this.size; steps += 1) {
      const at = this.#addresses.descriptors + index * DESCRIPTOR_BYTES;
      const address = loadAddress(this.#memory, at);
      const bytes = this.#memory.load32(at + 8);
      const flags = this.#memory.load16(at + 12);
      if ((flags & DESCRIPTOR_INDIRECT) !== 0) {
        // A table ends the chain (2.7.5.3.1).
        if (!this.#indirect || (flags & DESCRIPTOR_NEXT) !== 0) {
          return VirtioFaultKind.IndirectMalformed;
        }
        return addIndirect(this.#memory, chain, address, bytes, false);
      }
      const fault = addSegment(this.#memory, chain, address, bytes, flags);
      if (fault !== undefined) return fault;
      if ((flags & DESCRIPTOR_NEXT) === 0) return undefined;
      index = this.#memory.load16(at + 14);
      if (index >= this.size) return VirtioFaultKind.IdOutOfRange;
    }
    return VirtioFaultKind.ChainTooLong;
  }

  #writeUsed(id: number, length: number): void {
    const entry = this.#addresses.deviceArea + 4 + (this.#usedIndex & this.#mask) * 8;
    this.#memory.store32(entry, id);
    this.#memory.store32(entry + 4, length);
  }

  #die(kind: VirtioFaultKind, detail: number): TakeResult {
    this.fault = virtioFault(kind, this.#name, detail);
    this.#sink.fault(this.fault);
    return TakeResult.Dead;
  }
}
