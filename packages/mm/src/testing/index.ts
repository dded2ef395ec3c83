/** An address space in simulated memory, a pager over bytes, and translation caches that remember, for tests and tools. */
import { load8, PAGE_BYTES, physicalToVirtual, store8 } from '@tessera/machine';
import {
  AddressSpace,
  DirectMemory,
  FAULT_RESOLVED,
  type PageAllocator,
  type Pager,
  PageAllocator as Pages,
  PageTable,
  type TranslationCaches,
} from '../index.js';

/** Behaves like the caches of another CPU: keeps what it saw until told, so that a forgotten invalidation shows. */
export class RememberingCaches implements TranslationCaches {
  readonly pages: Map<number, number> = new Map<number, number>();

  invalidate(start: number, end: number): void {
    for (const page of this.pages.keys()) if (page >= start && page < end) this.pages.delete(page);
  }

  invalidateHere(page: number): void {
    this.pages.delete(page);
  }
}

/** A file of bytes held in frames of an allocator. */
export class BytesPager implements Pager {
  readonly bytes: number;
  users = 0;
  private readonly frames: number[] = [];
  private readonly allocator: PageAllocator;

  constructor(content: Uint8Array, allocator: PageAllocator) {
    this.bytes = content.length;
    this.allocator = allocator;
    for (let start = 0; start < content.length; start += PAGE_BYTES) {
      const frame = allocator.allocateZeroed();
      if (frame < 0)
        throw new RangeError('the simulated machine has too little memory for this file');
      for (let at = 0; at < PAGE_BYTES && start + at < content.length; at++)
        store8(physicalToVirtual(frame + at), content[start + at] as number);
      this.frames.push(frame);
    }
  }

  page(offset: number, _write: boolean): number {
    return this.frames[Math.trunc(offset / PAGE_BYTES)] ?? -22;
  }

  retain(): void {
    this.users++;
  }

  release(): void {
    this.users--;
  }

  dispose(): void {
    for (const frame of this.frames) this.allocator.release(frame, 0);
  }
}

/** A program that reads and writes through page tables and takes page faults, as on a CPU. */
export class SimulatedProgram {
  readonly allocator: PageAllocator;
  readonly table: PageTable;
  readonly space: AddressSpace;
  readonly caches: RememberingCaches = new RememberingCaches();

  constructor(memoryBytes: number, base = 0x1000_0000) {
    const memory = new DirectMemory();
    this.allocator = new Pages(memory, base + memoryBytes);
    this.allocator.addRange(base, base + memoryBytes);
    const root = this.allocator.allocateZeroed();
    this.table = new PageTable(root, memory, this.allocator);
    this.space = new AddressSpace(memory, this.allocator, this.table, this.caches);
  }

  private reach(address: number, access: number): number {
    const page = address - (address % PAGE_BYTES);
    for (let attempt = 0; attempt < 3; attempt++) {
      const entry = this.table.lookup(page);
      const allowed = (entry & 1n) !== 0n && ((access & 2) === 0 || (entry & 2n) !== 0n);
      if (allowed) {
        const physical = this.table.translate(page);
        const cached = this.caches.pages.get(page);
        if (cached !== undefined && cached !== physical)
          throw new RangeError(`stale translation of ${page.toString(16)}`);
        this.caches.pages.set(page, physical);
        return physical + (address - page);
      }
      if (this.space.fault(address, access) !== FAULT_RESOLVED) return -1;
    }
    return -1;
  }

  /** The byte, or -1 where the program would get a signal. */
  read(address: number): number {
    const physical = this.reach(address, 0);
    return physical < 0 ? -1 : load8(physicalToVirtual(physical));
  }

  write(address: number, value: number): boolean {
    const physical = this.reach(address, 2);
    if (physical < 0) return false;
    store8(physicalToVirtual(physical), value);
    return true;
  }
}
