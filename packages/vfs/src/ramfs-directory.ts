/**
 * A directory: names to nodes, listed in order of creation.
 *
 * Each entry has a sequence number that never repeats in this directory; the number is the cookie of a listing, so
 * that entries which come and go during a listing disturb no other. Removed entries stay in `order` as tombstones
 * until half of it is dead.
 */
import type { bytestr } from './bytes.js';
import { EEXIST, EMLINK, ENOENT, ENOTDIR, ENOTEMPTY, EXDEV, Failure, failure } from './errno.js';
import { LINKS_MAX } from './limits.js';
import { S_IFDIR } from './modes.js';
import type { RamFileSystem } from './ramfs.js';
import { RamNode, RamSymlink, STAMP_CHANGE, STAMP_MODIFY } from './ramfs-node.js';
import type { Creation, DirectorySink, Vnode } from './vnode.js';

class Entry {
  readonly name: bytestr;
  readonly sequence: number;
  /** Undefined: removed. */
  node: RamNode | undefined;

  constructor(name: bytestr, sequence: number, node: RamNode) {
    this.name = name;
    this.sequence = sequence;
    this.node = node;
  }
}

/** Collects the names of an origin, so that its listing is over before this directory changes. */
class NameCollector implements DirectorySink {
  readonly names: bytestr[] = [];

  entry(name: bytestr, _node: number, _type: number, _nextCookie: number): boolean {
    this.names.push(name);
    return true;
  }
}

export class RamDirectory extends RamNode {
  private readonly entries = new Map<bytestr, Entry>();
  private order: Entry[] = [];
  private sequenceNext = 1;
  /** Not yet taken over in full. */
  private origin: Vnode | undefined;

  constructor(fileSystem: RamFileSystem, node: number, origin: Vnode | undefined) {
    super(fileSystem, node, S_IFDIR);
    this.origin = origin;
    this.links = 2;
  }

  override sizeBytes(): number {
    return 4096;
  }

  override pagesHeld(): number {
    return 0;
  }

  private insert(name: bytestr, node: RamNode): void {
    const entry = new Entry(name, this.sequenceNext++, node);
    this.entries.set(name, entry);
    this.order.push(entry);
  }

  private remove(entry: Entry): void {
    entry.node = undefined;
    this.entries.delete(entry.name);
    if (this.order.length > 16 && this.entries.size * 2 < this.order.length) this.compact();
  }

  private compact(): void {
    const kept: Entry[] = [];
    for (let index = 0; index < this.order.length; index++) {
      if (this.order[index].node !== undefined) kept.push(this.order[index]);
    }
    this.order = kept;
  }

  /** Takes over every name of the origin that was not yet looked up. */
  private populate(): number {
    const origin = this.origin;
    if (origin === undefined) return 0;
    const collector = new NameCollector();
    let cookie = 0;
    for (;;) {
      const next = origin.readDirectory(cookie, collector);
      if (next < 0) return next;
      if (next === cookie) break;
      cookie = next;
    }
    for (let index = 0; index < collector.names.length; index++) {
      const name = collector.names[index];
      if (this.entries.has(name)) continue;
      const below = origin.lookup(name);
      if (below instanceof Failure) return -below.errno;
      this.insert(name, this.owner.adopt(below));
    }
    this.origin = undefined;
    return 0;
  }

  private find(name: bytestr): RamNode | Failure {
    const entry = this.entries.get(name);
    if (entry !== undefined && entry.node !== undefined) return entry.node;
    const origin = this.origin;
    if (origin === undefined) return failure(ENOENT);
    const below = origin.lookup(name);
    if (below instanceof Failure) return below;
    const node = this.owner.adopt(below);
    this.insert(name, node);
    return node;
  }

  override lookup(name: bytestr): Vnode | Failure {
    return this.find(name);
  }

  /** Precondition of every addition: the directory still has a name itself, and the new name is free. */
  private refusesAddition(name: bytestr): number {
    if (this.links === 0) return -ENOENT;
    const status = this.populate();
    if (status < 0) return status;
    return this.entries.has(name) ? -EEXIST : 0;
  }

  override create(name: bytestr, type: number, rdev: number, creation: Creation): Vnode | Failure {
    const refused = this.refusesAddition(name);
    if (refused < 0) return failure(-refused);
    const node = this.owner.makeNode(type, rdev, creation);
    this.insert(name, node);
    this.stamp(STAMP_MODIFY | STAMP_CHANGE);
    return node;
  }

  override makeDirectory(name: bytestr, creation: Creation): Vnode | Failure {
    const refused = this.refusesAddition(name);
    if (refused < 0) return failure(-refused);
    if (this.links >= LINKS_MAX) return failure(EMLINK);
    const node = this.owner.makeNode(S_IFDIR, 0, creation);
    this.insert(name, node);
    this.links++;
    this.stamp(STAMP_MODIFY | STAMP_CHANGE);
    return node;
  }

  override makeSymlink(name: bytestr, target: bytestr, creation: Creation): Vnode | Failure {
    const refused = this.refusesAddition(name);
    if (refused < 0) return failure(-refused);
    const node = new RamSymlink(this.owner, this.owner.takeNumber(), target);
    node.created(creation);
    this.insert(name, node);
    this.stamp(STAMP_MODIFY | STAMP_CHANGE);
    return node;
  }

  override link(name: bytestr, target: Vnode): number {
    if (!(target instanceof RamNode)) return -EXDEV;
    const refused = this.refusesAddition(name);
    if (refused < 0) return refused;
    // A file whose last name is gone cannot get a new one.
    if (target.links === 0) return -ENOENT;
    if (target.links >= LINKS_MAX) return -EMLINK;
    target.links++;
    target.stamp(STAMP_CHANGE);
    this.insert(name, target);
    this.stamp(STAMP_MODIFY | STAMP_CHANGE);
    return 0;
  }

  override unlink(name: bytestr): number {
    const status = this.populate();
    if (status < 0) return status;
    const entry = this.entries.get(name);
    if (entry === undefined || entry.node === undefined) return -ENOENT;
    const node = entry.node;
    this.remove(entry);
    node.dropLink();
    this.stamp(STAMP_MODIFY | STAMP_CHANGE);
    return 0;
  }

  private isEmpty(): boolean {
    if (this.populate() < 0) return false;
    return this.entries.size === 0;
  }

  override removeDirectory(name: bytestr): number {
    const status = this.populate();
    if (status < 0) return status;
    const entry = this.entries.get(name);
    if (entry === undefined || entry.node === undefined) return -ENOENT;
    const node = entry.node;
    if (!(node instanceof RamDirectory)) return -ENOTDIR;
    if (!node.isEmpty()) return -ENOTEMPTY;
    this.remove(entry);
    node.links = 0;
    this.links--;
    this.stamp(STAMP_MODIFY | STAMP_CHANGE);
    return 0;
  }

  override rename(name: bytestr, to: Vnode, toName: bytestr): number {
    if (!(to instanceof RamDirectory)) return -EXDEV;
    let status = this.populate();
    if (status === 0) status = to.populate();
    if (status < 0) return status;
    if (to.links === 0) return -ENOENT;
    const entry = this.entries.get(name);
    if (entry === undefined || entry.node === undefined) return -ENOENT;
    const node = entry.node;
    const old = to.entries.get(toName);
    if (old !== undefined && old.node !== undefined) {
      const victim = old.node;
      if (victim === node) return 0;
      if (victim instanceof RamDirectory) {
        if (!victim.isEmpty()) return -ENOTEMPTY;
        victim.links = 0;
        to.links--;
        to.remove(old);
      } else {
        to.remove(old);
        victim.dropLink();
      }
    }
    this.remove(entry);
    to.insert(toName, node);
    if (node instanceof RamDirectory) {
      this.links--;
      to.links++;
    }
    node.stamp(STAMP_CHANGE);
    this.stamp(STAMP_MODIFY | STAMP_CHANGE);
    to.stamp(STAMP_MODIFY | STAMP_CHANGE);
    return 0;
  }

  override readDirectory(cookie: number, sink: DirectorySink): number {
    const status = this.populate();
    if (status < 0) return status;
    // The first entry whose sequence is at least the cookie, by halving: `order` is sorted by sequence.
    let low = 0;
    let high = this.order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.order[middle].sequence < cookie) low = middle + 1;
      else high = middle;
    }
    let next = cookie;
    for (let index = low; index < this.order.length; index++) {
      const entry = this.order[index];
      const node = entry.node;
      if (node === undefined) continue;
      if (!sink.entry(entry.name, node.node, node.type, entry.sequence + 1)) return entry.sequence;
      next = entry.sequence + 1;
    }
    return next;
  }
}
