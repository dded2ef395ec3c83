/**
 * Pages of physical memory in blocks of 2^order, split and joined with their buddies.
 *
 * What is free is known by one bit for each block of each order, and by lists threaded through the free blocks themselves
 * (next at byte 0, previous at byte 8), so that start-up touches one word for each maximal block and nothing for each page.
 * A second bitmap says which pages are out, so that a double release stops the machine; the allocator does not remember
 * blocks: one may come back in pieces.
 *
 * Single pages come and go through a small stack of pages that are neither out nor in a list, so that the common case
 * touches neither lists nor neighbours. `drain` empties it; a large request that fails does so by itself.
 *
 * Not thread-safe: the caller holds its lock. Never allocates from the heap after construction, so that the heap may grow
 * from here.
 */
import { PAGE_BYTES, panic } from '@tessera/machine';
import { ORDER_MAX } from './limits.js';
import type { PhysicalMemory } from './physical-memory.js';

const NONE = -1;
/** Single pages kept at hand, and the block that refills them. */
const CACHE_PAGES = 64;
const REFILL_ORDER = 4;

export class PageAllocator {
  private readonly memory: PhysicalMemory;
  /** Pages that the bitmaps cover, from physical 0. */
  private readonly pageLimit: number;
  private readonly bits: Uint8Array;
  /** First bit of each order. */
  private readonly orderBits: number[] = [];
  private readonly heads: number[] = [];
  private readonly out: Uint8Array;
  /** Pages in the lists; the cached ones come on top. */
  private free = 0;
  private total = 0;
  private readonly cache: number[] = [];
  private cached = 0;

  /** `limit`: physical addresses at or above are never handed to `addRange`. */
  constructor(memory: PhysicalMemory, limit: number) {
    this.memory = memory;
    this.pageLimit = Math.trunc((limit + PAGE_BYTES - 1) / PAGE_BYTES);
    let bits = 0;
    for (let order = 0; order <= ORDER_MAX; order++) {
      this.orderBits.push(bits);
      this.heads.push(NONE);
      bits += Math.trunc(this.pageLimit / this.pagesOf(order)) + 1;
    }
    this.bits = new Uint8Array(Math.trunc(bits / 8) + 1);
    this.out = new Uint8Array(Math.trunc(this.pageLimit / 8) + 1);
    for (let index = 0; index < CACHE_PAGES; index++) this.cache.push(0);
  }

  get freePages(): number {
    return this.free + this.cached;
  }

  get totalPages(): number {
    return this.total;
  }

  private pagesOf(order: number): number {
    return 1 << order;
  }

  /** Gives the range [start, end) to the allocator. Preconditions: page aligned, RAM, in use by nobody. */
  addRange(start: number, end: number): void {
    if (start % PAGE_BYTES !== 0 || end % PAGE_BYTES !== 0 || end < start)
      panic('mm: a range of memory is not page aligned');
    if (end > this.pageLimit * PAGE_BYTES) panic('mm: a range of memory is above the limit');
    const pages = Math.trunc((end - start) / PAGE_BYTES);
    this.total += pages;
    this.freePagesFrom(Math.trunc(start / PAGE_BYTES), pages);
  }

  /** The physical address of 2^order pages with any content, aligned to their size, or -1. */
  allocate(order: number): number {
    if (order < 0 || order > ORDER_MAX) return NONE;
    let page = NONE;
    if (order === 0) {
      if (this.cached === 0) this.refill();
      if (this.cached === 0) return NONE;
      this.cached--;
      page = this.cache[this.cached];
    } else {
      page = this.takeBlock(order);
      if (page === NONE) {
        this.drain();
        page = this.takeBlock(order);
      }
      if (page === NONE) return NONE;
    }
    this.setOut(page, this.pagesOf(order), true);
    return page * PAGE_BYTES;
  }

  private refill(): void {
    let order = REFILL_ORDER;
    let page = this.takeBlock(order);
    if (page === NONE) {
      order = 0;
      page = this.takeBlock(0);
      if (page === NONE) return;
    }
    for (let index = this.pagesOf(order) - 1; index >= 0; index--) {
      this.cache[this.cached] = page + index;
      this.cached++;
    }
  }

  /** Gives the cached pages back to the lists. */
  drain(): void {
    this.drainTo(0);
  }

  private drainTo(keep: number): void {
    while (this.cached > keep) {
      this.cached--;
      this.freeBlock(this.cache[this.cached], 0);
    }
  }

  private takeBlock(order: number): number {
    let from = order;
    while (from <= ORDER_MAX && this.heads[from] === NONE) from++;
    if (from > ORDER_MAX) return NONE;
    const page = this.heads[from];
    this.unlink(page, from);
    while (from > order) {
      from--;
      this.link(page + this.pagesOf(from), from);
    }
    this.free -= this.pagesOf(order);
    return page;
  }

  private isOut(page: number): boolean {
    return (this.out[page >> 3] & (1 << (page & 7))) !== 0;
  }

  private setOut(firstPage: number, pages: number, isOut: boolean): void {
    for (let page = firstPage; page < firstPage + pages; page++) {
      const mask = 1 << (page & 7);
      const bits = this.out[page >> 3];
      this.out[page >> 3] = isOut ? bits | mask : bits & (255 - mask);
    }
  }

  /** Pages that come back: each must be out. */
  private takeBack(firstPage: number, pages: number): void {
    if (firstPage + pages > this.pageLimit) panic('mm: a freed block is above the limit');
    for (let page = firstPage; page < firstPage + pages; page++)
      if (!this.isOut(page)) panic('mm: a page is freed twice');
    this.setOut(firstPage, pages, false);
  }

  /** One zeroed page, or -1. */
  allocateZeroed(): number {
    const physical = this.allocate(0);
    if (physical !== NONE) this.memory.clear(physical, PAGE_BYTES);
    return physical;
  }

  /** Takes back 2^order pages. A block that was given out may come back in pieces. */
  release(physical: number, order: number): void {
    if (physical < 0 || physical % (PAGE_BYTES * this.pagesOf(order)) !== 0)
      panic('mm: a freed block is not aligned');
    const page = Math.trunc(physical / PAGE_BYTES);
    this.takeBack(page, this.pagesOf(order));
    if (order > 0) {
      this.freeBlock(page, order);
      return;
    }
    if (this.cached === CACHE_PAGES) this.drainTo(Math.trunc(CACHE_PAGES / 2));
    this.cache[this.cached] = page;
    this.cached++;
  }

  /** Takes back any number of pages. */
  releaseRange(physical: number, pages: number): void {
    if (pages === 1) {
      this.release(physical, 0);
      return;
    }
    if (physical % PAGE_BYTES !== 0) panic('mm: a freed range is not aligned');
    this.takeBack(Math.trunc(physical / PAGE_BYTES), pages);
    this.freePagesFrom(Math.trunc(physical / PAGE_BYTES), pages);
  }

  /** Whether the page is not out. */
  isFree(physical: number): boolean {
    return !this.isOut(Math.trunc(physical / PAGE_BYTES));
  }

  /** Number of free blocks of an order. */
  freeBlocks(order: number): number {
    let count = 0;
    for (let page = this.heads[order]; page !== NONE; page = this.memory.loadInt(page * PAGE_BYTES))
      count++;
    return count;
  }

  private freePagesFrom(firstPage: number, pages: number): void {
    let page = firstPage;
    let left = pages;
    while (left > 0) {
      let order = 0;
      while (
        order < ORDER_MAX &&
        page % this.pagesOf(order + 1) === 0 &&
        this.pagesOf(order + 1) <= left
      )
        order++;
      this.freeBlock(page, order);
      page += this.pagesOf(order);
      left -= this.pagesOf(order);
    }
  }

  private freeBlock(firstPage: number, firstOrder: number): void {
    if (firstPage + this.pagesOf(firstOrder) > this.pageLimit)
      panic('mm: a freed block is above the limit');
    let page = firstPage;
    let order = firstOrder;
    this.free += this.pagesOf(order);
    while (order < ORDER_MAX) {
      const index = Math.trunc(page / this.pagesOf(order));
      const buddy = index % 2 === 0 ? index + 1 : index - 1;
      if (!this.marked(buddy, order)) break;
      this.unlink(buddy * this.pagesOf(order), order);
      if (buddy < index) page = buddy * this.pagesOf(order);
      order++;
    }
    this.link(page, order);
  }

  private marked(index: number, order: number): boolean {
    const bit = this.orderBits[order] + index;
    const next = order < ORDER_MAX ? this.orderBits[order + 1] : this.bits.length * 8;
    return bit < next && (this.bits[Math.trunc(bit / 8)] & (1 << (bit % 8))) !== 0;
  }

  private mark(index: number, order: number, free: boolean): void {
    const bit = this.orderBits[order] + index;
    const at = Math.trunc(bit / 8);
    const mask = 1 << (bit % 8);
    this.bits[at] = free ? this.bits[at] | mask : this.bits[at] & (255 - mask);
  }

  private link(page: number, order: number): void {
    const head = this.heads[order];
    this.memory.storeInt(page * PAGE_BYTES, head);
    this.memory.storeInt(page * PAGE_BYTES + 8, NONE);
    if (head !== NONE) this.memory.storeInt(head * PAGE_BYTES + 8, page);
    this.heads[order] = page;
    this.mark(Math.trunc(page / this.pagesOf(order)), order, true);
  }

  private unlink(page: number, order: number): void {
    const next = this.memory.loadInt(page * PAGE_BYTES);
    const previous = this.memory.loadInt(page * PAGE_BYTES + 8);
    if (previous === NONE) this.heads[order] = next;
    else this.memory.storeInt(previous * PAGE_BYTES, next);
    if (next !== NONE) this.memory.storeInt(next * PAGE_BYTES + 8, previous);
    this.mark(Math.trunc(page / this.pagesOf(order)), order, false);
  }
}
