/**
 * Memory that this domain, another domain and the hypervisor look at together. Addresses are guest-physical numbers
 * below 2^53; a frame is an address divided by 4096.
 */

export const PAGE_BYTES = 4096;

export interface SharedMemory {
  load8(address: number): number;
  load16(address: number): number;
  load32(address: number): number;
  store8(address: number, value: number): void;
  store16(address: number, value: number): void;
  store32(address: number, value: number): void;
  /** Atomic; returns the old value, equal to `expected` when the exchange happened. */
  compareExchange16(address: number, expected: number, replacement: number): number;
  compareExchange32(address: number, expected: number, replacement: number): number;
  copyOut(address: number, into: Uint8Array, offset: number, bytes: number): void;
  copyIn(address: number, from: Uint8Array, offset: number, bytes: number): void;
  contains(address: number, bytes: number): boolean;
  /** Stores before are seen before stores after. */
  writeBarrier(): void;
  /** Loads before are done before loads after. */
  readBarrier(): void;
  /** Stores before are seen before loads after. */
  fullBarrier(): void;
}

/** Whole pages, zeroed, contiguous. */
export interface PageSource {
  /** Guest-physical address, or -1. */
  takePages(count: number): number;
  returnPages(address: number, count: number): void;
}

export class ArrayMemory implements SharedMemory {
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

  store8(address: number, value: number): void {
    this.#view.setUint8(address - this.base, value);
  }

  store16(address: number, value: number): void {
    this.#view.setUint16(address - this.base, value, true);
  }

  store32(address: number, value: number): void {
    this.#view.setUint32(address - this.base, value, true);
  }

  compareExchange16(address: number, expected: number, replacement: number): number {
    const old = this.load16(address);
    if (old === expected) this.store16(address, replacement);
    return old;
  }

  compareExchange32(address: number, expected: number, replacement: number): number {
    const old = this.load32(address);
    if (old === expected) this.store32(address, replacement);
    return old;
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

/** Atomically set bits of a 32-bit word; the old value. */
export function atomicOr32(memory: SharedMemory, address: number, bits: number): number {
  let old = memory.load32(address);
  for (;;) {
    const seen = memory.compareExchange32(address, old, (old | bits) >>> 0);
    if (seen === old) return old;
    old = seen;
  }
}

/** Atomically clear bits of a 32-bit word; the old value. */
export function atomicClear32(memory: SharedMemory, address: number, bits: number): number {
  let old = memory.load32(address);
  for (;;) {
    const seen = memory.compareExchange32(address, old, (old & ~bits) >>> 0);
    if (seen === old) return old;
    old = seen;
  }
}

/** A 64-bit value as a number, or -1 when it is 2^53 or more. */
export function load53(memory: SharedMemory, address: number): number {
  const high = memory.load32(address + 4);
  if (high >= 0x200000) return -1;
  return high * 0x100000000 + memory.load32(address);
}

export function store53(memory: SharedMemory, address: number, value: number): void {
  memory.store32(address, value % 0x100000000);
  memory.store32(address + 4, Math.trunc(value / 0x100000000));
}
