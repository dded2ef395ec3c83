/**
 * Files whose content is computed: the building blocks of /proc, /sys and /dev.
 *
 * A synthetic file is a callback; its content is taken once per open, so that a reader sees one consistent text
 * however small its reads are. Directories have fixed children and, if asked for, a provider of more that is consulted
 * at each look-up and listing. Sizes are 0 until opened, as on Linux.
 */
import { bytesToString, type bytestr, stringToBytes } from './bytes.js';
import type { Clock } from './contract.js';
import type { Dentry } from './dentry.js';
import { EACCES, EBADF, EINVAL, ENOENT, EPERM, type Failure, failure } from './errno.js';
import {
  O_ACCMODE,
  O_RDONLY,
  S_IFDIR,
  S_IFLNK,
  S_IFREG,
  SEEK_CUR,
  SEEK_END,
  SEEK_SET,
} from './modes.js';
import { OpenFile } from './open-file.js';
import {
  type Attributes,
  type Creation,
  type DirectorySink,
  FileSystem,
  type FileSystemAttributes,
  Vnode,
} from './vnode.js';

export class SyntheticFileSystem extends FileSystem {
  readonly clock: Clock;
  private readonly magic: number;
  private readonly top: SyntheticDirectory;
  private nodeNext = 1;

  constructor(typeName: bytestr, magic: number, clock: Clock) {
    super(typeName, false, false);
    this.clock = clock;
    this.magic = magic;
    this.top = new SyntheticDirectory(this, 0o555);
  }

  takeNumber(): number {
    return this.nodeNext++;
  }

  override root(): Vnode {
    return this.top;
  }

  rootDirectory(): SyntheticDirectory {
    return this.top;
  }

  override statistics(out: FileSystemAttributes): void {
    out.magic = this.magic;
    out.blockBytes = 4096;
    out.blocks = 0;
    out.blocksFree = 0;
    out.files = 0;
    out.filesFree = 0;
  }
}

export abstract class SyntheticNode extends Vnode {
  mode: number;
  protected readonly clock: Clock;

  constructor(fileSystem: SyntheticFileSystem, type: number, mode: number) {
    super(fileSystem, fileSystem.takeNumber(), type);
    this.clock = fileSystem.clock;
    this.mode = mode;
  }

  override stat(out: Attributes): void {
    const nowUs = this.clock.realtimeUs();
    const seconds = Math.trunc(nowUs / 1000000);
    const nanoseconds = (nowUs - seconds * 1000000) * 1000;
    out.deviceId = this.fileSystem.deviceId;
    out.node = this.node;
    out.mode = this.type | this.mode;
    out.links = this.type === S_IFDIR ? 2 : 1;
    out.uid = 0;
    out.gid = 0;
    out.rdev = 0;
    out.size = 0;
    out.blockBytes = 1024;
    out.blocks512 = 0;
    out.atimeSeconds = seconds;
    out.atimeNanoseconds = nanoseconds;
    out.mtimeSeconds = seconds;
    out.mtimeNanoseconds = nanoseconds;
    out.ctimeSeconds = seconds;
    out.ctimeNanoseconds = nanoseconds;
  }

  override chmod(_permissions: number): number {
    return -EPERM;
  }

  override chown(_uid: number, _gid: number): number {
    return -EPERM;
  }

  override setTimes(_atime: number, _atimeNs: number, _mtime: number, _mtimeNs: number): number {
    return -EPERM;
  }
}

/** Children that come and go: one directory per thread, one link per descriptor. */
export interface ChildProvider {
  find(name: bytestr): Vnode | undefined;
  names(): bytestr[];
}

export class SyntheticDirectory extends SyntheticNode {
  private readonly children = new Map<bytestr, Vnode>();
  private readonly names: bytestr[] = [];
  private provider: ChildProvider | undefined = undefined;

  constructor(fileSystem: SyntheticFileSystem, mode: number) {
    super(fileSystem, S_IFDIR, mode);
  }

  add(name: bytestr, child: Vnode): void {
    if (!this.children.has(name)) this.names.push(name);
    this.children.set(name, child);
  }

  provide(provider: ChildProvider): void {
    this.provider = provider;
  }

  private fileSystemOf(): SyntheticFileSystem {
    return this.fileSystem as SyntheticFileSystem;
  }

  directory(name: bytestr): SyntheticDirectory {
    const child = new SyntheticDirectory(this.fileSystemOf(), 0o555);
    this.add(name, child);
    return child;
  }

  file(name: bytestr, content: () => bytestr): SyntheticFile {
    const child = new SyntheticFile(this.fileSystemOf(), 0o444, content, undefined);
    this.add(name, child);
    return child;
  }

  /** A file that can be written too; `accept` answers 0 or -errno. */
  control(name: bytestr, content: () => bytestr, accept: (text: bytestr) => number): SyntheticFile {
    const child = new SyntheticFile(this.fileSystemOf(), 0o644, content, accept);
    this.add(name, child);
    return child;
  }

  symlink(name: bytestr, target: () => bytestr): SyntheticLink {
    const child = new SyntheticLink(this.fileSystemOf(), target, undefined);
    this.add(name, child);
    return child;
  }

  override lookup(name: bytestr): Vnode | Failure {
    const child = this.children.get(name);
    if (child !== undefined) return child;
    if (this.provider !== undefined) {
      const provided = this.provider.find(name);
      if (provided !== undefined) return provided;
    }
    return failure(ENOENT);
  }

  override create(
    _name: bytestr,
    _type: number,
    _rdev: number,
    _creation: Creation,
  ): Vnode | Failure {
    return failure(EACCES);
  }

  override makeDirectory(_name: bytestr, _creation: Creation): Vnode | Failure {
    return failure(EACCES);
  }

  override makeSymlink(_name: bytestr, _target: bytestr, _creation: Creation): Vnode | Failure {
    return failure(EACCES);
  }

  override unlink(_name: bytestr): number {
    return -EPERM;
  }

  override removeDirectory(_name: bytestr): number {
    return -EPERM;
  }

  override rename(_name: bytestr, _to: Vnode, _toName: bytestr): number {
    return -EPERM;
  }

  override readDirectory(cookie: number, sink: DirectorySink): number {
    let index = cookie;
    while (index < this.names.length) {
      const name = this.names[index];
      const child = this.children.get(name);
      if (child !== undefined && !sink.entry(name, child.node, child.type, index + 1)) return index;
      index++;
    }
    if (this.provider === undefined) return index;
    const more = this.provider.names();
    while (index < this.names.length + more.length) {
      const name = more[index - this.names.length];
      const child = this.provider.find(name);
      if (child !== undefined && !sink.entry(name, child.node, child.type, index + 1)) return index;
      index++;
    }
    return index;
  }
}

export class SyntheticFile extends SyntheticNode {
  private readonly content: () => bytestr;
  private readonly accept: ((text: bytestr) => number) | undefined;

  constructor(
    fileSystem: SyntheticFileSystem,
    mode: number,
    content: () => bytestr,
    accept: ((text: bytestr) => number) | undefined,
  ) {
    super(fileSystem, S_IFREG, mode);
    this.content = content;
    this.accept = accept;
  }

  override open(flags: number): OpenFile | Failure | undefined {
    if ((flags & O_ACCMODE) !== O_RDONLY && this.accept === undefined) return failure(EACCES);
    return new SnapshotFile(this, flags, stringToBytes(this.content()));
  }

  override truncate(_size: number): number {
    return this.accept === undefined ? -EACCES : 0;
  }

  take(text: bytestr): number {
    return this.accept === undefined ? -EBADF : this.accept(text);
  }
}

/** An open synthetic file: the text as it was at open. */
class SnapshotFile extends OpenFile {
  private readonly file: SyntheticFile;
  private readonly bytes: Uint8Array;
  private offset = 0;

  constructor(file: SyntheticFile, flags: number, bytes: Uint8Array) {
    super(flags);
    this.file = file;
    this.bytes = bytes;
  }

  override vnode(): Vnode | undefined {
    return this.file;
  }

  override stat(out: Attributes): void {
    this.file.stat(out);
  }

  override read(into: Uint8Array): number {
    const count = this.readAt(this.offset, into);
    if (count > 0) this.offset += count;
    return count;
  }

  override readAt(offset: number, into: Uint8Array): number {
    if (!this.mayRead()) return -EBADF;
    if (offset < 0) return -EINVAL;
    if (offset >= this.bytes.length) return 0;
    let count = this.bytes.length - offset;
    if (count > into.length) count = into.length;
    into.set(this.bytes.subarray(offset, offset + count), 0);
    return count;
  }

  override write(from: Uint8Array): number {
    if (!this.mayWrite()) return -EBADF;
    const status = this.file.take(bytesToString(from, 0, from.length));
    return status < 0 ? status : from.length;
  }

  override seek(offset: number, whence: number): number {
    let target = offset;
    if (whence === SEEK_CUR) target = this.offset + offset;
    else if (whence === SEEK_END) return -EINVAL;
    else if (whence !== SEEK_SET) return -EINVAL;
    if (target < 0) return -EINVAL;
    this.offset = target;
    return target;
  }

  override truncate(_size: number): number {
    return 0;
  }
}

export class SyntheticLink extends SyntheticNode {
  private readonly target: () => bytestr;
  private readonly magic: (() => Dentry | undefined) | undefined;

  constructor(
    fileSystem: SyntheticFileSystem,
    target: () => bytestr,
    magic: (() => Dentry | undefined) | undefined,
  ) {
    super(fileSystem, S_IFLNK, 0o777);
    this.target = target;
    this.magic = magic;
  }

  override readLink(): bytestr | Failure {
    const target = this.target();
    return target.length === 0 ? failure(ENOENT) : target;
  }

  override magicTarget(): Dentry | undefined {
    return this.magic === undefined ? undefined : this.magic();
  }
}
