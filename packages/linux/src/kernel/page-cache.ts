/**
 * File pages for mappings.
 *
 * A file system that has its pages in memory (the packed root, files in memory) gives them as they lie: the page table
 * points into the image, and nothing is copied. What cannot be given in place is read into a page of the cache, which lives
 * as long as the mapping.
 */
import { addressOf, physicalToVirtual, viewAt, virtualToPhysical } from '@tessera/machine';
import type { PageAllocator } from '@tessera/mm';
import { Attributes, type BufferPool, PAGE_BYTES, type Vnode } from '@tessera/vfs';
import type { FilePager, PagerSource } from '../contract.js';

const NO_MEMORY = -12;
const IO_ERROR = -5;

/** Pages of files in memory, from the page allocator. */
export class KernelPagePool implements BufferPool {
  private readonly allocator: PageAllocator;

  constructor(allocator: PageAllocator) {
    this.allocator = allocator;
  }

  allocatePage(): Uint8Array | undefined {
    const physical = this.allocator.allocateZeroed();
    return physical < 0 ? undefined : viewAt(physicalToVirtual(physical), PAGE_BYTES);
  }

  freePage(page: Uint8Array): void {
    this.allocator.release(virtualToPhysical(addressOf(page)), 0);
  }
}

class VnodePager implements FilePager {
  private readonly node: Vnode;
  private readonly shared: boolean;
  private readonly allocator: PageAllocator;
  private readonly attributes: Attributes = new Attributes();
  /** Copies, by page index. */
  private readonly copies = new Map<number, number>();

  constructor(node: Vnode, shared: boolean, allocator: PageAllocator) {
    this.node = node;
    this.shared = shared;
    this.allocator = allocator;
  }

  get bytes(): number {
    this.node.stat(this.attributes);
    return this.attributes.size;
  }

  page(offset: number, write: boolean): number {
    const index = Math.trunc(offset / PAGE_BYTES);
    const copied = this.copies.get(index);
    if (copied !== undefined) return copied;
    const inPlace = this.node.page(index, this.shared || write);
    if (inPlace !== undefined && inPlace.length === PAGE_BYTES) {
      const address = addressOf(inPlace);
      if (address % PAGE_BYTES === 0) return virtualToPhysical(address);
    }
    return this.copy(index);
  }

  private copy(index: number): number {
    const physical = this.allocator.allocateZeroed();
    if (physical < 0) return NO_MEMORY;
    const into = viewAt(physicalToVirtual(physical), PAGE_BYTES);
    let done = 0;
    while (done < PAGE_BYTES) {
      const count = this.node.read(index * PAGE_BYTES + done, into.subarray(done, PAGE_BYTES));
      if (count < 0) {
        this.allocator.release(physical, 0);
        return IO_ERROR;
      }
      if (count === 0) break;
      done += count;
    }
    this.copies.set(index, physical);
    return physical;
  }

  retain(): void {
    this.node.opened();
  }

  /** The last mapping is gone. */
  release(): void {
    for (const physical of this.copies.values()) this.allocator.release(physical, 0);
    this.copies.clear();
    this.node.closed();
  }
}

/** One pager per file and kind, so that neighbouring mappings of one file can join. */
export class KernelPagers implements PagerSource {
  private readonly allocator: PageAllocator;
  private readonly privatePagers = new Map<Vnode, FilePager>();
  private readonly sharedPagers = new Map<Vnode, FilePager>();

  constructor(allocator: PageAllocator) {
    this.allocator = allocator;
  }

  pagerFor(node: Vnode, shared: boolean): FilePager | undefined {
    const pagers = shared ? this.sharedPagers : this.privatePagers;
    const known = pagers.get(node);
    if (known !== undefined) return known;
    const pager = new VnodePager(node, shared, this.allocator);
    pagers.set(node, pager);
    return pager;
  }
}
