/**
 * The seam between this library and whatever memory the two sides share: an ArrayBuffer in Node, an emulator's
 * guest RAM, or physical memory in a kernel. Addresses are guest-physical numbers below 2^53.
 */

export interface GuestMemory {
  load8(address: number): number;
  load16(address: number): number;
  load32(address: number): number;
  load64(address: number): bigint;
  store8(address: number, value: number): void;
  store16(address: number, value: number): void;
  store32(address: number, value: number): void;
  store64(address: number, value: bigint): void;
  /** Copy `bytes` from shared memory to `into[offset..]`. */
  copyOut(address: number, into: Uint8Array, offset: number, bytes: number): void;
  /** Copy `bytes` from `from[offset..]` to shared memory. */
  copyIn(address: number, from: Uint8Array, offset: number, bytes: number): void;
  /** Whether all of `[address, address + bytes)` is memory that the other side may name. */
  contains(address: number, bytes: number): boolean;
  /** Stores before are seen before stores after. */
  writeBarrier(): void;
  /** Loads before are done before loads after. */
  readBarrier(): void;
  /** Stores before are seen before loads after are done: the one that costs. */
  fullBarrier(): void;
}

/** Memory that a device may reach. The kernel backs it by pages, tests by a bump pointer. */
export interface DmaAllocator {
  /** Zeroed, aligned; -1 when there is none. */
  allocate(bytes: number, alignment: number): number;
  release(address: number, bytes: number): void;
}

/** Guest memory over a buffer: both sides in one process, single-threaded, so barriers are nothing. */
export class ArrayMemory implements GuestMemory {
  readonly base: number;
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(base: number, bytes: Uint8Array) {
    this.base = base;
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  load8(address: number): number {
    return this.#view.getUint8(address - this.base);
  }

  load16(address: number): number {
    return this.#view.getUint16(address - this.base, true);
  }

  load32(address: number): number {
    return this.#view.getUint32(address - this.base, true);
  }

  load64(address: number): bigint {
    return this.#view.getBigUint64(address - this.base, true);
  }

  store8(address: number, value: number): void {
    this.#view.setUint8(address - this.base, value);
  }

  store16(address: number, value: number): void {
    this.#view.setUint16(address - this.base, value, true);
  }

  store32(address: number, value: number): void {
    this.#view.setUint32(address - this.base, value, true);
  }

  store64(address: number, value: bigint): void {
    this.#view.setBigUint64(address - this.base, value, true);
  }

  copyOut(address: number, into: Uint8Array, offset: number, bytes: number): void {
    const start = address - this.base;
    into.set(this.bytes.subarray(start, start + bytes), offset);
  }

  copyIn(address: number, from: Uint8Array, offset: number, bytes: number): void {
    this.bytes.set(from.subarray(offset, offset + bytes), address - this.base);
  }

  contains(address: number, bytes: number): boolean {
    const start = address - this.base;
    return start >= 0 && bytes >= 0 && bytes <= this.bytes.length - start;
  }

  writeBarrier(): void {}

  readBarrier(): void {}

  fullBarrier(): void {}
}

/** Hands out an address range once; released memory is not reused. Enough for set-up and tests. */
export class BumpAllocator implements DmaAllocator {
  readonly #memory: GuestMemory;
  readonly #end: number;
  #next: number;

  constructor(memory: GuestMemory, start: number, bytes: number) {
    this.#memory = memory;
    this.#next = start;
    this.#end = start + bytes;
  }

  allocate(bytes: number, alignment: number): number {
    const address = Math.trunc((this.#next + alignment - 1) / alignment) * alignment;
    if (address + bytes > this.#end) return -1;
    this.#next = address + bytes;
    for (let at = address; at < address + bytes; at += 1) this.#memory.store8(at, 0);
    return address;
  }

  release(_address: number, _bytes: number): void {}
}

const ADDRESS_HIGH_LIMIT = 0x200000;

/** A 64-bit guest address as a number, or -1 when it is 2^53 or more. */
export function loadAddress(memory: GuestMemory, at: number): number {
  const high = memory.load32(at + 4);
  if (high >= ADDRESS_HIGH_LIMIT) return -1;
  return high * 0x100000000 + memory.load32(at);
}

export function storeAddress(memory: GuestMemory, at: number, address: number): void {
  memory.store32(at, address % 0x100000000);
  memory.store32(at + 4, Math.trunc(address / 0x100000000));
}
