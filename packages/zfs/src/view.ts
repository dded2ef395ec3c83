import { corrupt } from './errors.js';

/**
 * Bytes with a byte order: ZFS stores every block in its writer's order, and the pointer to a block tells which.
 *
 * Reads outside the bytes throw `ZfsError` 'corrupt', so no offset taken from a disk can reach a panic.
 */
export class View {
  readonly bytes: Uint8Array;
  readonly little: boolean;
  readonly length: number;
  readonly #data: DataView;

  constructor(bytes: Uint8Array, little: boolean) {
    this.bytes = bytes;
    this.little = little;
    this.length = bytes.length;
    this.#data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #check(offset: number, size: number): void {
    if (offset < 0 || offset + size > this.length) {
      throw corrupt(
        `read of ${size} bytes at ${offset} leaves a structure of ${this.length} bytes`,
      );
    }
  }

  u8(offset: number): number {
    this.#check(offset, 1);
    return this.#data.getUint8(offset);
  }

  u16(offset: number): number {
    this.#check(offset, 2);
    return this.#data.getUint16(offset, this.little);
  }

  u32(offset: number): number {
    this.#check(offset, 4);
    return this.#data.getUint32(offset, this.little);
  }

  u64(offset: number): bigint {
    this.#check(offset, 8);
    return this.#data.getBigUint64(offset, this.little);
  }

  /** Upper half of a 64-bit word. */
  high(offset: number): number {
    return this.u32(this.little ? offset + 4 : offset);
  }

  /** Lower half of a 64-bit word. */
  low(offset: number): number {
    return this.u32(this.little ? offset : offset + 4);
  }

  /** A 64-bit word that must be a safe integer: sizes, offsets, object numbers, transaction groups. */
  int(offset: number): number {
    const high = this.high(offset);
    if (high > 0x1fffff) throw corrupt(`a 64-bit value at ${offset} is out of range`);
    return high * 4294967296 + this.low(offset);
  }

  /** A 64-bit word, values beyond a safe integer clamped to the largest one. */
  clamped(offset: number): number {
    const high = this.high(offset);
    return high > 0x1fffff ? Number.MAX_SAFE_INTEGER : high * 4294967296 + this.low(offset);
  }

  isZero(offset: number, size: number): boolean {
    this.#check(offset, size);
    for (let i = offset; i < offset + size; i++) if (this.bytes[i] !== 0) return false;
    return true;
  }

  sub(offset: number, size: number): View {
    this.#check(offset, size);
    return new View(this.bytes.subarray(offset, offset + size), this.little);
  }

  slice(offset: number, size: number): Uint8Array {
    this.#check(offset, size);
    return this.bytes.subarray(offset, offset + size);
  }

  /** Bytes up to a NUL or `limit`, one code per byte. */
  cString(offset: number, limit: number): string {
    let text = '';
    const end = Math.min(this.length, offset + limit);
    for (let i = offset; i < end; i++) {
      const byte = this.bytes[i];
      if (byte === 0) break;
      text += String.fromCharCode(byte);
    }
    return text;
  }
}

/** One code per byte to bytes. */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i) & 0xff;
  return bytes;
}

/** Bytes to one code per byte. */
export function textOf(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i]);
  return text;
}

export function isAllZero(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}
