/** A packed image as a read-only file system. */
import type { bytestr } from '../bytes.js';
import { EIO, ENOENT, Failure, failure } from '../errno.js';
import { PAGE_BYTES, PATH_BYTES_MAX } from '../limits.js';
import {
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
} from '../modes.js';
import {
  type Attributes,
  type DirectorySink,
  FileSystem,
  type FileSystemAttributes,
  Vnode,
} from '../vnode.js';
import {
  NODE_COUNT,
  NODE_DEVICE,
  NODE_GID,
  NODE_LINKS,
  NODE_MODE,
  NODE_MTIME,
  NODE_MTIME_NS,
  NODE_POSITION,
  NODE_SIZE,
  NODE_UID,
} from './layout.js';
import { fits, INVALID, PackedReader } from './reader.js';

const PACKED_FS_MAGIC = 0x54535046;

export class PackedFileSystem extends FileSystem {
  readonly reader: PackedReader;
  private readonly top: PackedNode;

  private constructor(reader: PackedReader) {
    super('tesspack', true, true);
    this.reader = reader;
    this.top = new PackedNode(this, 1, S_IFDIR);
  }

  /** The file system, or what is wrong with the image. Borrows `image` for good; nothing may change it. */
  static open(image: Uint8Array): PackedFileSystem | string {
    const reader = PackedReader.open(image);
    if (typeof reader === 'string') return reader;
    if ((reader.node32(1, NODE_MODE) & S_IFMT) !== S_IFDIR)
      return 'with a root that is not a directory';
    return new PackedFileSystem(reader);
  }

  override root(): Vnode {
    return this.top;
  }

  override statistics(out: FileSystemAttributes): void {
    out.magic = PACKED_FS_MAGIC;
    out.blockBytes = PAGE_BYTES;
    out.blocks = Math.trunc(this.reader.bytes.length / PAGE_BYTES);
    out.blocksFree = 0;
    out.files = this.reader.nodes;
    out.filesFree = 0;
  }
}

function knownType(type: number): boolean {
  return (
    type === S_IFREG ||
    type === S_IFDIR ||
    type === S_IFLNK ||
    type === S_IFCHR ||
    type === S_IFBLK ||
    type === S_IFIFO ||
    type === S_IFSOCK
  );
}

class PackedNode extends Vnode {
  private readonly reader: PackedReader;

  constructor(fileSystem: PackedFileSystem, node: number, type: number) {
    super(fileSystem, node, type);
    this.reader = fileSystem.reader;
  }

  override stat(out: Attributes): void {
    const reader = this.reader;
    const node = this.node;
    const seconds = reader.nodeSeconds(node, NODE_MTIME);
    const rawNanoseconds = reader.node32(node, NODE_MTIME_NS);
    const nanoseconds = rawNanoseconds < 1000000000 ? rawNanoseconds : 0;
    out.deviceId = this.fileSystem.deviceId;
    out.node = node;
    out.mode = reader.node32(node, NODE_MODE) & 0xffff;
    out.links = reader.node32(node, NODE_LINKS);
    out.uid = reader.node32(node, NODE_UID);
    out.gid = reader.node32(node, NODE_GID);
    out.rdev = reader.node32(node, NODE_DEVICE);
    out.size = this.size();
    out.blockBytes = PAGE_BYTES;
    out.blocks512 =
      this.type === S_IFREG ? Math.trunc((out.size + PAGE_BYTES - 1) / PAGE_BYTES) * 8 : 0;
    out.atimeSeconds = seconds;
    out.atimeNanoseconds = nanoseconds;
    out.mtimeSeconds = seconds;
    out.mtimeNanoseconds = nanoseconds;
    out.ctimeSeconds = seconds;
    out.ctimeNanoseconds = nanoseconds;
  }

  /** The size as far as the image can hold it: what lies outside counts as nothing. */
  private size(): number {
    const size = this.reader.node64(this.node, NODE_SIZE);
    if (this.type === S_IFREG) return this.contentStart() === INVALID ? 0 : size;
    if (this.type === S_IFDIR) return PAGE_BYTES;
    if (this.type === S_IFLNK) return size >= 0 && size < PATH_BYTES_MAX ? size : 0;
    return 0;
  }

  /** Where the content starts; INVALID unless all of it lies in the image at a page boundary. */
  private contentStart(): number {
    const size = this.reader.node64(this.node, NODE_SIZE);
    const start = this.reader.node64(this.node, NODE_POSITION);
    if (size === INVALID || start === INVALID || start % PAGE_BYTES !== 0) return INVALID;
    return fits(start, size, this.reader.bytes.length) ? start : INVALID;
  }

  override read(offset: number, into: Uint8Array): number {
    if (this.type !== S_IFREG) return super.read(offset, into);
    const start = this.contentStart();
    if (start === INVALID) return -EIO;
    const size = this.reader.node64(this.node, NODE_SIZE);
    if (offset >= size) return 0;
    const count = into.length < size - offset ? into.length : size - offset;
    into.set(this.reader.bytes.subarray(start + offset, start + offset + count), 0);
    return count;
  }

  /** In place: content starts at a page boundary and is padded with zeros by the writer. */
  override page(index: number, forWrite: boolean): Uint8Array | undefined {
    if (forWrite || this.type !== S_IFREG) return undefined;
    const start = this.contentStart();
    if (start === INVALID) return undefined;
    const size = this.reader.node64(this.node, NODE_SIZE);
    const from = index * PAGE_BYTES;
    if (index < 0 || from >= size) return undefined;
    let end = start + from + PAGE_BYTES;
    if (end > this.reader.bytes.length) end = this.reader.bytes.length;
    return this.reader.bytes.subarray(start + from, end);
  }

  override readLink(): bytestr | Failure {
    if (this.type !== S_IFLNK) return super.readLink();
    const size = this.reader.node64(this.node, NODE_SIZE);
    const offset = this.reader.node64(this.node, NODE_POSITION);
    if (size < 1 || size >= PATH_BYTES_MAX || offset === INVALID) return failure(EIO);
    const target = this.reader.textAt(offset, size);
    return target === undefined ? failure(EIO) : target;
  }

  /** The first entry of a directory; INVALID unless all its entries are in the table. */
  private firstEntry(): number {
    const first = this.reader.node64(this.node, NODE_POSITION);
    const count = this.reader.node32(this.node, NODE_COUNT);
    if (first === INVALID) return INVALID;
    return fits(first, count, this.reader.entries) ? first : INVALID;
  }

  private child(entry: number): Vnode | Failure {
    const node = this.reader.entryNode(entry);
    if (node === INVALID) return failure(EIO);
    const type = this.reader.node32(node, NODE_MODE) & S_IFMT;
    if (!knownType(type)) return failure(EIO);
    // A directory that leads to the root or to itself would make the tree endless.
    if (type === S_IFDIR && node <= this.node) return failure(EIO);
    return new PackedNode(this.fileSystem as PackedFileSystem, node, type);
  }

  override lookup(name: bytestr): Vnode | Failure {
    if (this.type !== S_IFDIR) return super.lookup(name);
    const first = this.firstEntry();
    if (first === INVALID) return failure(EIO);
    let low = 0;
    let high = this.reader.node32(this.node, NODE_COUNT);
    while (low < high) {
      const middle = low + ((high - low) >> 1);
      const order = this.reader.compareName(name, first + middle);
      if (order === 0) {
        // Validates the name too: an image must not smuggle in '..' or a slash.
        if (this.reader.entryName(first + middle) === undefined) return failure(EIO);
        return this.child(first + middle);
      }
      if (order < 0) high = middle;
      else low = middle + 1;
    }
    return failure(ENOENT);
  }

  override readDirectory(cookie: number, sink: DirectorySink): number {
    if (this.type !== S_IFDIR) return super.readDirectory(cookie, sink);
    const first = this.firstEntry();
    if (first === INVALID) return -EIO;
    const count = this.reader.node32(this.node, NODE_COUNT);
    let index = cookie;
    while (index < count) {
      const name = this.reader.entryName(first + index);
      const child = this.child(first + index);
      if (name === undefined || child instanceof Failure) return -EIO;
      if (!sink.entry(name, child.node, child.type, index + 1)) return index;
      index++;
    }
    return index;
  }
}
