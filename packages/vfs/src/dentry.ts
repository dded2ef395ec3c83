/**
 * The dentry cache: the part of the name tree that has been walked.
 *
 * A dentry joins a name in a directory to a vnode, or to nothing (a negative entry, so that repeated failing look-ups
 * cost one Map access). Dentries hold their parents, never the other way for good: an unpinned leaf may be dropped at
 * any time. Pins are held by open files, working directories and mounts, so that there is never a second dentry for
 * something that can be renamed or mounted on while in use.
 *
 * Invariants: a dentry with children is positive and a directory; `parent.children.get(name) === this` unless the
 * dentry is unlinked or a root; a pinned dentry is never dropped.
 */
import type { bytestr } from './bytes.js';
import type { Vnode } from './vnode.js';

export class Dentry {
  parent: Dentry | undefined;
  name: bytestr;
  node: Vnode | undefined;
  /** The root of the file system mounted here. */
  mounted: Dentry | undefined = undefined;
  /** For the root of a mounted file system: where it is mounted. */
  mountPoint: Dentry | undefined = undefined;
  /** Its name was removed while it was in use. */
  unlinked = false;
  /** Looked up since the cache last swept past it. */
  used = true;
  private readonly children = new Map<bytestr, Dentry>();
  private pins = 0;

  constructor(parent: Dentry | undefined, name: bytestr, node: Vnode | undefined) {
    this.parent = parent;
    this.name = name;
    this.node = node;
  }

  pin(): void {
    this.pins++;
  }

  unpin(): void {
    this.pins--;
  }

  child(name: bytestr): Dentry | undefined {
    return this.children.get(name);
  }

  attach(child: Dentry): void {
    child.parent = this;
    this.children.set(child.name, child);
  }

  detach(child: Dentry): void {
    if (this.children.get(child.name) === child) this.children.delete(child.name);
  }

  childCount(): number {
    return this.children.size;
  }

  droppable(): boolean {
    return (
      this.pins === 0 &&
      this.children.size === 0 &&
      this.mounted === undefined &&
      this.parent !== undefined
    );
  }

  /** The directory that '..' names here, across mounts. */
  parentDentry(): Dentry {
    let dentry: Dentry = this;
    while (dentry.parent === undefined && dentry.mountPoint !== undefined)
      dentry = dentry.mountPoint;
    return dentry.parent === undefined ? dentry : dentry.parent;
  }

  /** The vnode of '..', itself at the root. */
  parentNode(): Vnode {
    const node = this.parentDentry().node;
    return node === undefined ? this.node! : node;
  }

  /** True if `ancestor` is this dentry or above it within one file system. */
  isWithin(ancestor: Dentry): boolean {
    let dentry: Dentry | undefined = this;
    while (dentry !== undefined) {
      if (dentry === ancestor) return true;
      dentry = dentry.parent;
    }
    return false;
  }
}

/**
 * The path of a dentry below `root`; undefined if some part of it was unlinked or it lies outside of `root`.
 */
export function pathOf(dentry: Dentry, root: Dentry): bytestr | undefined {
  let path = '';
  let at: Dentry = dentry;
  while (at !== root) {
    if (at.unlinked) return undefined;
    if (at.parent === undefined) {
      if (at.mountPoint === undefined) return undefined;
      at = at.mountPoint;
      continue;
    }
    path = '/' + at.name + path;
    at = at.parent;
  }
  return path.length === 0 ? '/' : path;
}

/** Bounds the number of dentries: a queue swept like a clock, with one second chance for those used since. */
export class DentryCache {
  private queue: Dentry[] = [];
  private hand = 0;
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  count(): number {
    return this.queue.length;
  }

  add(dentry: Dentry): void {
    this.queue.push(dentry);
    if (this.queue.length <= this.limit) return;
    // A bounded sweep: a few steps per insertion hold the size near the limit without ever scanning everything.
    for (let step = 0; step < 8 && this.queue.length > this.limit; step++) this.sweepOne();
  }

  private sweepOne(): void {
    if (this.hand >= this.queue.length) this.hand = 0;
    const dentry = this.queue[this.hand];
    const parent = dentry.parent;
    const dead = dentry.unlinked && dentry.childCount() === 0;
    if (dead || (dentry.droppable() && !dentry.used)) {
      if (parent !== undefined) parent.detach(dentry);
      const last = this.queue.length - 1;
      this.queue[this.hand] = this.queue[last];
      this.queue.pop();
      return;
    }
    dentry.used = false;
    this.hand++;
  }
}
