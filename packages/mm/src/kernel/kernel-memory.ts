/** Memory of an image: the allocator filled from the boot information, and the growth of the kernel's heap. */
import {
  type BootInformation,
  freeMemory,
  type HeapGrower,
  imageLimit,
  KERNEL_OFFSET,
  MEMORY_RAM,
  PAGE_BYTES,
  setHeapGrower,
} from '@tessera/machine';
import {
  DirectMemory,
  ENTRY_NO_EXECUTE,
  ENTRY_PRESENT,
  ENTRY_WRITABLE,
  makeEntry,
  PageAllocator,
  type PageTable,
} from '../index.js';

/** The direct map of the boot page tables ends here. */
const DIRECT_LIMIT = 0x1_0000_0000;

/** An allocator with every free page of the machine (below 4 GiB, which the boot page tables map). */
export function createAllocator(information: BootInformation): PageAllocator {
  let limit = 0;
  for (const range of information.memory) {
    const end = Math.min(range.start + range.bytes, DIRECT_LIMIT);
    if (range.type === MEMORY_RAM && end > limit) limit = end;
  }
  const allocator = new PageAllocator(new DirectMemory(), limit);
  const free = freeMemory(information, imageLimit() - KERNEL_OFFSET, limit);
  for (const range of free) allocator.addRange(range.start, range.end);
  return allocator;
}

class HeapGrowth implements HeapGrower {
  private readonly allocator: PageAllocator;
  private readonly table: PageTable;

  constructor(allocator: PageAllocator, table: PageTable) {
    this.allocator = allocator;
    this.table = table;
  }

  growHeap(start: number, byteLength: number): boolean {
    const flags = BigInt.asUintN(64, ENTRY_PRESENT | ENTRY_WRITABLE | ENTRY_NO_EXECUTE);
    for (let at = start; at < start + byteLength; at += PAGE_BYTES) {
      // A page that an earlier, refused growth got as far as.
      if (this.table.lookup(at) !== 0n) continue;
      const frame = this.allocator.allocateZeroed();
      if (frame < 0) return false;
      if (!this.table.set(at, makeEntry(frame, flags))) {
        this.allocator.release(frame, 0);
        return false;
      }
    }
    return true;
  }
}

/** From now on the heap grows by pages of the allocator. */
export function growHeapFrom(allocator: PageAllocator, table: PageTable): void {
  setHeapGrower(new HeapGrowth(allocator, table));
}
