/**
 * One program's addresses: mmap, munmap, mprotect, mremap, madvise, brk and page faults, as Linux's manual pages say them.
 *
 * Regions say what should be there (regions.ts), page tables what is (page-table.ts). A mapping costs no frame until it is
 * touched. Frames that the address space owns (anonymous memory, private copies) have ENTRY_OWNED; those of a pager have not.
 *
 * Releasing: a leaf is cleared first, its frame waits in a batch, the translation caches are told, then the frame is free;
 * so no CPU can reach a frame that has a new owner.
 *
 * Calls are serialised by the caller (the process' mapping lock); `regions()` and the snapshot that `fault` reads need none.
 */
import {
  ACCESS_EXECUTE,
  ACCESS_WRITE,
  KERNEL_IMAGE_LIMIT,
  KERNEL_IMAGE_START,
  PAGE_BYTES,
  PROGRAM_LIMIT,
  PROGRAM_START,
  type u64,
} from '@tessera/machine';
import type { PageAllocator } from './buddy.js';
import { EEXIST, EFAULT, EINVAL, ENOMEM, EPERM } from './errno.js';
import { MAP_LOW_START, MAP_TOP, REGIONS_MAX } from './limits.js';
import {
  ENTRY_ACCESSED,
  ENTRY_DIRTY,
  ENTRY_NO_EXECUTE,
  ENTRY_OWNED,
  ENTRY_PRESENT,
  ENTRY_WRITABLE,
  entryAddress,
  makeEntry,
  type PageTable,
} from './page-table.js';
import type { PhysicalMemory } from './physical-memory.js';
import {
  FrameReleaser,
  PageMover,
  ProtectionChanger,
  type TranslationCaches,
} from './range-changes.js';
import { type Pager, PROT_EXEC, PROT_READ, PROT_WRITE, Region, RegionList } from './regions.js';

export const MAP_SHARED = 1;
export const MAP_PRIVATE = 2;
export const MAP_FIXED = 0x10;
export const MAP_ANONYMOUS = 0x20;
export const MAP_32BIT = 0x40;
export const MAP_POPULATE = 0x8000;
export const MAP_FIXED_NOREPLACE = 0x10_0000;
/** What one page table covers. */
const TABLE_SPAN_BYTES = 0x20_0000;
const MAP_TYPE = 0xf;
const MAP_SHARED_VALIDATE = 3;
/** What of the flags a region remembers: two mappings that differ in these are not joined. */
const MAP_KEPT = 0x0002_4323;

export const MREMAP_MAYMOVE = 1;
export const MREMAP_FIXED = 2;
export const MREMAP_DONTUNMAP = 4;

export const MADV_DONTNEED = 4;
export const MADV_FREE = 8;
const MADV_HINTS: readonly number[] = [0, 1, 2, 3, 10, 11, 12, 13, 14, 15, 16, 17, 20, 21];

export const FAULT_RESOLVED = 0;
export const FAULT_NO_MAPPING = 1;
export const FAULT_PROTECTION = 2;
export const FAULT_BUS = 3;
export const FAULT_NO_MEMORY = 4;

export interface MapRequest {
  /** 0: anywhere. */
  readonly address: number;
  readonly bytes: number;
  readonly protection: number;
  readonly flags: number;
  /** Undefined: anonymous. */
  readonly pager: Pager | undefined;
  readonly offset: number;
  readonly name: string;
}

export class AddressSpace {
  private readonly memory: PhysicalMemory;
  private readonly allocator: PageAllocator;
  private readonly table: PageTable;
  private readonly caches: TranslationCaches;
  private readonly list: RegionList = new RegionList();
  private readonly releaser: FrameReleaser;
  private breakStart = 0;
  private breakEnd = 0;
  /** Pages that this address space owns: the resident set without files. */
  private owned = 0;

  constructor(
    memory: PhysicalMemory,
    allocator: PageAllocator,
    table: PageTable,
    caches: TranslationCaches,
  ) {
    this.memory = memory;
    this.allocator = allocator;
    this.table = table;
    this.caches = caches;
    this.releaser = new FrameReleaser(allocator, caches);
  }

  regions(): readonly Region[] {
    return this.list.all();
  }

  residentPages(): number {
    return this.owned;
  }

  /** The address, or -errno. */
  map(request: MapRequest): number {
    const bytes = roundUp(request.bytes);
    if (request.bytes <= 0 || request.offset < 0 || request.offset % PAGE_BYTES !== 0)
      return -EINVAL;
    const type = request.flags & MAP_TYPE;
    if (type !== MAP_SHARED && type !== MAP_PRIVATE && type !== MAP_SHARED_VALIDATE) return -EINVAL;
    if (bytes > PROGRAM_LIMIT) return -ENOMEM;
    const address = this.place(request, bytes);
    if (address < 0) return address;
    if (this.list.all().length >= REGIONS_MAX) return -ENOMEM;
    const end = address + bytes;
    this.drop(address, end);
    const kept =
      (request.flags & MAP_KEPT & ~MAP_SHARED_VALIDATE) |
      (type === MAP_PRIVATE ? MAP_PRIVATE : MAP_SHARED);
    const pager = request.pager;
    if (pager !== undefined && !this.uses(pager)) pager.retain();
    const offset = pager === undefined ? 0 : request.offset;
    this.list.replace(address, end, [
      new Region(address, end, request.protection & 7, kept, pager, offset, request.name),
    ]);
    if ((request.flags & MAP_POPULATE) !== 0) this.populate(address, end, request.protection);
    return address;
  }

  private place(request: MapRequest, bytes: number): number {
    const fixed = (request.flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) !== 0;
    if (fixed) {
      if (request.address % PAGE_BYTES !== 0) return -EINVAL;
      if (request.address < PROGRAM_START) return -EPERM;
      if (!isMappable(request.address, bytes)) return -ENOMEM;
      if (
        (request.flags & MAP_FIXED_NOREPLACE) !== 0 &&
        !this.list.isFree(request.address, request.address + bytes)
      )
        return -EEXIST;
      return request.address;
    }
    const hint = roundDown(request.address);
    if (hint >= PROGRAM_START && isMappable(hint, bytes) && this.list.isFree(hint, hint + bytes))
      return hint;
    if ((request.flags & MAP_32BIT) !== 0) {
      const low = this.list.gapBelow(bytes, MAP_LOW_START, KERNEL_IMAGE_START);
      return low < 0 ? -ENOMEM : low;
    }
    const gap = this.list.gapBelow(bytes, KERNEL_IMAGE_LIMIT, MAP_TOP);
    return gap < 0 ? -ENOMEM : gap;
  }

  private populate(start: number, end: number, protection: number): void {
    const access = (protection & PROT_WRITE) !== 0 ? ACCESS_WRITE : 0;
    for (let address = start; address < end; address += PAGE_BYTES)
      if (this.fault(address, access) !== FAULT_RESOLVED) return;
  }

  /** 0, or -errno. */
  unmap(address: number, byteLength: number): number {
    if (address % PAGE_BYTES !== 0 || byteLength <= 0) return -EINVAL;
    const bytes = roundUp(byteLength);
    if (!isMappable(address, bytes)) return -EINVAL;
    this.drop(address, address + bytes);
    return 0;
  }

  /** Removes regions, leaves and frames of [start, end). */
  private drop(start: number, end: number): void {
    if (this.list.isFree(start, end)) return;
    const parts = this.list.within(start, end);
    this.list.replace(start, end, []);
    this.release(start, end);
    for (const part of parts) {
      const pager = part.pager;
      if (pager !== undefined && !this.uses(pager)) {
        // The same pager may appear in several parts: only the first finds it unused and released.
        if (firstOf(parts, pager) === part) pager.release();
      }
    }
  }

  private uses(pager: Pager): boolean {
    for (const region of this.list.all()) if (region.pager === pager) return true;
    return false;
  }

  /**
   * Frees every frame of [start, end) that is owned. After a large release the empty neighbourhood is walked too, so that
   * its page tables are covered whole and go; after a small one they stay, as the next mapping will want them.
   */
  private release(start: number, end: number): void {
    let from = start;
    let to = end;
    if (end - start >= TABLE_SPAN_BYTES && this.list.isFree(start, end)) {
      const low = start < KERNEL_IMAGE_START ? PROGRAM_START : KERNEL_IMAGE_LIMIT;
      const high = start < KERNEL_IMAGE_START ? KERNEL_IMAGE_START : PROGRAM_LIMIT;
      from = this.list.freeFrom(start, low);
      to = this.list.freeTo(end, high);
    }
    this.releaser.begin();
    this.table.visit(from, to, this.releaser);
    this.owned -= this.releaser.finish();
  }

  /** 0, or -errno. */
  protect(address: number, byteLength: number, protection: number): number {
    if (address % PAGE_BYTES !== 0 || byteLength < 0 || (protection & ~0x0300_0007) !== 0)
      return -EINVAL;
    if (byteLength === 0) return 0;
    const bytes = roundUp(byteLength);
    if (!isMappable(address, bytes)) return -ENOMEM;
    const end = address + bytes;
    if (!this.list.covers(address, end)) return -ENOMEM;
    const wanted = protection & 7;
    const changed: Region[] = [];
    for (const part of this.list.within(address, end)) changed.push(part.protectedAs(wanted));
    this.list.replace(address, end, changed);
    for (const part of changed) {
      const changer = new ProtectionChanger(
        this.flagsOf(part, true),
        this.flagsOf(part, false),
        (part.flags & MAP_SHARED) !== 0,
      );
      this.table.visit(part.start, part.end, changer);
    }
    this.caches.invalidate(address, end);
    return 0;
  }

  /** Entry flags of a page of this region; `owned` is false for a pager's page. */
  private flagsOf(region: Region, owned: boolean): u64 {
    if (region.protection === 0) return owned ? ENTRY_OWNED : 0n;
    let flags = BigInt.asUintN(64, ENTRY_PRESENT | ENTRY_ACCESSED | (owned ? ENTRY_OWNED : 0n));
    if ((region.protection & PROT_EXEC) === 0) flags |= ENTRY_NO_EXECUTE;
    if (owned && (region.protection & PROT_WRITE) !== 0)
      flags |= BigInt.asUintN(64, ENTRY_WRITABLE | ENTRY_DIRTY);
    return flags;
  }

  /** The new address, or -errno. */
  remap(
    oldAddress: number,
    oldByteLength: number,
    newByteLength: number,
    flags: number,
    newAddress: number,
  ): number {
    if (oldAddress % PAGE_BYTES !== 0 || oldByteLength <= 0 || newByteLength <= 0) return -EINVAL;
    if ((flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) !== 0) return -EINVAL;
    const oldBytes = roundUp(oldByteLength);
    const newBytes = roundUp(newByteLength);
    const fixed = (flags & MREMAP_FIXED) !== 0;
    if ((fixed || (flags & MREMAP_DONTUNMAP) !== 0) && (flags & MREMAP_MAYMOVE) === 0)
      return -EINVAL;
    if ((flags & MREMAP_DONTUNMAP) !== 0 && oldBytes !== newBytes) return -EINVAL;
    const oldEnd = oldAddress + oldBytes;
    const region = this.list.find(oldAddress);
    if (region === undefined || region.end < oldEnd) return -EFAULT;
    if (fixed) {
      if (
        newAddress % PAGE_BYTES !== 0 ||
        !isMappable(newAddress, newBytes) ||
        newAddress < PROGRAM_START
      )
        return -EINVAL;
      if (newAddress < oldEnd && oldAddress < newAddress + newBytes) return -EINVAL;
      this.drop(newAddress, newAddress + newBytes);
      return this.move(region, oldAddress, oldBytes, newAddress, newBytes, flags);
    }
    if ((flags & MREMAP_DONTUNMAP) === 0) {
      if (newBytes <= oldBytes) {
        if (newBytes < oldBytes) this.drop(oldAddress + newBytes, oldEnd);
        return oldAddress;
      }
      const growEnd = oldAddress + newBytes;
      if (
        region.end === oldEnd &&
        isMappable(oldAddress, newBytes) &&
        this.list.isFree(oldEnd, growEnd)
      ) {
        this.list.replace(oldEnd, growEnd, [
          region.movedTo(region.start, growEnd).part(oldEnd, growEnd),
        ]);
        return oldAddress;
      }
    }
    if ((flags & MREMAP_MAYMOVE) === 0) return -ENOMEM;
    const gap = this.list.gapBelow(newBytes, KERNEL_IMAGE_LIMIT, MAP_TOP);
    if (gap < 0) return -ENOMEM;
    return this.move(region, oldAddress, oldBytes, gap, newBytes, flags);
  }

  private move(
    region: Region,
    from: number,
    oldBytes: number,
    to: number,
    newBytes: number,
    flags: number,
  ): number {
    const source = region.part(from, from + oldBytes);
    const kept = Math.min(oldBytes, newBytes);
    const pager = source.pager;
    this.list.replace(to, to + newBytes, [source.movedTo(to, to + newBytes)]);
    const mover = new PageMover(this.table, to - from);
    const moved = this.table.visit(from, from + kept, mover) && mover.complete;
    this.caches.invalidate(from, from + oldBytes);
    if (!moved) {
      // No memory for a page table: what did not move stays behind and is moved back.
      const back = new PageMover(this.table, from - to);
      this.table.visit(to, to + kept, back);
      this.caches.invalidate(to, to + newBytes);
      this.list.replace(to, to + newBytes, []);
      return -ENOMEM;
    }
    if ((flags & MREMAP_DONTUNMAP) === 0) {
      this.release(from, from + oldBytes);
      this.list.replace(from, from + oldBytes, []);
    }
    if (pager !== undefined && !this.uses(pager)) pager.release();
    return to;
  }

  /** 0, or -errno. */
  advise(address: number, byteLength: number, advice: number): number {
    if (address % PAGE_BYTES !== 0 || byteLength < 0) return -EINVAL;
    const end = address + roundUp(byteLength);
    if (advice === MADV_DONTNEED || advice === MADV_FREE) {
      if (byteLength === 0) return 0;
      if (!isMappable(address, end - address)) return -ENOMEM;
      for (const part of this.list.within(address, end)) {
        if (advice === MADV_FREE && (part.pager !== undefined || (part.flags & MAP_SHARED) !== 0))
          return -EINVAL;
        if ((part.flags & MAP_SHARED) === 0) this.release(part.start, part.end);
      }
      return this.list.covers(address, end) ? 0 : -ENOMEM;
    }
    if (!MADV_HINTS.includes(advice)) return -EINVAL;
    return this.list.covers(address, end) ? 0 : -ENOMEM;
  }

  /** Where the heap of `brk` starts: after the program's data, page aligned by Linux's rule. */
  initialiseBreak(start: number): void {
    this.breakStart = start;
    this.breakEnd = start;
  }

  /** The break after the call; a refusal leaves it, as on Linux. */
  setBreak(address: number): number {
    if (address < this.breakStart) return this.breakEnd;
    const oldTop = roundUp(this.breakEnd);
    const newTop = roundUp(address);
    if (newTop > oldTop) {
      const below = this.breakStart < KERNEL_IMAGE_START;
      if (
        newTop > (below ? KERNEL_IMAGE_START : PROGRAM_LIMIT) ||
        !this.list.isFree(oldTop, newTop)
      )
        return this.breakEnd;
      const region = new Region(
        oldTop,
        newTop,
        PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS,
        undefined,
        0,
        '[heap]',
      );
      this.list.replace(oldTop, newTop, [region]);
    } else if (newTop < oldTop) this.drop(newTop, oldTop);
    this.breakEnd = address;
    return address;
  }

  /** execve: everything goes. */
  reset(): void {
    this.drop(PROGRAM_START, KERNEL_IMAGE_START);
    this.drop(KERNEL_IMAGE_LIMIT, PROGRAM_LIMIT);
    this.breakStart = 0;
    this.breakEnd = 0;
  }

  /** A page fault at `address`; `access` has ACCESS_WRITE and ACCESS_EXECUTE. One of FAULT_*. */
  fault(address: number, access: number): number {
    const page = roundDown(address);
    const region = this.list.find(page);
    if (region === undefined) return FAULT_NO_MAPPING;
    const write = (access & ACCESS_WRITE) !== 0;
    if (region.protection === 0) return FAULT_PROTECTION;
    if (write && (region.protection & PROT_WRITE) === 0) return FAULT_PROTECTION;
    if ((access & ACCESS_EXECUTE) !== 0 && (region.protection & PROT_EXEC) === 0)
      return FAULT_PROTECTION;
    const entry = this.table.lookup(page);
    if ((entry & ENTRY_OWNED) !== 0n) {
      // Protection was widened since, or another CPU was faster: the leaf only needs its flags.
      this.table.set(page, makeEntry(entryAddress(entry), this.flagsOf(region, true)));
      this.caches.invalidateHere(page);
      return FAULT_RESOLVED;
    }
    const pager = region.pager;
    if (pager === undefined) return this.giveFrame(page, region, -1);
    const offset = region.offset + (page - region.start);
    if (offset >= roundUp(pager.bytes)) return FAULT_BUS;
    const shared = (region.flags & MAP_SHARED) !== 0;
    const physical = pager.page(offset, write && shared);
    if (physical < 0) return physical === -ENOMEM ? FAULT_NO_MEMORY : FAULT_BUS;
    if (write && !shared) return this.giveFrame(page, region, physical);
    let flags = this.flagsOf(region, false);
    if (write) flags |= BigInt.asUintN(64, ENTRY_WRITABLE | ENTRY_DIRTY);
    if (!this.table.set(page, makeEntry(physical, flags))) return FAULT_NO_MEMORY;
    if (entry !== 0n) this.caches.invalidateHere(page);
    return FAULT_RESOLVED;
  }

  /** Maps a frame of our own at `page`: a copy of the frame `source`, or zeros. */
  private giveFrame(page: number, region: Region, source: number): number {
    const frame = this.allocator.allocate(0);
    if (frame < 0) return FAULT_NO_MEMORY;
    if (source < 0) this.memory.clear(frame, PAGE_BYTES);
    else this.memory.copyPage(frame, source);
    if (!this.table.set(page, makeEntry(frame, this.flagsOf(region, true)))) {
      this.allocator.release(frame, 0);
      return FAULT_NO_MEMORY;
    }
    this.owned++;
    if (source >= 0) this.caches.invalidateHere(page);
    return FAULT_RESOLVED;
  }
}

function firstOf(parts: readonly Region[], pager: Pager): Region | undefined {
  for (const part of parts) if (part.pager === pager) return part;
  return undefined;
}

/** Whether programs may have a mapping there. */
function isMappable(address: number, byteLength: number): boolean {
  if (address < 0 || byteLength < 0 || address + byteLength > PROGRAM_LIMIT) return false;
  return address + byteLength <= KERNEL_IMAGE_START || address >= KERNEL_IMAGE_LIMIT;
}

function roundUp(value: number): number {
  return Math.trunc((value + PAGE_BYTES - 1) / PAGE_BYTES) * PAGE_BYTES;
}

function roundDown(value: number): number {
  return Math.trunc(value / PAGE_BYTES) * PAGE_BYTES;
}
