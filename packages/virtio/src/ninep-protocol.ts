/**
 * 9P2000.L messages: `size u32, type u8, tag u16, body`, little endian, strings as `length u16, bytes`. Replies come
 * from outside: the reader never leaves its buffer, and after one short field every further field reads as 0.
 */

export enum NineP {
  LError = 7,
  StatFs = 8,
  LOpen = 12,
  LCreate = 14,
  Symlink = 16,
  ReadLink = 22,
  GetAttributes = 24,
  SetAttributes = 26,
  ReadDirectory = 40,
  Sync = 50,
  Link = 70,
  MakeDirectory = 72,
  RenameAt = 74,
  UnlinkAt = 76,
  Version = 100,
  Attach = 104,
  Flush = 108,
  Walk = 110,
  Read = 116,
  Write = 118,
  Clunk = 120,
}

export const NINEP_HEADER_BYTES = 7;
export const NINEP_NO_FID = 0xffffffff;
export const NINEP_NO_TAG = 0xffff;
export const NINEP_QID_BYTES = 13;
export const NINEP_QID_DIRECTORY = 0x80;
export const NINEP_QID_SYMLINK = 0x02;
/** Everything a stat needs: mode to blocks. */
export const NINEP_GETATTR_BASIC = 0x7ff;

export class NinePWriter {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  length = 0;
  /** A field did not fit. */
  overflowed = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  begin(type: number, tag: number): void {
    this.length = 4;
    this.overflowed = false;
    this.u8(type);
    this.u16(tag);
  }

  /** Fills in the size. */
  end(): void {
    this.#view.setUint32(0, this.length, true);
  }

  u8(value: number): void {
    if (this.#room(1)) this.#view.setUint8(this.length - 1, value);
  }

  u16(value: number): void {
    if (this.#room(2)) this.#view.setUint16(this.length - 2, value, true);
  }

  u32(value: number): void {
    if (this.#room(4)) this.#view.setUint32(this.length - 4, value, true);
  }

  u64(value: number): void {
    this.u32(value % 0x100000000);
    this.u32(Math.trunc(value / 0x100000000));
  }

  /** One code 0..255 per byte. */
  text(value: string): void {
    this.u16(value.length);
    if (value.length > 0xffff || !this.#room(value.length)) {
      this.overflowed = true;
      return;
    }
    const start = this.length - value.length;
    for (let i = 0; i < value.length; i += 1) this.bytes[start + i] = value.charCodeAt(i);
  }

  data(from: Uint8Array, offset: number, count: number): void {
    this.u32(count);
    if (this.#room(count)) {
      this.bytes.set(from.subarray(offset, offset + count), this.length - count);
    }
  }

  #room(count: number): boolean {
    if (this.overflowed || count > this.bytes.length - this.length) {
      this.overflowed = true;
      return false;
    }
    this.length += count;
    return true;
  }
}

export class NinePReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #end = 0;
  #at = 0;
  /** A field lay outside the message. */
  isShort = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Preconditions: `end` is not beyond the buffer. */
  begin(start: number, end: number): void {
    this.#at = start;
    this.#end = end;
    this.isShort = false;
  }

  position(): number {
    return this.#at;
  }

  remaining(): number {
    return this.#end - this.#at;
  }

  u8(): number {
    return this.#take(1) ? this.#view.getUint8(this.#at - 1) : 0;
  }

  u16(): number {
    return this.#take(2) ? this.#view.getUint16(this.#at - 2, true) : 0;
  }

  u32(): number {
    return this.#take(4) ? this.#view.getUint32(this.#at - 4, true) : 0;
  }

  /** Values above 2^53 read as 2^53 - 1. */
  u64(): number {
    const low = this.u32();
    const high = this.u32();
    return high >= 0x200000 ? Number.MAX_SAFE_INTEGER : high * 0x100000000 + low;
  }

  text(): string {
    const count = this.u16();
    if (!this.#take(count)) return '';
    let value = '';
    for (let i = this.#at - count; i < this.#at; i += 1)
      value += String.fromCharCode(this.#bytes[i]);
    return value;
  }

  /** Copies `count` bytes out. */
  copy(into: Uint8Array, offset: number, count: number): boolean {
    if (!this.#take(count)) return false;
    into.set(this.#bytes.subarray(this.#at - count, this.#at), offset);
    return true;
  }

  skip(count: number): void {
    this.#take(count);
  }

  #take(count: number): boolean {
    if (this.isShort || count > this.#end - this.#at) {
      this.isShort = true;
      return false;
    }
    this.#at += count;
    return true;
  }
}
