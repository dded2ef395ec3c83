/** A program's memory and address space as a Map of pages: naive, so that it can be believed. */
import type { u64 } from '@tessera/machine';
import type { Vnode } from '@tessera/vfs';
import type {
  AddressSpace,
  FilePager,
  MappingRequest,
  PagerSource,
  RegionInfo,
  UserMemory,
} from '../contract.js';

const PAGE = 4096;
const USER_TOP = 0x3ffffffff000;
const MMAP_LOW = 0x80000000;
const KERNEL_START = 0x70000000;
const KERNEL_END = 0x80000000;
const MAP_FIXED = 0x10;
const MAP_FIXED_NOREPLACE = 0x100000;

class FakePage {
  readonly bytes: Uint8Array = new Uint8Array(PAGE);
  protection = 0;
  flags = 0;
  offset = 0;
  name = '';
}

/** A pager that a fake address space reads through at map time. */
export class FakePager implements FilePager {
  readonly node: Vnode;
  readonly bytes: number = 0;

  constructor(node: Vnode) {
    this.node = node;
  }

  page(_offset: number, _write: boolean): number {
    return -22;
  }

  retain(): void {}

  release(): void {}
}

export class FakePagers implements PagerSource {
  pagerFor(node: Vnode, _shared: boolean): FilePager | undefined {
    return new FakePager(node);
  }
}

export class FakeSpace implements AddressSpace, UserMemory {
  readonly pages: Map<number, FakePage> = new Map();
  breakStart = 0;
  breakNow = 0;
  private fault = false;

  private range(address: number, bytes: number): boolean {
    return (
      address >= 0x10000 &&
      address + bytes <= USER_TOP &&
      (address + bytes <= KERNEL_START || address >= KERNEL_END)
    );
  }

  private free(address: number, bytes: number): boolean {
    for (let at = address; at < address + bytes; at += PAGE) if (this.pages.has(at)) return false;
    return true;
  }

  map(request: MappingRequest): number {
    const bytes = Math.ceil(request.bytes / PAGE) * PAGE;
    let address = request.address;
    if ((request.flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) !== 0) {
      if (address % PAGE !== 0) return -22;
      if (!this.range(address, bytes)) return -12;
      if ((request.flags & MAP_FIXED_NOREPLACE) !== 0 && !this.free(address, bytes)) return -17;
    } else if (
      address === 0 ||
      address % PAGE !== 0 ||
      !this.range(address, bytes) ||
      !this.free(address, bytes)
    ) {
      address = USER_TOP - bytes;
      while (address > MMAP_LOW && !this.free(address, bytes)) address -= PAGE;
      if (address <= MMAP_LOW) return -12;
    }
    for (let at = 0; at < bytes; at += PAGE) {
      const page = new FakePage();
      page.protection = request.protection;
      page.flags = request.flags;
      page.offset = request.offset + at;
      page.name = request.name;
      const pager = request.pager;
      if (pager instanceof FakePager) pager.node.read(request.offset + at, page.bytes);
      this.pages.set(address + at, page);
    }
    return address;
  }

  unmap(address: number, bytes: number): number {
    for (let at = address; at < address + bytes; at += PAGE) this.pages.delete(at);
    return 0;
  }

  protect(address: number, bytes: number, protection: number): number {
    for (let at = address; at < address + bytes; at += PAGE) {
      const page = this.pages.get(at);
      if (page === undefined) return -12;
      page.protection = protection;
    }
    return 0;
  }

  remap(
    oldAddress: number,
    oldBytes: number,
    newBytes: number,
    flags: number,
    _newAddress: number,
  ): number {
    if (newBytes <= oldBytes) {
      this.unmap(oldAddress + newBytes, oldBytes - newBytes);
      return oldAddress;
    }
    if ((flags & 1) === 0) return -12;
    const to = this.map({
      address: 0,
      bytes: newBytes,
      protection: 3,
      flags: 2,
      pager: undefined,
      offset: 0,
      name: '',
    });
    for (let at = 0; at < oldBytes; at += PAGE) {
      const page = this.pages.get(oldAddress + at);
      if (page !== undefined) this.pages.set(to + at, page);
      this.pages.delete(oldAddress + at);
    }
    return to;
  }

  advise(address: number, bytes: number, advice: number): number {
    if (advice === 4)
      for (let at = address; at < address + bytes; at += PAGE) this.pages.get(at)?.bytes.fill(0);
    return 0;
  }

  initialiseBreak(start: number): void {
    this.breakStart = Math.ceil(start / PAGE) * PAGE;
    this.breakNow = this.breakStart;
  }

  setBreak(address: number): number {
    if (address < this.breakStart || address >= KERNEL_START) return this.breakNow;
    for (let at = Math.ceil(this.breakNow / PAGE) * PAGE; at < address; at += PAGE) {
      const page = new FakePage();
      page.protection = 3;
      page.name = '[heap]';
      this.pages.set(at, page);
    }
    for (let at = Math.ceil(address / PAGE) * PAGE; at < this.breakNow; at += PAGE)
      this.pages.delete(at);
    this.breakNow = address;
    return address;
  }

  regions(): readonly RegionInfo[] {
    const list: RegionInfo[] = [];
    for (const at of [...this.pages.keys()].sort((a, b) => a - b)) {
      const page = this.pages.get(at)!;
      const last = list[list.length - 1] as
        | { end: number; protection: number; name: string }
        | undefined;
      if (
        last !== undefined &&
        last.end === at &&
        last.protection === page.protection &&
        last.name === page.name
      ) {
        last.end = at + PAGE;
      } else {
        list.push({
          start: at,
          end: at + PAGE,
          protection: page.protection,
          flags: page.flags,
          offset: page.offset,
          name: page.name,
        });
      }
    }
    return list;
  }

  reset(): void {
    this.pages.clear();
  }

  // ---- access ----

  private at(address: number, need: number): FakePage | undefined {
    const page = this.pages.get(address - (address % PAGE));
    return page !== undefined && (page.protection & need) !== 0 ? page : undefined;
  }

  private each(
    address: number,
    bytes: number,
    need: number,
    visit: (page: FakePage, within: number, done: number) => void,
  ): boolean {
    if (address < 0) return false;
    for (let done = 0; done < bytes; done++) {
      const page = this.at(address + done, need);
      if (page === undefined) return false;
      visit(page, (address + done) % PAGE, done);
    }
    return true;
  }

  copyIn(address: number, into: Uint8Array, bytes: number): boolean {
    return this.each(address, bytes, 1, (page, within, done) => {
      into[done] = page.bytes[within];
    });
  }

  copyOut(address: number, from: Uint8Array, bytes: number): boolean {
    return this.each(address, bytes, 2, (page, within, done) => {
      page.bytes[within] = from[done];
    });
  }

  fill(address: number, byte: number, bytes: number): boolean {
    return this.each(address, bytes, 2, (page, within) => {
      page.bytes[within] = byte;
    });
  }

  private number(address: number, bytes: number): bigint {
    const raw = new Uint8Array(8);
    this.fault = !this.copyIn(address, raw, bytes);
    return this.fault ? 0n : new DataView(raw.buffer).getBigUint64(0, true);
  }

  load8(address: number): number {
    const value = this.number(address, 1);
    return this.fault ? -1 : Number(value);
  }

  load32(address: number): number {
    const value = this.number(address, 4);
    return this.fault ? -1 : Number(value);
  }

  load64(address: number): u64 {
    return this.number(address, 8);
  }

  faulted(): boolean {
    return this.fault;
  }

  private putNumber(address: number, value: bigint, bytes: number): boolean {
    const raw = new Uint8Array(8);
    new DataView(raw.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
    return this.copyOut(address, raw, bytes);
  }

  store8(address: number, value: number): boolean {
    return this.putNumber(address, BigInt(value), 1);
  }

  store32(address: number, value: number): boolean {
    return this.putNumber(address, BigInt(value), 4);
  }

  store64(address: number, value: u64): boolean {
    return this.putNumber(address, value, 8);
  }

  compareExchange32(address: number, expected: number, replacement: number): number {
    const old = this.load32(address);
    if (old === expected && !this.store32(address, replacement)) return -1;
    return old;
  }

  stringLength(address: number, maxBytes: number): number {
    for (let length = 0; length < maxBytes; length++) {
      const byte = this.load8(address + length);
      if (byte < 0) return -1;
      if (byte === 0) return length;
    }
    return -2;
  }
}
