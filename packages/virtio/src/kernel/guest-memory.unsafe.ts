/**
 * Memory shared with devices, through the direct map: addresses are physical. x86 keeps stores in order among stores and
 * loads among loads, and `v` accesses are never merged or moved by the compiler, so only the full barrier is an
 * instruction.
 */
import {
  addressOf,
  copy,
  DIRECT_MAP_START,
  fence,
  fill,
  physicalToVirtual,
  type u64,
  vload8,
  vload16,
  vload32,
  vload64,
  vstore8,
  vstore16,
  vstore32,
  vstore64,
} from '@tessera/machine';
import type { DmaAllocator, GuestMemory } from '../memory.js';

export class DirectGuestMemory implements GuestMemory {
  readonly #limit: number;

  /** `limit` is the end of physical memory. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  load8(address: number): number {
    return vload8(physicalToVirtual(address));
  }

  load16(address: number): number {
    return vload16(physicalToVirtual(address));
  }

  load32(address: number): number {
    return vload32(physicalToVirtual(address));
  }

  load64(address: number): u64 {
    return vload64(physicalToVirtual(address));
  }

  store8(address: number, value: number): void {
    vstore8(physicalToVirtual(address), value);
  }

  store16(address: number, value: number): void {
    vstore16(physicalToVirtual(address), value);
  }

  store32(address: number, value: number): void {
    vstore32(physicalToVirtual(address), value);
  }

  store64(address: number, value: u64): void {
    vstore64(physicalToVirtual(address), value);
  }

  copyOut(address: number, into: Uint8Array, offset: number, bytes: number): void {
    if (bytes === 0) return;
    checkRange(into, offset, bytes);
    copy(addressOf(into) + offset, physicalToVirtual(address), bytes);
  }

  copyIn(address: number, from: Uint8Array, offset: number, bytes: number): void {
    if (bytes === 0) return;
    checkRange(from, offset, bytes);
    copy(physicalToVirtual(address), addressOf(from) + offset, bytes);
  }

  contains(address: number, bytes: number): boolean {
    return address >= 0 && bytes >= 0 && bytes <= this.#limit - address;
  }

  writeBarrier(): void {}

  readBarrier(): void {}

  fullBarrier(): void {
    fence();
  }
}

/** Raw copies check nothing: the view's bounds are checked here, by its own rules. */
function checkRange(view: Uint8Array, offset: number, bytes: number): void {
  if (offset < 0 || bytes < 0 || bytes > view.length - offset)
    throw new RangeError('copy outside a view');
}

/** What the page allocator of `mm` offers; frames are physical addresses, -1 when there are none. */
export interface FrameAllocator {
  allocate(order: number): number;
  release(physical: number, order: number): void;
}

const PAGE_BYTES = 4096;
const ORDER_LIMIT = 10;

/**
 * Device memory in whole pages. Requests below a page share one, first fit at its end: rings and headers of one device
 * are small and live as long as the device.
 */
export class FrameDmaAllocator implements DmaAllocator {
  readonly #frames: FrameAllocator;
  #page = -1;
  #used = PAGE_BYTES;

  constructor(frames: FrameAllocator) {
    this.#frames = frames;
  }

  allocate(bytes: number, alignment: number): number {
    if (alignment > PAGE_BYTES) return -1;
    if (bytes < PAGE_BYTES && alignment < PAGE_BYTES) {
      const start = Math.trunc((this.#used + alignment - 1) / alignment) * alignment;
      if (start + bytes <= PAGE_BYTES) {
        this.#used = start + bytes;
        return this.#page + start;
      }
    }
    const order = orderOf(bytes);
    const address = order > ORDER_LIMIT ? -1 : this.#frames.allocate(order);
    if (address < 0) return -1;
    fill(physicalToVirtual(address), 0, PAGE_BYTES * (1 << order));
    if (bytes < PAGE_BYTES && alignment < PAGE_BYTES) {
      this.#page = address;
      this.#used = bytes;
    }
    return address;
  }

  /** Parts of a shared page stay taken. */
  release(address: number, bytes: number): void {
    if (bytes >= PAGE_BYTES) this.#frames.release(address, orderOf(bytes));
  }
}

function orderOf(bytes: number): number {
  let order = 0;
  while (PAGE_BYTES * (1 << order) < bytes) order += 1;
  return order;
}

/** For `BlockDriverOptions.addressOf`: views of pages are device-visible, the kernel's heap is copied. */
export function physicalOfView(bytes: Uint8Array, limit: number): number {
  const address = addressOf(bytes);
  if (address < DIRECT_MAP_START || address >= DIRECT_MAP_START + limit) return -1;
  return address - DIRECT_MAP_START;
}
