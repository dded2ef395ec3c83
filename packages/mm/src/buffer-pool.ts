/**
 * Pages for bytes that outlive a call: caches, socket and DMA buffers. Freed at once, never by the collector.
 *
 * A buffer is a block of 2^order pages with an owner count; the last `release` gives it back. `vfs`' BufferPool is the
 * one-page face of it.
 */
import {
  addressOf,
  fill,
  PAGE_BYTES,
  panic,
  physicalToVirtual,
  viewAt,
  virtualToPhysical,
} from '@tessera/machine';
import type { PageAllocator } from './buddy.js';

export class PageBuffer {
  readonly physical: number;
  readonly order: number;
  readonly bytes: Uint8Array;
  private owners = 1;

  constructor(physical: number, order: number) {
    this.physical = physical;
    this.order = order;
    this.bytes = viewAt(physicalToVirtual(physical), PAGE_BYTES << order);
  }

  get references(): number {
    return this.owners;
  }

  /** @internal Use the pool. */
  change(by: number): number {
    this.owners += by;
    return this.owners;
  }
}

export class BufferPool {
  private readonly allocator: PageAllocator;
  private pages = 0;

  constructor(allocator: PageAllocator) {
    this.allocator = allocator;
  }

  /** Pages that are out. */
  get pagesInUse(): number {
    return this.pages;
  }

  /** 2^order pages with any content, one owner; undefined when memory is short. */
  allocate(order: number): PageBuffer | undefined {
    const physical = this.allocator.allocate(order);
    if (physical < 0) return undefined;
    this.pages += 1 << order;
    return new PageBuffer(physical, order);
  }

  retain(buffer: PageBuffer): void {
    if (buffer.change(1) <= 1) panic('mm: a buffer is retained after its release');
  }

  release(buffer: PageBuffer): void {
    const left = buffer.change(-1);
    if (left < 0) panic('mm: a buffer is released twice');
    if (left > 0) return;
    this.pages -= 1 << buffer.order;
    this.allocator.release(buffer.physical, buffer.order);
  }

  /** One zeroed page that the caller owns alone, or undefined. */
  allocatePage(): Uint8Array | undefined {
    const physical = this.allocator.allocate(0);
    if (physical < 0) return undefined;
    this.pages++;
    fill(physicalToVirtual(physical), 0, PAGE_BYTES);
    return viewAt(physicalToVirtual(physical), PAGE_BYTES);
  }

  /** Takes a page of `allocatePage` back. */
  freePage(page: Uint8Array): void {
    this.pages--;
    this.allocator.release(virtualToPhysical(addressOf(page)), 0);
  }
}
