/**
 * Open files: what a descriptor points to.
 *
 * An open file is shared by all descriptors made from it with dup, and owns the offset and the status flags. It never
 * blocks: -EAGAIN means "wait on `waitQueue()` and try again" whatever O_NONBLOCK says; blocking is the caller's.
 */
import type { Dentry } from './dentry.js';
import { EBADF, EFBIG, EINVAL, EISDIR, ENOTDIR, ENXIO, EOVERFLOW, ESPIPE } from './errno.js';
import { FILE_BYTES_MAX } from './limits.js';
import {
  O_ACCMODE,
  O_APPEND,
  O_PATH,
  O_RDONLY,
  O_WRONLY,
  POLLIN,
  POLLOUT,
  S_IFREG,
  SEEK_CUR,
  SEEK_DATA,
  SEEK_END,
  SEEK_HOLE,
  SEEK_SET,
} from './modes.js';
import { Attributes, type DirectorySink, type Vnode } from './vnode.js';
import type { WaitQueue } from './wait.js';

export abstract class OpenFile {
  /** O_APPEND, O_NONBLOCK and the access mode; fcntl(F_SETFL) changes the first two. */
  flags: number;
  /** Where it was opened; undefined for pipes and the like. */
  dentry: Dentry | undefined = undefined;
  private references = 1;

  constructor(flags: number) {
    this.flags = flags;
  }

  /** One more descriptor points here. */
  hold(): void {
    this.references++;
  }

  /** One descriptor fewer; the last one closes. */
  release(): void {
    this.references--;
    if (this.references > 0) return;
    const dentry = this.dentry;
    if (dentry !== undefined) dentry.unpin();
    this.close();
  }

  mayRead(): boolean {
    return (this.flags & O_ACCMODE) !== O_WRONLY && (this.flags & O_PATH) === 0;
  }

  mayWrite(): boolean {
    return (this.flags & O_ACCMODE) !== O_RDONLY && (this.flags & O_PATH) === 0;
  }

  abstract stat(out: Attributes): void;
  abstract read(into: Uint8Array): number;
  abstract write(from: Uint8Array): number;

  readAt(_offset: number, _into: Uint8Array): number {
    return -ESPIPE;
  }

  writeAt(_offset: number, _from: Uint8Array): number {
    return -ESPIPE;
  }

  seek(_offset: number, _whence: number): number {
    return -ESPIPE;
  }

  truncate(_size: number): number {
    return -EINVAL;
  }

  readDirectory(_sink: DirectorySink): number {
    return -ENOTDIR;
  }

  sync(): number {
    return -EINVAL;
  }

  /** POLLIN, POLLOUT, POLLHUP, ... that hold now. */
  poll(): number {
    return POLLIN | POLLOUT;
  }

  /** Woken when `poll()` may have changed; undefined when it never changes. */
  waitQueue(): WaitQueue | undefined {
    return undefined;
  }

  /** Bytes that a read would give now, for FIONREAD. */
  available(): number {
    return 0;
  }

  /** The vnode behind it, for `mmap`, fchmod and `openat` relative to it. */
  vnode(): Vnode | undefined {
    return undefined;
  }

  /** True where a read may take bytes by address without waiting, so that large reads need no splitting. */
  protected close(): void {}
}

/** An ordinary file or a directory. */
export class VnodeFile extends OpenFile {
  readonly node: Vnode;
  offset = 0;
  private readonly attributes = new Attributes();

  constructor(node: Vnode, flags: number) {
    super(flags);
    this.node = node;
    node.opened();
  }

  override vnode(): Vnode | undefined {
    return this.node;
  }

  override stat(out: Attributes): void {
    this.node.stat(out);
  }

  private size(): number {
    this.node.stat(this.attributes);
    return this.attributes.size;
  }

  override read(into: Uint8Array): number {
    if (!this.mayRead()) return -EBADF;
    if (this.node.isDirectory()) return -EISDIR;
    const count = this.node.read(this.offset, into);
    if (count > 0) this.offset += count;
    return count;
  }

  override write(from: Uint8Array): number {
    if (!this.mayWrite()) return -EBADF;
    if ((this.flags & O_APPEND) !== 0) this.offset = this.size();
    const count = this.node.write(this.offset, from);
    if (count > 0) this.offset += count;
    return count;
  }

  override readAt(offset: number, into: Uint8Array): number {
    if (!this.mayRead()) return -EBADF;
    if (offset < 0) return -EINVAL;
    if (this.node.isDirectory()) return -EISDIR;
    return this.node.read(offset, into);
  }

  override writeAt(offset: number, from: Uint8Array): number {
    if (!this.mayWrite()) return -EBADF;
    if (offset < 0) return -EINVAL;
    // Linux appends even with pwrite when O_APPEND is set; programs know that.
    const at = (this.flags & O_APPEND) !== 0 ? this.size() : offset;
    return this.node.write(at, from);
  }

  override seek(offset: number, whence: number): number {
    let target = offset;
    if (whence === SEEK_CUR) target = this.offset + offset;
    else if (whence === SEEK_END) target = this.size() + offset;
    else if (whence === SEEK_DATA || whence === SEEK_HOLE) {
      const size = this.size();
      if (offset < 0 || offset >= size) return -ENXIO;
      // The whole file counts as data: allowed by lseek(2), and right for copying.
      target = whence === SEEK_DATA ? offset : size;
    } else if (whence !== SEEK_SET) return -EINVAL;
    if (target < 0) return -EINVAL;
    if (target > FILE_BYTES_MAX) return -EOVERFLOW;
    this.offset = target;
    return target;
  }

  override truncate(size: number): number {
    if (!this.mayWrite()) return -EINVAL;
    if (size < 0 || this.node.type !== S_IFREG) return -EINVAL;
    if (size > FILE_BYTES_MAX) return -EFBIG;
    return this.node.truncate(size);
  }

  /** '.' and '..' come first, with cookies 1 and 2; the vnode's own cookies are shifted by 2. */
  override readDirectory(sink: DirectorySink): number {
    if (!this.node.isDirectory()) return -ENOTDIR;
    let cookie = this.offset;
    if (cookie === 0) {
      if (!sink.entry('.', this.node.node, this.node.type, 1)) return 0;
      cookie = 1;
      this.offset = cookie;
    }
    if (cookie === 1) {
      const parent = this.dentry === undefined ? this.node : this.dentry.parentNode();
      if (!sink.entry('..', parent.node, parent.type, 2)) return 0;
      cookie = 2;
      this.offset = cookie;
    }
    const next = this.node.readDirectory(cookie - 2, new ShiftedSink(sink));
    if (next < 0) return next;
    this.offset = next + 2;
    return 0;
  }

  override sync(): number {
    return this.node.sync();
  }

  override available(): number {
    const size = this.size();
    return size > this.offset ? size - this.offset : 0;
  }

  protected override close(): void {
    this.node.closed();
  }
}

class ShiftedSink implements DirectorySink {
  private readonly inner: DirectorySink;

  constructor(inner: DirectorySink) {
    this.inner = inner;
  }

  entry(name: string, node: number, type: number, nextCookie: number): boolean {
    return this.inner.entry(name, node, type, nextCookie + 2);
  }
}
