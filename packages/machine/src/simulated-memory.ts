/**
 * The memory that raw loads and stores reach in Node: addresses are plain numbers up to 2^47, storage is sparse.
 *
 * The address space is cut into chunks of 64 KiB; a region is one ArrayBuffer that serves one or more adjacent chunks.
 * A chunk touched for the first time becomes a region of its own, zero-filled. A view over a range needs one buffer
 * beneath it, so `view` makes one region of the whole range, moving what is there; a region with a view on it is pinned
 * and can no longer move, and a range that would have to move it is refused.
 */
const CHUNK_BYTES = 0x10000;
/** Buffers that were made elsewhere get addresses from here on, so that `addressOf` works for every view. */
const FOREIGN_START = 0x6000_0000_0000;
const ADDRESS_LIMIT = 0x8000_0000_0000;

/** An access that no machine could do: outside the address space, or a view that would need a second copy. */
export class SimulatedMemoryError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SimulatedMemoryError';
  }
}

class Region {
  readonly start: number;
  readonly bytes: Uint8Array;
  readonly data: DataView;
  pinned = false;
  constructor(start: number, buffer: ArrayBufferLike, offset: number, byteLength: number) {
    this.start = start;
    this.bytes = new Uint8Array(buffer, offset, byteLength);
    this.data = new DataView(buffer, offset, byteLength);
  }
}

/** Sparse bytes at machine addresses. */
export class SimulatedMemory {
  private readonly chunks = new Map<number, Region>();
  private readonly starts = new WeakMap<ArrayBufferLike, number>();
  private last: Region | undefined;
  private nextForeign = FOREIGN_START;

  /** The region that holds `address`, made on first touch. */
  private region(address: number): Region {
    const last = this.last;
    if (last !== undefined && address >= last.start && address < last.start + last.bytes.length)
      return last;
    if (!(address >= 0 && address < ADDRESS_LIMIT)) {
      throw new SimulatedMemoryError(`address ${address} is outside the 47-bit address space`);
    }
    const chunk = Math.trunc(address / CHUNK_BYTES);
    let region = this.chunks.get(chunk);
    if (region === undefined) {
      const buffer = new ArrayBuffer(CHUNK_BYTES);
      region = new Region(chunk * CHUNK_BYTES, buffer, 0, CHUNK_BYTES);
      this.chunks.set(chunk, region);
      this.starts.set(buffer, region.start);
    }
    if (address >= region.start + region.bytes.length) {
      throw new SimulatedMemoryError(
        `address ${address} is past the end of the buffer that is mapped there`,
      );
    }
    this.last = region;
    return region;
  }

  load8(address: number): number {
    const region = this.region(address);
    return region.bytes[address - region.start] as number;
  }

  store8(address: number, value: number): void {
    const region = this.region(address);
    region.bytes[address - region.start] = value;
  }

  load16(address: number): number {
    const region = this.region(address);
    const offset = address - region.start;
    if (offset + 2 <= region.bytes.length) return region.data.getUint16(offset, true);
    return this.load8(address) + this.load8(address + 1) * 0x100;
  }

  store16(address: number, value: number): void {
    const region = this.region(address);
    const offset = address - region.start;
    if (offset + 2 <= region.bytes.length) region.data.setUint16(offset, value, true);
    else {
      this.store8(address, value & 0xff);
      this.store8(address + 1, (value >>> 8) & 0xff);
    }
  }

  load32(address: number): number {
    const region = this.region(address);
    const offset = address - region.start;
    if (offset + 4 <= region.bytes.length) return region.data.getUint32(offset, true);
    return this.load16(address) + this.load16(address + 2) * 0x1_0000;
  }

  store32(address: number, value: number): void {
    const region = this.region(address);
    const offset = address - region.start;
    if (offset + 4 <= region.bytes.length) region.data.setUint32(offset, value, true);
    else {
      this.store16(address, value & 0xffff);
      this.store16(address + 2, value >>> 16);
    }
  }

  load64(address: number): bigint {
    const region = this.region(address);
    const offset = address - region.start;
    if (offset + 8 <= region.bytes.length) return region.data.getBigUint64(offset, true);
    return BigInt(this.load32(address)) | (BigInt(this.load32(address + 4)) << 32n);
  }

  store64(address: number, value: bigint): void {
    const region = this.region(address);
    const offset = address - region.start;
    if (offset + 8 <= region.bytes.length)
      region.data.setBigUint64(offset, BigInt.asUintN(64, value), true);
    else {
      this.store32(address, Number(BigInt.asUintN(32, value)));
      this.store32(address + 4, Number(BigInt.asUintN(32, value >> 32n)));
    }
  }

  /** 64 bits that hold a safe integer; anything else there is a defect of the caller. */
  loadInt(address: number): number {
    const low = this.load32(address);
    const high = this.load32(address + 4) | 0;
    const value = high * 0x1_0000_0000 + low;
    if (!Number.isSafeInteger(value)) {
      throw new SimulatedMemoryError(`the 64 bits at ${address} are not a safe integer`);
    }
    return value;
  }

  storeInt(address: number, value: number): void {
    if (!Number.isSafeInteger(value))
      throw new SimulatedMemoryError(`${value} is not a safe integer`);
    this.store32(address, value >>> 0);
    this.store32(address + 4, Math.floor(value / 0x1_0000_0000) >>> 0);
  }

  copy(target: number, source: number, byteLength: number): void {
    if (byteLength === 0 || target === source) return;
    const from = this.region(source);
    const to = this.region(target);
    const fromOffset = source - from.start;
    const toOffset = target - to.start;
    if (fromOffset + byteLength <= from.bytes.length && toOffset + byteLength <= to.bytes.length) {
      to.bytes.set(from.bytes.subarray(fromOffset, fromOffset + byteLength), toOffset);
    } else if (target < source) {
      for (let i = 0; i < byteLength; i++) this.store8(target + i, this.load8(source + i));
    } else {
      for (let i = byteLength - 1; i >= 0; i--) this.store8(target + i, this.load8(source + i));
    }
  }

  fill(address: number, value: number, byteLength: number): void {
    let at = address;
    const end = address + byteLength;
    while (at < end) {
      const region = this.region(at);
      const stop = Math.min(end, region.start + region.bytes.length);
      region.bytes.fill(value, at - region.start, stop - region.start);
      at = stop;
    }
  }

  compare(left: number, right: number, byteLength: number): number {
    for (let i = 0; i < byteLength; i++) {
      const difference = this.load8(left + i) - this.load8(right + i);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  /** A view over `byteLength` bytes at `address`; both see each other's writes. */
  view(address: number, byteLength: number): Uint8Array {
    if (byteLength === 0) return new Uint8Array(this.region(address).bytes.buffer, 0, 0);
    const first = Math.trunc(address / CHUNK_BYTES);
    const afterLast = Math.trunc((address + byteLength - 1) / CHUNK_BYTES) + 1;
    let region = this.region(address);
    if (address + byteLength > region.start + region.bytes.length)
      region = this.join(first, afterLast);
    region.pinned = true;
    const offset = region.bytes.byteOffset + (address - region.start);
    return new Uint8Array(region.bytes.buffer, offset, byteLength);
  }

  /** The address of the first byte of a view; buffers from outside are mapped into a range of their own. */
  addressOf(view: ArrayBufferView): number {
    const known = this.starts.get(view.buffer);
    if (known !== undefined) return known + view.byteOffset;
    const start = this.nextForeign;
    this.map(start, view.buffer);
    this.nextForeign += Math.ceil((view.buffer.byteLength + 1) / CHUNK_BYTES) * CHUNK_BYTES;
    return start + view.byteOffset;
  }

  /** Puts a buffer at a chunk-aligned address, replacing what was there: physical memory of a simulated machine. */
  map(start: number, buffer: ArrayBufferLike): void {
    if (start % CHUNK_BYTES !== 0)
      throw new SimulatedMemoryError(`${start} is not a multiple of ${CHUNK_BYTES}`);
    const region = new Region(start, buffer, 0, buffer.byteLength);
    region.pinned = true;
    for (let offset = 0; offset < buffer.byteLength; offset += CHUNK_BYTES) {
      this.chunks.set((start + offset) / CHUNK_BYTES, region);
    }
    this.starts.set(buffer, start);
    this.last = undefined;
  }

  /** Drops every byte. */
  clear(): void {
    this.chunks.clear();
    this.last = undefined;
  }

  private join(first: number, afterLast: number): Region {
    let low = first;
    let high = afterLast;
    for (let chunk = first; chunk < afterLast; chunk++) {
      const region = this.chunks.get(chunk);
      if (region === undefined) continue;
      if (region.pinned) {
        throw new SimulatedMemoryError(
          `a view across ${chunk * CHUNK_BYTES} would move memory that has a view on it`,
        );
      }
      low = Math.min(low, region.start / CHUNK_BYTES);
      high = Math.max(high, (region.start + region.bytes.length) / CHUNK_BYTES);
    }
    const buffer = new ArrayBuffer((high - low) * CHUNK_BYTES);
    const joined = new Region(low * CHUNK_BYTES, buffer, 0, buffer.byteLength);
    for (let chunk = low; chunk < high; chunk++) {
      const old = this.chunks.get(chunk);
      if (old !== undefined) {
        const from = chunk * CHUNK_BYTES - old.start;
        joined.bytes.set(old.bytes.subarray(from, from + CHUNK_BYTES), (chunk - low) * CHUNK_BYTES);
      }
      this.chunks.set(chunk, joined);
    }
    this.starts.set(buffer, joined.start);
    this.last = undefined;
    return joined;
  }
}

let shared: SimulatedMemory | undefined;

/** The one memory of this Node process; made on first use, so that loading the module does nothing. */
export function simulatedMemory(): SimulatedMemory {
  if (shared === undefined) shared = new SimulatedMemory();
  return shared;
}
