/** What all nodes of the memory file system have: owner, permissions, links and times. */
import type { bytestr } from './bytes.js';
import type { Failure } from './errno.js';
import { PERMISSION_BITS, S_IFLNK } from './modes.js';
import type { RamFileSystem } from './ramfs.js';
import { Attributes, type Creation, Vnode } from './vnode.js';

/** The stamps that an operation sets. */
export const STAMP_ACCESS = 1;
export const STAMP_MODIFY = 2;
export const STAMP_CHANGE = 4;

export abstract class RamNode extends Vnode {
  readonly owner: RamFileSystem;
  mode = 0;
  uid = 0;
  gid = 0;
  links = 1;
  private atime = 0;
  private atimeNs = 0;
  private mtime = 0;
  private mtimeNs = 0;
  private ctime = 0;
  private ctimeNs = 0;

  constructor(fileSystem: RamFileSystem, node: number, type: number) {
    super(fileSystem, node, type);
    this.owner = fileSystem;
  }

  created(creation: Creation): void {
    this.mode = creation.permissions;
    this.uid = creation.uid;
    this.gid = creation.gid;
    this.touch();
  }

  /** Takes the attributes of the node that this one stands for. */
  adopt(origin: Vnode): void {
    const from = new Attributes();
    origin.stat(from);
    this.mode = from.mode & PERMISSION_BITS;
    this.uid = from.uid;
    this.gid = from.gid;
    this.links = from.links;
    this.atime = from.atimeSeconds;
    this.atimeNs = from.atimeNanoseconds;
    this.mtime = from.mtimeSeconds;
    this.mtimeNs = from.mtimeNanoseconds;
    this.ctime = from.ctimeSeconds;
    this.ctimeNs = from.ctimeNanoseconds;
  }

  touch(): void {
    this.stamp(STAMP_ACCESS | STAMP_MODIFY | STAMP_CHANGE);
  }

  stamp(which: number): void {
    const nowUs = this.owner.clock.realtimeUs();
    const seconds = Math.trunc(nowUs / 1000000);
    const nanoseconds = (nowUs - seconds * 1000000) * 1000;
    if ((which & STAMP_ACCESS) !== 0) {
      this.atime = seconds;
      this.atimeNs = nanoseconds;
    }
    if ((which & STAMP_MODIFY) !== 0) {
      this.mtime = seconds;
      this.mtimeNs = nanoseconds;
    }
    if ((which & STAMP_CHANGE) !== 0) {
      this.ctime = seconds;
      this.ctimeNs = nanoseconds;
    }
  }

  abstract sizeBytes(): number;
  abstract pagesHeld(): number;

  override stat(out: Attributes): void {
    out.deviceId = this.fileSystem.deviceId;
    out.node = this.node;
    out.mode = this.type | this.mode;
    out.links = this.links;
    out.uid = this.uid;
    out.gid = this.gid;
    out.rdev = 0;
    out.size = this.sizeBytes();
    out.blockBytes = 4096;
    out.blocks512 = this.pagesHeld() * 8;
    out.atimeSeconds = this.atime;
    out.atimeNanoseconds = this.atimeNs;
    out.mtimeSeconds = this.mtime;
    out.mtimeNanoseconds = this.mtimeNs;
    out.ctimeSeconds = this.ctime;
    out.ctimeNanoseconds = this.ctimeNs;
  }

  override chmod(permissions: number): number {
    this.mode = permissions & PERMISSION_BITS;
    this.stamp(STAMP_CHANGE);
    return 0;
  }

  override chown(uid: number, gid: number): number {
    this.uid = uid;
    this.gid = gid;
    this.stamp(STAMP_CHANGE);
    return 0;
  }

  override setTimes(atime: number, atimeNs: number, mtime: number, mtimeNs: number): number {
    this.atime = atime;
    this.atimeNs = atimeNs;
    this.mtime = mtime;
    this.mtimeNs = mtimeNs;
    this.stamp(STAMP_CHANGE);
    return 0;
  }

  /** One name fewer. */
  dropLink(): void {
    this.links--;
    this.stamp(STAMP_CHANGE);
  }
}

export class RamSymlink extends RamNode {
  private readonly target: bytestr;

  constructor(fileSystem: RamFileSystem, node: number, target: bytestr) {
    super(fileSystem, node, S_IFLNK);
    this.target = target;
  }

  override readLink(): bytestr | Failure {
    return this.target;
  }

  override sizeBytes(): number {
    return this.target.length;
  }

  override pagesHeld(): number {
    return 0;
  }
}

/** A device node, fifo or socket: a name with a type; what opening it means is decided above. */
export class RamSpecial extends RamNode {
  readonly rdev: number;

  constructor(fileSystem: RamFileSystem, node: number, type: number, rdev: number) {
    super(fileSystem, node, type);
    this.rdev = rdev;
  }

  override stat(out: Attributes): void {
    super.stat(out);
    out.rdev = this.rdev;
  }

  override sizeBytes(): number {
    return 0;
  }

  override pagesHeld(): number {
    return 0;
  }
}
