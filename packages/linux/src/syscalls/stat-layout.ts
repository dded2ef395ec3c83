/** struct stat, statx, statfs and linux_dirent64 as bytes. */
import {
  type Attributes,
  type bytestr,
  copyStringTo,
  type DirectorySink,
  dataView,
  deviceMajor,
  deviceMinor,
  type FileSystemAttributes,
} from '@tessera/vfs';

export const STAT_BYTES = 144;
export const STATX_BYTES = 256;
export const STATFS_BYTES = 120;

function word(view: DataView, offset: number, value: number): void {
  view.setBigUint64(offset, BigInt.asUintN(64, BigInt(value)), true);
}

export function encodeStat(from: Attributes): Uint8Array {
  const out = new Uint8Array(STAT_BYTES);
  const view = new DataView(out.buffer);
  word(view, 0, from.deviceId);
  word(view, 8, from.node);
  word(view, 16, from.links);
  view.setUint32(24, from.mode, true);
  view.setUint32(28, from.uid, true);
  view.setUint32(32, from.gid, true);
  word(view, 40, from.rdev);
  word(view, 48, from.size);
  word(view, 56, from.blockBytes);
  word(view, 64, from.blocks512);
  word(view, 72, from.atimeSeconds);
  word(view, 80, from.atimeNanoseconds);
  word(view, 88, from.mtimeSeconds);
  word(view, 96, from.mtimeNanoseconds);
  word(view, 104, from.ctimeSeconds);
  word(view, 112, from.ctimeNanoseconds);
  return out;
}

/** STATX_BASIC_STATS. */
const STATX_BASIC = 0x7ff;

function statxTime(view: DataView, offset: number, seconds: number, nanoseconds: number): void {
  word(view, offset, seconds);
  view.setUint32(offset + 8, nanoseconds, true);
}

export function encodeStatx(from: Attributes): Uint8Array {
  const out = new Uint8Array(STATX_BYTES);
  const view = new DataView(out.buffer);
  view.setUint32(0, STATX_BASIC, true);
  view.setUint32(4, from.blockBytes, true);
  view.setUint32(16, from.links, true);
  view.setUint32(20, from.uid, true);
  view.setUint32(24, from.gid, true);
  view.setUint16(28, from.mode, true);
  word(view, 32, from.node);
  word(view, 40, from.size);
  word(view, 48, from.blocks512);
  statxTime(view, 64, from.atimeSeconds, from.atimeNanoseconds);
  statxTime(view, 96, from.ctimeSeconds, from.ctimeNanoseconds);
  statxTime(view, 112, from.mtimeSeconds, from.mtimeNanoseconds);
  view.setUint32(128, deviceMajor(from.rdev), true);
  view.setUint32(132, deviceMinor(from.rdev), true);
  view.setUint32(136, deviceMajor(from.deviceId), true);
  view.setUint32(140, deviceMinor(from.deviceId), true);
  return out;
}

export function encodeStatfs(from: FileSystemAttributes, deviceId: number): Uint8Array {
  const out = new Uint8Array(STATFS_BYTES);
  const view = new DataView(out.buffer);
  word(view, 0, from.magic);
  word(view, 8, from.blockBytes);
  word(view, 16, from.blocks);
  word(view, 24, from.blocksFree);
  word(view, 32, from.blocksFree);
  word(view, 40, from.files);
  word(view, 48, from.filesFree);
  view.setInt32(56, deviceId, true);
  word(view, 64, 255);
  word(view, 72, from.blockBytes);
  // ST_VALID | ST_RELATIME
  word(view, 80, 0x1020);
  return out;
}

/** Fills a buffer with linux_dirent64 records; stops when the next does not fit. */
export class DirectoryEncoder implements DirectorySink {
  readonly bytes: Uint8Array;
  used = 0;
  /** An entry did not fit. */
  full = false;
  private readonly view: DataView;

  constructor(bytes: number) {
    this.bytes = new Uint8Array(bytes);
    this.view = dataView(this.bytes);
  }

  entry(name: bytestr, node: number, type: number, nextCookie: number): boolean {
    const length = (19 + name.length + 1 + 7) & ~7;
    if (this.used + length > this.bytes.length) {
      this.full = true;
      return false;
    }
    const at = this.used;
    word(this.view, at, node);
    word(this.view, at + 8, nextCookie);
    this.view.setUint16(at + 16, length, true);
    this.bytes[at + 18] = type >>> 12;
    copyStringTo(name, this.bytes, at + 19);
    this.used += length;
    return true;
  }
}
