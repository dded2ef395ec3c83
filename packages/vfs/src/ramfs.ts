/**
 * The file system in memory, also as a writable layer over a read-only one.
 *
 * Each node may have an `origin`: the node of a lower, read-only file system that it stands for. A directory takes
 * names over from its origin when they are looked up, and all of them before its first change or listing; a file
 * takes pages over when they are written (copy on write by page, not by file); attributes are taken over when the node
 * is made. So reading costs one small object per file touched, and nothing is copied that is not changed.
 *
 * Hard links of the lower file system stay hard links: nodes with more than one link are found again by number.
 */
import type { BufferPool, Clock } from './contract.js';
import { Failure } from './errno.js';
import { PAGE_BYTES } from './limits.js';
import { S_IFDIR, S_IFLNK, S_IFREG } from './modes.js';
import { RamDirectory } from './ramfs-directory.js';
import { RamFile } from './ramfs-file.js';
import { type RamNode, RamSpecial, RamSymlink } from './ramfs-node.js';
import {
  Attributes,
  type Creation,
  FileSystem,
  type FileSystemAttributes,
  type Vnode,
} from './vnode.js';

const TMPFS_MAGIC = 0x01021994;
const OVERLAY_MAGIC = 0x794c7630;
/** New nodes over an origin are numbered from here, so that they never collide with the origin's. */
const NODES_OVER_ORIGIN = 0x80000000;

export class RamFileSystem extends FileSystem {
  readonly clock: Clock;
  readonly pool: BufferPool;
  /** Pages in use and the most allowed. */
  pagesUsed = 0;
  readonly pagesMax: number;
  private nodeNext: number;
  private readonly rootNode: RamDirectory;
  private readonly shared = new Map<number, RamNode>();
  private readonly overlay: boolean;

  /** `pagesMax` 0 means as many as the pool gives. */
  constructor(clock: Clock, pool: BufferPool, origin: Vnode | undefined, pagesMax: number) {
    super(origin === undefined ? 'tmpfs' : 'overlay', true, false);
    this.clock = clock;
    this.pool = pool;
    this.pagesMax = pagesMax;
    this.overlay = origin !== undefined;
    this.nodeNext = origin === undefined ? 1 : NODES_OVER_ORIGIN;
    const root = new RamDirectory(
      this,
      origin === undefined ? this.takeNumber() : origin.node,
      origin,
    );
    root.mode = 0o755;
    if (origin === undefined) root.touch();
    else root.adopt(origin);
    this.rootNode = root;
  }

  override root(): Vnode {
    return this.rootNode;
  }

  takeNumber(): number {
    return this.nodeNext++;
  }

  /** A zeroed page, or undefined when the limit is reached or the pool is empty. */
  takePage(): Uint8Array | undefined {
    if (this.pagesMax > 0 && this.pagesUsed >= this.pagesMax) return undefined;
    const page = this.pool.allocatePage();
    if (page !== undefined) this.pagesUsed++;
    return page;
  }

  givePage(page: Uint8Array): void {
    this.pagesUsed--;
    this.pool.freePage(page);
  }

  /** The node that stands for a node of the lower file system. */
  adopt(origin: Vnode): RamNode {
    const known = this.shared.get(origin.node);
    if (known !== undefined) return known;
    let node: RamNode;
    if (origin.type === S_IFDIR) {
      node = new RamDirectory(this, origin.node, origin);
    } else if (origin.type === S_IFREG) {
      node = new RamFile(this, origin.node, origin);
    } else if (origin.type === S_IFLNK) {
      const target = origin.readLink();
      node = new RamSymlink(this, origin.node, target instanceof Failure ? '' : target);
    } else {
      const attributes = new Attributes();
      origin.stat(attributes);
      node = new RamSpecial(this, origin.node, origin.type, attributes.rdev);
    }
    node.adopt(origin);
    if (node.links > 1 && origin.type !== S_IFDIR) this.shared.set(origin.node, node);
    return node;
  }

  makeNode(type: number, rdev: number, creation: Creation): RamNode {
    const number = this.takeNumber();
    let node: RamNode;
    if (type === S_IFDIR) node = new RamDirectory(this, number, undefined);
    else if (type === S_IFREG) node = new RamFile(this, number, undefined);
    else node = new RamSpecial(this, number, type, rdev);
    node.created(creation);
    return node;
  }

  override statistics(out: FileSystemAttributes): void {
    out.magic = this.overlay ? OVERLAY_MAGIC : TMPFS_MAGIC;
    out.blockBytes = PAGE_BYTES;
    out.blocks = this.pagesMax;
    out.blocksFree = this.pagesMax > this.pagesUsed ? this.pagesMax - this.pagesUsed : 0;
    out.files = 0;
    out.filesFree = 0;
  }
}
