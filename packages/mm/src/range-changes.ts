/** What mprotect, munmap and mremap do with the leaves of a range; and how translation caches are told. */
import {
  invalidatePage,
  PAGE_BYTES,
  readPageTableRoot,
  type u64,
  writePageTableRoot,
} from '@tessera/machine';
import type { PageAllocator } from './buddy.js';
import { INVALIDATE_PAGES_MAX, RELEASE_BATCH } from './limits.js';
import {
  ENTRY_DIRTY,
  ENTRY_LARGE,
  ENTRY_OWNED,
  ENTRY_PRESENT,
  ENTRY_WRITABLE,
  entryAddress,
  type LeafVisitor,
  makeEntry,
  type PageTable,
} from './page-table.js';

/** Every CPU's memory of translations. */
export interface TranslationCaches {
  /** Returns when no CPU uses an old translation of the range any more. */
  invalidate(start: number, end: number): void;
  /** Only this CPU: for leaves that allow more than before. */
  invalidateHere(page: number): void;
}

/** The caches of a machine with one CPU. */
export class LocalCaches implements TranslationCaches {
  invalidate(start: number, end: number): void {
    if (end - start > INVALIDATE_PAGES_MAX * PAGE_BYTES) {
      writePageTableRoot(readPageTableRoot());
      return;
    }
    for (let page = start; page < end; page += PAGE_BYTES) invalidatePage(page);
  }

  invalidateHere(page: number): void {
    invalidatePage(page);
  }
}

/** Clears leaves and frees the frames that are owned, a batch at a time, after the caches were told. */
export class FrameReleaser implements LeafVisitor {
  private readonly allocator: PageAllocator;
  private readonly caches: TranslationCaches;
  private readonly frames: number[] = [];
  private readonly pages: number[] = [];
  private count = 0;
  private released = 0;
  private low = -1;
  private high = -1;

  constructor(allocator: PageAllocator, caches: TranslationCaches) {
    this.allocator = allocator;
    this.caches = caches;
    for (let index = 0; index < RELEASE_BATCH; index++) {
      this.frames.push(0);
      this.pages.push(0);
    }
  }

  begin(): void {
    this.count = 0;
    this.released = 0;
    this.low = -1;
  }

  leaf(address: number, entry: u64, byteLength: number): u64 {
    // This leaf is cleared when we return: what waits is behind it.
    if (this.count === RELEASE_BATCH) this.flush();
    if (this.low < 0) this.low = address;
    this.high = address + byteLength;
    if ((entry & ENTRY_OWNED) !== 0n) {
      this.frames[this.count] = entryAddress(entry);
      this.pages[this.count] = Math.trunc(byteLength / PAGE_BYTES);
      this.released += this.pages[this.count];
      this.count++;
    }
    return 0n;
  }

  private flush(): void {
    if (this.low >= 0) this.caches.invalidate(this.low, this.high);
    for (let index = 0; index < this.count; index++)
      this.allocator.releaseRange(this.frames[index], this.pages[index]);
    this.count = 0;
    this.low = -1;
  }

  /** Pages freed since `begin`. */
  finish(): number {
    this.flush();
    return this.released;
  }
}

/** Gives present leaves the flags of a new protection. */
export class ProtectionChanger implements LeafVisitor {
  private readonly ownedFlags: u64;
  private readonly pagerFlags: u64;
  private readonly shared: boolean;

  constructor(ownedFlags: u64, pagerFlags: u64, shared: boolean) {
    this.ownedFlags = ownedFlags;
    this.pagerFlags = pagerFlags;
    this.shared = shared;
  }

  leaf(_address: number, entry: u64, _byteLength: number): u64 {
    const frame = entryAddress(entry);
    const large = BigInt.asUintN(64, entry & ENTRY_LARGE);
    if ((entry & ENTRY_OWNED) !== 0n)
      return makeEntry(frame, BigInt.asUintN(64, this.ownedFlags | large));
    // A pager's leaf is found again by a fault; without access, or when a shared page may become writable, it goes.
    if (this.pagerFlags === 0n) return 0n;
    let flags = this.pagerFlags;
    if (
      this.shared &&
      (entry & ENTRY_WRITABLE) !== 0n &&
      (this.ownedFlags & ENTRY_WRITABLE) !== 0n
    ) {
      flags |= BigInt.asUintN(64, ENTRY_WRITABLE | ENTRY_DIRTY);
    }
    return makeEntry(frame, BigInt.asUintN(64, flags | ENTRY_PRESENT | large));
  }
}

/** Moves leaves by a distance. */
export class PageMover implements LeafVisitor {
  private readonly table: PageTable;
  private readonly distance: number;
  complete = true;

  constructor(table: PageTable, distance: number) {
    this.table = table;
    this.distance = distance;
  }

  leaf(address: number, entry: u64, byteLength: number): u64 {
    if (!this.complete) return entry;
    for (let at = 0; at < byteLength; at += PAGE_BYTES) {
      const small = BigInt.asUintN(64, entry & ~ENTRY_LARGE) + BigInt(at);
      if (!this.table.set(address + at + this.distance, small)) {
        this.complete = false;
        return entry;
      }
    }
    return 0n;
  }
}
