/**
 * What is mapped where: regions in address order, never overlapping, adjacent ones of the same kind joined.
 *
 * The list is immutable: a change makes a new array of the old regions and stores it with one write, so that whoever reads
 * (a page fault, /proc/self/maps) has a snapshot without a lock. Lookup is a binary search; a change copies references,
 * 8 bytes for each region.
 */
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const PROT_EXEC = 4;

/** Gives the pages of a file; see docs/internals/kernel-interfaces.md. */
export interface Pager {
  readonly bytes: number;
  /** Physical address of the page at this offset (the pager keeps ownership), or -errno. */
  page(offset: number, write: boolean): number;
  retain(): void;
  release(): void;
}

export class Region {
  readonly start: number;
  readonly end: number;
  readonly protection: number;
  /** Linux's MAP_* bits that say what it is: shared, anonymous, noreserve, and so on. */
  readonly flags: number;
  readonly pager: Pager | undefined;
  /** Bytes into the pager at `start`. */
  readonly offset: number;
  readonly name: string;

  constructor(
    start: number,
    end: number,
    protection: number,
    flags: number,
    pager: Pager | undefined,
    offset: number,
    name: string,
  ) {
    this.start = start;
    this.end = end;
    this.protection = protection;
    this.flags = flags;
    this.pager = pager;
    this.offset = offset;
    this.name = name;
  }

  /** The part of this region within [start, end). Preconditions: they overlap. */
  part(start: number, end: number): Region {
    const from = Math.max(start, this.start);
    const to = Math.min(end, this.end);
    if (from === this.start && to === this.end) return this;
    const offset = this.pager === undefined ? 0 : this.offset + (from - this.start);
    return new Region(from, to, this.protection, this.flags, this.pager, offset, this.name);
  }

  protectedAs(protection: number): Region {
    return new Region(
      this.start,
      this.end,
      protection,
      this.flags,
      this.pager,
      this.offset,
      this.name,
    );
  }

  movedTo(start: number, end: number): Region {
    return new Region(start, end, this.protection, this.flags, this.pager, this.offset, this.name);
  }

  joins(next: Region): boolean {
    if (this.end !== next.start || this.protection !== next.protection || this.flags !== next.flags)
      return false;
    if (this.pager !== next.pager || this.name !== next.name) return false;
    return this.pager === undefined || this.offset + (this.end - this.start) === next.offset;
  }
}

export class RegionList {
  private list: readonly Region[] = [];

  /** The snapshot; never changes. */
  all(): readonly Region[] {
    return this.list;
  }

  /** Index of the first region that ends above the address. */
  private indexFrom(address: number): number {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = Math.trunc((low + high) / 2);
      if (this.list[middle].end <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The region that holds the address. */
  find(address: number): Region | undefined {
    const index = this.indexFrom(address);
    if (index >= this.list.length) return undefined;
    const region = this.list[index];
    return region.start <= address ? region : undefined;
  }

  /** Whether nothing is mapped in [start, end). */
  isFree(start: number, end: number): boolean {
    const index = this.indexFrom(start);
    return index >= this.list.length || this.list[index].start >= end;
  }

  /** How far the free space below `address` reaches down, not below `low`. Preconditions: `address` is in no region's inside. */
  freeFrom(address: number, low: number): number {
    const index = this.indexFrom(address - 1);
    const before = index < this.list.length && this.list[index].start < address ? index : index - 1;
    return before < 0 ? low : Math.max(low, this.list[before].end);
  }

  /** How far the free space above `address` reaches up, not above `high`. */
  freeTo(address: number, high: number): number {
    const index = this.indexFrom(address);
    return index >= this.list.length
      ? high
      : Math.min(high, Math.max(address, this.list[index].start));
  }

  /** Whether all of [start, end) is mapped. */
  covers(start: number, end: number): boolean {
    let at = start;
    for (let index = this.indexFrom(start); at < end; index++) {
      if (index >= this.list.length) return false;
      const region = this.list[index];
      if (region.start > at) return false;
      at = region.end;
    }
    return true;
  }

  /** The parts of regions within [start, end), in order. */
  within(start: number, end: number): Region[] {
    const parts: Region[] = [];
    for (let index = this.indexFrom(start); index < this.list.length; index++) {
      const region = this.list[index];
      if (region.start >= end) break;
      parts.push(region.part(start, end));
    }
    return parts;
  }

  /** Puts `replacement` (in order, inside the range) in place of everything in [start, end). */
  replace(start: number, end: number, replacement: readonly Region[]): void {
    const next: Region[] = [];
    let index = 0;
    for (; index < this.list.length && this.list[index].end <= start; index++)
      next.push(this.list[index]);
    const before =
      index < this.list.length && this.list[index].start < start
        ? this.list[index].part(this.list[index].start, start)
        : undefined;
    let after: Region | undefined;
    for (; index < this.list.length && this.list[index].start < end; index++) {
      if (this.list[index].end > end) after = this.list[index].part(end, this.list[index].end);
    }
    if (before !== undefined) join(next, before);
    for (const region of replacement) join(next, region);
    if (after !== undefined) join(next, after);
    if (index < this.list.length) {
      join(next, this.list[index]);
      for (index++; index < this.list.length; index++) next.push(this.list[index]);
    }
    this.list = next;
  }

  /** The highest start of a free range of this size within [low, high), or -1. */
  gapBelow(byteLength: number, low: number, high: number): number {
    let top = high;
    for (let index = this.list.length - 1; index >= 0; index--) {
      const region = this.list[index];
      if (region.end <= top && region.start < high) {
        if (top - Math.max(region.end, low) >= byteLength) return top - byteLength;
        top = Math.min(top, region.start);
      } else if (region.start < top && region.end > top) top = region.start;
      if (top <= low) return -1;
    }
    return top - low >= byteLength ? top - byteLength : -1;
  }
}

function join(list: Region[], region: Region): void {
  if (list.length > 0) {
    const last = list[list.length - 1];
    if (last.joins(region)) {
      list[list.length - 1] = new Region(
        last.start,
        region.end,
        last.protection,
        last.flags,
        last.pager,
        last.offset,
        last.name,
      );
      return;
    }
  }
  list.push(region);
}
