/**
 * 9P2000.L client: a folder of the host, over any channel that carries a request and brings its reply.
 *
 * Results are numbers as elsewhere in the kernel: `>= 0` is the answer, `< 0` is minus the host's errno; -5 (EIO) for
 * a reply that makes no sense, after which the channel is not used again.
 */
import {
  NINEP_GETATTR_BASIC,
  NINEP_HEADER_BYTES,
  NINEP_NO_FID,
  NINEP_NO_TAG,
  NINEP_QID_BYTES,
  NineP,
  NinePReader,
  NinePWriter,
} from './ninep-protocol.js';

export interface NinePChannel {
  /** Sends `request[0..requestBytes)`, waits, fills `reply`; its length, or -1 when the other end is gone. */
  exchange(request: Uint8Array, requestBytes: number, reply: Uint8Array): number;
}

export class NinePAttributes {
  qidType = 0;
  qidPath = 0;
  mode = 0;
  uid = 0;
  gid = 0;
  linkCount = 0;
  device = 0;
  sizeBytes = 0;
  blockBytes = 0;
  blocks = 0;
  accessSeconds = 0;
  accessNs = 0;
  modifySeconds = 0;
  modifyNs = 0;
  changeSeconds = 0;
  changeNs = 0;
}

export class NinePEntry {
  readonly qidType: number;
  readonly qidPath: number;
  /** Where to go on reading after this entry. */
  readonly nextOffset: number;
  readonly type: number;
  readonly name: string;

  constructor(qidType: number, qidPath: number, nextOffset: number, type: number, name: string) {
    this.qidType = qidType;
    this.qidPath = qidPath;
    this.nextOffset = nextOffset;
    this.type = type;
    this.name = name;
  }
}

export const NINEP_SET_MODE = 1;
export const NINEP_SET_UID = 2;
export const NINEP_SET_GID = 4;
export const NINEP_SET_SIZE = 8;
export const NINEP_SET_ATIME = 16;
export const NINEP_SET_MTIME = 32;
export const NINEP_SET_ATIME_VALUE = 128;
export const NINEP_SET_MTIME_VALUE = 256;

const EIO = -5;
const ENAMETOOLONG = -36;
const VERSION = '9P2000.L';
const WALK_NAMES_MAX = 16;
const READ_OVERHEAD = NINEP_HEADER_BYTES + 4;
const WRITE_OVERHEAD = NINEP_HEADER_BYTES + 16;

export class NinePClient {
  /** After a reply that makes no sense every call is EIO. */
  isBroken = false;
  readonly #channel: NinePChannel;
  readonly #request: Uint8Array;
  readonly #reply: Uint8Array;
  readonly #writer: NinePWriter;
  readonly #reader: NinePReader;
  #messageBytes: number;
  #nextFid = 1;
  readonly #freeFids: number[] = [];

  constructor(channel: NinePChannel, messageBytes: number) {
    this.#channel = channel;
    this.#messageBytes = messageBytes;
    this.#request = new Uint8Array(messageBytes);
    this.#reply = new Uint8Array(messageBytes);
    this.#writer = new NinePWriter(this.#request);
    this.#reader = new NinePReader(this.#reply);
  }

  /** Agree on the protocol and attach: the root's fid, or an error. */
  attach(tree: string, uid: number): number {
    const writer = this.#writer;
    writer.begin(NineP.Version, NINEP_NO_TAG);
    writer.u32(this.#messageBytes);
    writer.text(VERSION);
    let status = this.#call(NineP.Version, NINEP_NO_TAG);
    if (status < 0) return status;
    const size = this.#reader.u32();
    const version = this.#reader.text();
    // Smaller than one directory entry with a long name is of no use to anybody.
    if (version !== VERSION || size < 512 || size > this.#messageBytes) return this.#break();
    this.#messageBytes = size;
    const fid = this.#allocate();
    writer.begin(NineP.Attach, 0);
    writer.u32(fid);
    writer.u32(NINEP_NO_FID);
    writer.text('');
    writer.text(tree);
    writer.u32(uid);
    status = this.#call(NineP.Attach, 0);
    return status < 0 ? this.#drop(fid, status) : fid;
  }

  /** A new fid for the path of names below `fid`; no names clone it. */
  walk(fid: number, names: readonly string[]): number {
    if (names.length > WALK_NAMES_MAX) return ENAMETOOLONG;
    const next = this.#allocate();
    const writer = this.#writer;
    writer.begin(NineP.Walk, 0);
    writer.u32(fid);
    writer.u32(next);
    writer.u16(names.length);
    for (const name of names) writer.text(name);
    const status = this.#call(NineP.Walk, 0);
    if (status < 0) return this.#drop(next, status);
    const walked = this.#reader.u16();
    if (this.#reader.isShort || walked > names.length) return this.#break();
    // A partial walk made no fid: what is missing is the next name.
    return walked < names.length ? this.#drop(next, -2) : next;
  }

  /** Linux's open flags. After it `fid` is the open file. Returns the preferred transfer size, 0 for any. */
  open(fid: number, flags: number): number {
    this.#start(NineP.LOpen, fid);
    this.#writer.u32(flags);
    const status = this.#call(NineP.LOpen, 0);
    if (status < 0) return status;
    this.#reader.skip(NINEP_QID_BYTES);
    return this.#reader.u32();
  }

  /** Creates and opens: `fid` of the folder becomes the file. */
  create(fid: number, name: string, flags: number, mode: number, gid: number): number {
    this.#start(NineP.LCreate, fid);
    this.#writer.text(name);
    this.#writer.u32(flags);
    this.#writer.u32(mode);
    this.#writer.u32(gid);
    return this.#call(NineP.LCreate, 0);
  }

  /** Bytes read, 0 at the end. One message; may be fewer than asked. */
  read(fid: number, offset: number, into: Uint8Array, start: number, bytes: number): number {
    const wanted = Math.min(bytes, this.#messageBytes - READ_OVERHEAD);
    this.#start(NineP.Read, fid);
    this.#writer.u64(offset);
    this.#writer.u32(wanted);
    const status = this.#call(NineP.Read, 0);
    if (status < 0) return status;
    const count = this.#reader.u32();
    if (count > wanted || !this.#reader.copy(into, start, count)) return this.#break();
    return count;
  }

  write(fid: number, offset: number, from: Uint8Array, start: number, bytes: number): number {
    const wanted = Math.min(bytes, this.#messageBytes - WRITE_OVERHEAD);
    this.#start(NineP.Write, fid);
    this.#writer.u64(offset);
    this.#writer.data(from, start, wanted);
    const status = this.#call(NineP.Write, 0);
    if (status < 0) return status;
    const count = this.#reader.u32();
    return this.#reader.isShort || count > wanted ? this.#break() : count;
  }

  clunk(fid: number): number {
    this.#start(NineP.Clunk, fid);
    const status = this.#call(NineP.Clunk, 0);
    // The server forgets the fid whatever it answers.
    this.#freeFids.push(fid);
    return status;
  }

  attributes(fid: number, into: NinePAttributes): number {
    this.#start(NineP.GetAttributes, fid);
    this.#writer.u64(NINEP_GETATTR_BASIC);
    const status = this.#call(NineP.GetAttributes, 0);
    if (status < 0) return status;
    const reader = this.#reader;
    reader.u64();
    into.qidType = reader.u8();
    reader.u32();
    into.qidPath = reader.u64();
    into.mode = reader.u32();
    into.uid = reader.u32();
    into.gid = reader.u32();
    into.linkCount = reader.u64();
    into.device = reader.u64();
    into.sizeBytes = reader.u64();
    into.blockBytes = reader.u64();
    into.blocks = reader.u64();
    into.accessSeconds = reader.u64();
    into.accessNs = reader.u64();
    into.modifySeconds = reader.u64();
    into.modifyNs = reader.u64();
    into.changeSeconds = reader.u64();
    into.changeNs = reader.u64();
    return reader.isShort ? this.#break() : 0;
  }

  /** `valid` says which of the values count (NINEP_SET_*). */
  setAttributes(fid: number, valid: number, values: NinePAttributes): number {
    this.#start(NineP.SetAttributes, fid);
    const writer = this.#writer;
    writer.u32(valid);
    writer.u32(values.mode);
    writer.u32(values.uid);
    writer.u32(values.gid);
    writer.u64(values.sizeBytes);
    writer.u64(values.accessSeconds);
    writer.u64(values.accessNs);
    writer.u64(values.modifySeconds);
    writer.u64(values.modifyNs);
    return this.#call(NineP.SetAttributes, 0);
  }

  /** Appends entries from `offset` (0, or an entry's `nextOffset`); the number read, 0 at the end. */
  readDirectory(fid: number, offset: number, into: NinePEntry[]): number {
    this.#start(NineP.ReadDirectory, fid);
    this.#writer.u64(offset);
    this.#writer.u32(this.#messageBytes - READ_OVERHEAD);
    const status = this.#call(NineP.ReadDirectory, 0);
    if (status < 0) return status;
    const reader = this.#reader;
    const bytes = reader.u32();
    if (reader.isShort || bytes > reader.remaining()) return this.#break();
    const end = reader.position() + bytes;
    let count = 0;
    while (reader.position() < end) {
      const qidType = reader.u8();
      reader.u32();
      const qidPath = reader.u64();
      const nextOffset = reader.u64();
      const type = reader.u8();
      const name = reader.text();
      if (reader.isShort || reader.position() > end) return this.#break();
      into.push(new NinePEntry(qidType, qidPath, nextOffset, type, name));
      count += 1;
    }
    return count;
  }

  makeDirectory(fid: number, name: string, mode: number, gid: number): number {
    this.#start(NineP.MakeDirectory, fid);
    this.#writer.text(name);
    this.#writer.u32(mode);
    this.#writer.u32(gid);
    return this.#call(NineP.MakeDirectory, 0);
  }

  /** `flags` is 0x200 to remove a folder. */
  unlink(fid: number, name: string, flags: number): number {
    this.#start(NineP.UnlinkAt, fid);
    this.#writer.text(name);
    this.#writer.u32(flags);
    return this.#call(NineP.UnlinkAt, 0);
  }

  rename(oldFid: number, oldName: string, newFid: number, newName: string): number {
    this.#start(NineP.RenameAt, oldFid);
    this.#writer.text(oldName);
    this.#writer.u32(newFid);
    this.#writer.text(newName);
    return this.#call(NineP.RenameAt, 0);
  }

  symlink(fid: number, name: string, target: string, gid: number): number {
    this.#start(NineP.Symlink, fid);
    this.#writer.text(name);
    this.#writer.text(target);
    this.#writer.u32(gid);
    return this.#call(NineP.Symlink, 0);
  }

  /** The target, or undefined on an error. */
  readLink(fid: number): string | undefined {
    this.#start(NineP.ReadLink, fid);
    if (this.#call(NineP.ReadLink, 0) < 0) return undefined;
    const target = this.#reader.text();
    if (!this.#reader.isShort) return target;
    this.#break();
    return undefined;
  }

  link(folder: number, fid: number, name: string): number {
    this.#start(NineP.Link, folder);
    this.#writer.u32(fid);
    this.#writer.text(name);
    return this.#call(NineP.Link, 0);
  }

  sync(fid: number): number {
    this.#start(NineP.Sync, fid);
    this.#writer.u32(0);
    return this.#call(NineP.Sync, 0);
  }

  #start(type: number, fid: number): void {
    this.#writer.begin(type, 0);
    this.#writer.u32(fid);
  }

  /** Leaves the reader at the reply's body; 0 or a negative errno. */
  #call(type: number, tag: number): number {
    if (this.isBroken) return EIO;
    if (this.#writer.overflowed || this.#writer.length > this.#messageBytes) return ENAMETOOLONG;
    this.#writer.end();
    const bytes = this.#channel.exchange(this.#request, this.#writer.length, this.#reply);
    if (bytes < NINEP_HEADER_BYTES || bytes > this.#messageBytes) return this.#break();
    const reader = this.#reader;
    reader.begin(0, bytes);
    const size = reader.u32();
    const replyType = reader.u8();
    if (size < NINEP_HEADER_BYTES || size > bytes || reader.u16() !== tag) return this.#break();
    reader.begin(NINEP_HEADER_BYTES, size);
    if (replyType === NineP.LError) {
      const errno = reader.u32();
      return reader.isShort || errno === 0 || errno > 4095 ? this.#break() : -errno;
    }
    return replyType === type + 1 ? 0 : this.#break();
  }

  #allocate(): number {
    const free = this.#freeFids.pop();
    if (free !== undefined) return free;
    this.#nextFid += 1;
    return this.#nextFid - 1;
  }

  #drop(fid: number, status: number): number {
    this.#freeFids.push(fid);
    return status;
  }

  #break(): number {
    this.isBroken = true;
    return EIO;
  }
}
