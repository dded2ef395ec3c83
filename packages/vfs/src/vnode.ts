/**
 * The vnode: what every file system implements.
 *
 * A vnode is a file, directory, link or device of one file system; it knows no path. All names are single components
 * already checked by the namespace (not empty, no '/', not '.' or '..', at most NAME_BYTES_MAX). Counting operations
 * answer zero or more, or `-errno`; operations that answer an object answer it or a `Failure`.
 *
 * Locking: the package is passive and holds no locks; the embedder serialises calls into one namespace.
 */
import type { bytestr } from './bytes.js';
import type { Dentry } from './dentry.js';
import { EINVAL, EISDIR, ENOTDIR, EPERM, EROFS, type Failure, failure } from './errno.js';
import { S_IFDIR } from './modes.js';
import type { OpenFile } from './open-file.js';

/** Everything stat(2) tells. Filled in by `Vnode.stat`, so that one object serves many calls. */
export class Attributes {
  deviceId = 0;
  node = 0;
  mode = 0;
  links = 1;
  uid = 0;
  gid = 0;
  rdev = 0;
  size = 0;
  blockBytes = 4096;
  blocks512 = 0;
  atimeSeconds = 0;
  atimeNanoseconds = 0;
  mtimeSeconds = 0;
  mtimeNanoseconds = 0;
  ctimeSeconds = 0;
  ctimeNanoseconds = 0;
}

/** Everything statfs(2) tells. */
export class FileSystemAttributes {
  magic = 0;
  blockBytes = 4096;
  blocks = 0;
  blocksFree = 0;
  files = 0;
  filesFree = 0;
}

/** Receives directory entries; answers false to stop before this entry (it is offered again next time). */
export interface DirectorySink {
  entry(name: bytestr, node: number, type: number, nextCookie: number): boolean;
}

/** Who creates a file, and with which permissions. */
export class Creation {
  readonly permissions: number;
  readonly uid: number;
  readonly gid: number;

  constructor(permissions: number, uid: number, gid: number) {
    this.permissions = permissions;
    this.uid = uid;
    this.gid = gid;
  }
}

export abstract class FileSystem {
  /** Type as /proc/mounts shows it. */
  readonly typeName: bytestr;
  /** Given by the namespace at the first mount; st_dev. */
  deviceId = 0;
  /** False where entries come and go by themselves (/proc): their dentries are not kept. */
  readonly cacheable: boolean;
  readonly readOnly: boolean;

  constructor(typeName: bytestr, cacheable: boolean, readOnly: boolean) {
    this.typeName = typeName;
    this.cacheable = cacheable;
    this.readOnly = readOnly;
  }

  abstract root(): Vnode;
  abstract statistics(out: FileSystemAttributes): void;
  /** Writes everything back; 0 or -errno. */
  sync(): number {
    return 0;
  }
}

export abstract class Vnode {
  readonly fileSystem: FileSystem;
  readonly node: number;
  /** S_IFREG, S_IFDIR, ... */
  readonly type: number;

  constructor(fileSystem: FileSystem, node: number, type: number) {
    this.fileSystem = fileSystem;
    this.node = node;
    this.type = type;
  }

  abstract stat(out: Attributes): void;

  isDirectory(): boolean {
    return this.type === S_IFDIR;
  }

  // Attributes.
  chmod(_permissions: number): number {
    return -EROFS;
  }

  chown(_uid: number, _gid: number): number {
    return -EROFS;
  }

  setTimes(_atime: number, _atimeNs: number, _mtime: number, _mtimeNs: number): number {
    return -EROFS;
  }

  // Directories.
  lookup(_name: bytestr): Vnode | Failure {
    return failure(ENOTDIR);
  }

  /** Creates a file of `type` (regular, device, fifo or socket). The name is known not to exist. */
  create(_name: bytestr, _type: number, _rdev: number, _creation: Creation): Vnode | Failure {
    return failure(this.isDirectory() ? EROFS : ENOTDIR);
  }

  makeDirectory(_name: bytestr, _creation: Creation): Vnode | Failure {
    return failure(this.isDirectory() ? EROFS : ENOTDIR);
  }

  makeSymlink(_name: bytestr, _target: bytestr, _creation: Creation): Vnode | Failure {
    return failure(this.isDirectory() ? EROFS : ENOTDIR);
  }

  link(_name: bytestr, _target: Vnode): number {
    return this.isDirectory() ? -EROFS : -ENOTDIR;
  }

  unlink(_name: bytestr): number {
    return this.isDirectory() ? -EROFS : -ENOTDIR;
  }

  removeDirectory(_name: bytestr): number {
    return this.isDirectory() ? -EROFS : -ENOTDIR;
  }

  /** Moves `name` of this directory over `toName` of `to`, a directory of the same file system. */
  rename(_name: bytestr, _to: Vnode, _toName: bytestr): number {
    return this.isDirectory() ? -EROFS : -ENOTDIR;
  }

  /**
   * Offers entries from `cookie` on (0 is the start), without '.' and '..'. Answers the cookie to go on with, or -errno.
   * An entry that exists during the whole listing is offered exactly once, whatever else comes and goes.
   */
  readDirectory(_cookie: number, _sink: DirectorySink): number {
    return -ENOTDIR;
  }

  // Links.
  readLink(): bytestr | Failure {
    return failure(EINVAL);
  }

  /** For links that name an object and not a path (/proc/self/fd/3); undefined for all others. */
  magicTarget(): Dentry | undefined {
    return undefined;
  }

  // Content.
  /** Reads at `offset`; 0 at or past the end. */
  read(_offset: number, _into: Uint8Array): number {
    return this.isDirectory() ? -EISDIR : -EINVAL;
  }

  write(_offset: number, _from: Uint8Array): number {
    return this.isDirectory() ? -EISDIR : -EINVAL;
  }

  truncate(_size: number): number {
    return this.isDirectory() ? -EISDIR : -EINVAL;
  }

  sync(): number {
    return 0;
  }

  /**
   * The page of content with this index, in place, for `mmap`: at most PAGE_BYTES long (short only at the end of a
   * read-only image). With `forWrite` a shared page is made private to the file first. Undefined: copy with `read`.
   */
  page(_index: number, _forWrite: boolean): Uint8Array | undefined {
    return undefined;
  }

  /** Answers an open file, or undefined for the ordinary one. Devices and synthetic files answer their own. */
  open(_flags: number): OpenFile | Failure | undefined {
    return undefined;
  }

  /** Counts opens, so that an unlinked file lives until its last close. */
  opened(): void {}

  closed(): void {}
}

/** What a file system without permission bits of its own answers to attempts to change them. */
export const NOT_PERMITTED: number = -EPERM;
