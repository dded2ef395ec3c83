/** Memory shared with Xen and other domains, through the direct map: addresses are guest-physical. */
import {
  addressOf,
  atomicCompareExchange32,
  copy,
  fence,
  fill,
  physicalToVirtual,
  vload8,
  vload16,
  vload32,
  vstore8,
  vstore16,
  vstore32,
} from '@tessera/machine';
import type { PageSource, SharedMemory } from '../memory.js';

const PAGE_BYTES = 4096;

export class DirectSharedMemory implements SharedMemory {
  readonly #limit: number;

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

  store8(address: number, value: number): void {
    vstore8(physicalToVirtual(address), value);
  }

  store16(address: number, value: number): void {
    vstore16(physicalToVirtual(address), value);
  }

  store32(address: number, value: number): void {
    vstore32(physicalToVirtual(address), value);
  }

  /** Through the 32-bit word around it; the other half may change meanwhile, then it is tried again. */
  compareExchange16(address: number, expected: number, replacement: number): number {
    const word = address - (address % 4);
    const shift = (address % 4) * 8;
    const mask = (0xffff << shift) >>> 0;
    for (;;) {
      const old = this.load32(word);
      const half = (old >>> shift) & 0xffff;
      if (half !== expected) return half;
      const next = ((old & ~mask) | (replacement << shift)) >>> 0;
      if (this.compareExchange32(word, old, next) === old) return half;
    }
  }

  compareExchange32(address: number, expected: number, replacement: number): number {
    return atomicCompareExchange32(physicalToVirtual(address), expected, replacement);
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

function checkRange(view: Uint8Array, offset: number, bytes: number): void {
  if (offset < 0 || bytes < 0 || bytes > view.length - offset)
    throw new RangeError('copy outside a view');
}

/** What the page allocator of `mm` offers; frames are physical addresses, -1 when there are none. */
export interface FrameAllocator {
  allocate(order: number): number;
  releaseRange(physical: number, pages: number): void;
}

/** Contiguous zeroed pages; what a power of two has too many goes back at once. */
export class FramePages implements PageSource {
  readonly #frames: FrameAllocator;

  constructor(frames: FrameAllocator) {
    this.#frames = frames;
  }

  takePages(count: number): number {
    let order = 0;
    while (1 << order < count) order += 1;
    const address = this.#frames.allocate(order);
    if (address < 0) return -1;
    const spare = (1 << order) - count;
    if (spare > 0) this.#frames.releaseRange(address + count * PAGE_BYTES, spare);
    fill(physicalToVirtual(address), 0, count * PAGE_BYTES);
    return address;
  }

  returnPages(address: number, count: number): void {
    this.#frames.releaseRange(address, count);
  }
}
