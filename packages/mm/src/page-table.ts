/**
 * Four-level page tables of x86-64, leaves of 4 KiB, 2 MiB and 1 GiB.
 *
 * Entries are `u64`. A leaf whose present bit is clear but which is not 0 keeps its frame (PROT_NONE): the processor ignores
 * it, everything here does not. The software bits 9 and 10 say who owns the frame and that a leaf is large though not present.
 *
 * Nothing here invalidates translation caches: callers gather and do it. Never allocates from the heap.
 */
import { PAGE_BYTES, type u64 } from '@tessera/machine';
import type { PageAllocator } from './buddy.js';
import type { PhysicalMemory } from './physical-memory.js';

export const ENTRY_PRESENT = 1n;
export const ENTRY_WRITABLE = 2n;
export const ENTRY_UNCACHED = 0x18n;
export const ENTRY_ACCESSED = 0x20n;
export const ENTRY_DIRTY = 0x40n;
export const ENTRY_LARGE = 0x80n;
export const ENTRY_GLOBAL = 0x100n;
/** The frame belongs to the address space and is freed with the leaf; otherwise a pager owns it. */
export const ENTRY_OWNED = 0x200n;
export const ENTRY_NO_EXECUTE = 0x8000_0000_0000_0000n;
const ADDRESS_MASK = 0x000f_ffff_ffff_f000n;
const TABLE_FLAGS = 3n;

/** Bytes that one entry covers: levels 0 (4 KiB) to 3 (512 GiB). */
const LEVEL_BYTES: readonly number[] = [0x1000, 0x20_0000, 0x4000_0000, 0x80_0000_0000];
const ENTRIES = 512;
export const LEVEL_TOP = 3;

export function entryAddress(entry: u64): number {
  return Number(entry & ADDRESS_MASK);
}

export function makeEntry(physical: number, flags: u64): u64 {
  return BigInt(physical) | flags;
}

/** What a range walk does with each leaf. Answers the entry to store: 0 removes the leaf. */
export interface LeafVisitor {
  leaf(address: number, entry: u64, byteLength: number): u64;
}

export class PageTable {
  readonly root: number;
  private readonly memory: PhysicalMemory;
  private readonly allocator: PageAllocator;

  /** `root`: physical address of the top table. */
  constructor(root: number, memory: PhysicalMemory, allocator: PageAllocator) {
    this.root = root;
    this.memory = memory;
    this.allocator = allocator;
  }

  private slot(table: number, address: number, level: number): number {
    return table + (Math.trunc(address / LEVEL_BYTES[level]) % ENTRIES) * 8;
  }

  /** The leaf that covers the address, or 0. Its size is found by `leafBytes`. */
  lookup(address: number): u64 {
    let table = this.root;
    for (let level = LEVEL_TOP; level > 0; level--) {
      const entry = this.memory.load64(this.slot(table, address, level));
      if (entry === 0n || (entry & ENTRY_LARGE) !== 0n) return entry;
      table = entryAddress(entry);
    }
    return this.memory.load64(this.slot(table, address, 0));
  }

  /** Bytes of the leaf at an address; 0 when there is none. */
  leafBytes(address: number): number {
    let table = this.root;
    for (let level = LEVEL_TOP; level > 0; level--) {
      const entry = this.memory.load64(this.slot(table, address, level));
      if (entry === 0n) return 0;
      if ((entry & ENTRY_LARGE) !== 0n) return LEVEL_BYTES[level];
      table = entryAddress(entry);
    }
    return this.memory.load64(this.slot(table, address, 0)) === 0n ? 0 : PAGE_BYTES;
  }

  /** The physical address behind an address that the processor could read, or -1. */
  translate(address: number): number {
    const entry = this.lookup(address);
    if ((entry & ENTRY_PRESENT) === 0n) return -1;
    const bytes = this.leafBytes(address);
    const base =
      bytes === PAGE_BYTES ? entryAddress(entry) : Math.trunc(entryAddress(entry) / bytes) * bytes;
    return base + (address % bytes);
  }

  /** Stores a 4 KiB leaf, making tables on the way. False when there is no memory for one. */
  set(address: number, entry: u64): boolean {
    return this.setAt(address, entry, 0);
  }

  /** Stores a leaf of 2 MiB (level 1) or 1 GiB (level 2); `entry` carries ENTRY_LARGE. No smaller leaf may be there. */
  setLarge(address: number, entry: u64, level: number): boolean {
    return this.setAt(address, entry | ENTRY_LARGE, level);
  }

  private setAt(address: number, entry: u64, leafLevel: number): boolean {
    let table = this.root;
    for (let level = LEVEL_TOP; level > leafLevel; level--) {
      const at = this.slot(table, address, level);
      let next = this.memory.load64(at);
      if (next === 0n) {
        const page = this.allocator.allocateZeroed();
        if (page < 0) return false;
        next = makeEntry(page, TABLE_FLAGS);
        this.memory.store64(at, next);
      } else if ((next & ENTRY_LARGE) !== 0n) {
        if (!this.split(at, next, level)) return false;
        next = this.memory.load64(at);
      }
      table = entryAddress(next);
    }
    this.memory.store64(this.slot(table, address, leafLevel), entry);
    return true;
  }

  /** Replaces a large leaf by a table of leaves one level smaller with the same meaning. */
  private split(at: number, entry: u64, level: number): boolean {
    const page = this.allocator.allocate(0);
    if (page < 0) return false;
    const below = LEVEL_BYTES[level - 1];
    const base = Math.trunc(entryAddress(entry) / LEVEL_BYTES[level]) * LEVEL_BYTES[level];
    let flags = BigInt.asUintN(64, entry & (0xfffn | ENTRY_NO_EXECUTE));
    if (level === 1) flags &= BigInt.asUintN(64, ~ENTRY_LARGE);
    for (let index = 0; index < ENTRIES; index++) {
      this.memory.store64(page + index * 8, makeEntry(base + index * below, flags));
    }
    this.memory.store64(at, makeEntry(page, TABLE_FLAGS));
    return true;
  }

  /**
   * Visits every leaf in [start, end) in order; missing tables are skipped whole. A large leaf that sticks out is split.
   * Tables that the range covers whole are freed once empty. False when a split found no memory (then nothing after it was
   * visited). Preconditions: page aligned.
   */
  visit(start: number, end: number, visitor: LeafVisitor): boolean {
    return this.visitTable(this.root, LEVEL_TOP, start, end, visitor);
  }

  /** @depth 4 */
  private visitTable(
    table: number,
    level: number,
    start: number,
    end: number,
    visitor: LeafVisitor,
  ): boolean {
    const bytes = LEVEL_BYTES[level];
    let address = start;
    while (address < end) {
      const entryStart = Math.trunc(address / bytes) * bytes;
      const entryEnd = entryStart + bytes;
      const stop = Math.min(entryEnd, end);
      const at = this.slot(table, address, level);
      const entry = this.memory.load64(at);
      if (entry !== 0n) {
        const whole = address === entryStart && stop === entryEnd;
        if (level === 0 || ((entry & ENTRY_LARGE) !== 0n && whole)) {
          const changed = visitor.leaf(address, entry, bytes);
          if (changed !== entry) this.memory.store64(at, changed);
        } else {
          if ((entry & ENTRY_LARGE) !== 0n && !this.split(at, entry, level)) return false;
          const below = entryAddress(this.memory.load64(at));
          if (!this.visitTable(below, level - 1, address, stop, visitor)) return false;
          if (whole && this.isEmpty(below)) {
            this.memory.store64(at, 0n);
            this.allocator.release(below, 0);
          }
        }
      }
      address = stop;
    }
    return true;
  }

  private isEmpty(table: number): boolean {
    for (let index = 0; index < ENTRIES; index++)
      if (this.memory.load64(table + index * 8) !== 0n) return false;
    return true;
  }
}
