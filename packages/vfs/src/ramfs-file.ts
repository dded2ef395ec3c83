/**
 * File content in pages.
 *
 * `pages[i]` is the file's own page, or undefined: then the bytes are the origin's below `originBytes`, and zero above.
 * `originBytes` only shrinks: what a truncate has cut off must never come back when the file grows again.
 */
import { EFBIG, ENOSPC } from './errno.js';
import { FILE_BYTES_MAX, PAGE_BYTES } from './limits.js';
import { S_IFREG } from './modes.js';
import type { RamFileSystem } from './ramfs.js';
import { RamNode, STAMP_CHANGE, STAMP_MODIFY } from './ramfs-node.js';
import { Attributes, type Vnode } from './vnode.js';

export class RamFile extends RamNode {
  private readonly pages: (Uint8Array | undefined)[] = [];
  private size = 0;
  private held = 0;
  private readonly origin: Vnode | undefined;
  private originBytes = 0;
  private opens = 0;
  /** Pages were given out for `mmap`: they are never handed back to the pool, because somebody may still see them. */
  private lent = false;

  constructor(fileSystem: RamFileSystem, node: number, origin: Vnode | undefined) {
    super(fileSystem, node, S_IFREG);
    this.origin = origin;
    if (origin !== undefined) {
      const attributes = new Attributes();
      origin.stat(attributes);
      this.size = attributes.size;
      this.originBytes = attributes.size;
    }
  }

  override sizeBytes(): number {
    return this.size;
  }

  override pagesHeld(): number {
    if (this.origin !== undefined && this.originBytes > 0) {
      return Math.trunc((this.size + PAGE_BYTES - 1) / PAGE_BYTES);
    }
    return this.held;
  }

  private pageAt(index: number): Uint8Array | undefined {
    return index < this.pages.length ? this.pages[index] : undefined;
  }

  override read(offset: number, into: Uint8Array): number {
    if (offset >= this.size) return 0;
    const wanted = into.length < this.size - offset ? into.length : this.size - offset;
    let done = 0;
    while (done < wanted) {
      const at = offset + done;
      const index = Math.trunc(at / PAGE_BYTES);
      const within = at - index * PAGE_BYTES;
      let count = PAGE_BYTES - within;
      if (count > wanted - done) count = wanted - done;
      const page = this.pageAt(index);
      if (page !== undefined) {
        into.set(page.subarray(within, within + count), done);
      } else {
        const status = this.readOrigin(at, into.subarray(done, done + count));
        if (status < 0) return done > 0 ? done : status;
      }
      done += count;
    }
    return done;
  }

  /** Fills `into` from the origin below `originBytes` and with zeros above. */
  private readOrigin(offset: number, into: Uint8Array): number {
    let have = 0;
    if (this.origin !== undefined && offset < this.originBytes) {
      have = into.length;
      if (have > this.originBytes - offset) have = this.originBytes - offset;
      let done = 0;
      while (done < have) {
        const count = this.origin.read(offset + done, into.subarray(done, have));
        if (count < 0) return count;
        if (count === 0) break;
        done += count;
      }
      have = done;
    }
    into.fill(0, have, into.length);
    return 0;
  }

  /** The file's own page with this index, made if need be; undefined if there is no memory. */
  private ownPage(index: number, overwritten: boolean): Uint8Array | undefined {
    const present = this.pageAt(index);
    if (present !== undefined) return present;
    const page = this.owner.takePage();
    if (page === undefined) return undefined;
    if (!overwritten && index * PAGE_BYTES < this.originBytes) {
      if (this.readOrigin(index * PAGE_BYTES, page) < 0) {
        this.owner.givePage(page);
        return undefined;
      }
    }
    while (this.pages.length <= index) this.pages.push(undefined);
    this.pages[index] = page;
    this.held++;
    return page;
  }

  override write(offset: number, from: Uint8Array): number {
    if (from.length === 0) return 0;
    if (offset >= FILE_BYTES_MAX) return -EFBIG;
    let wanted = from.length;
    if (wanted > FILE_BYTES_MAX - offset) wanted = FILE_BYTES_MAX - offset;
    let done = 0;
    while (done < wanted) {
      const at = offset + done;
      const index = Math.trunc(at / PAGE_BYTES);
      const within = at - index * PAGE_BYTES;
      let count = PAGE_BYTES - within;
      if (count > wanted - done) count = wanted - done;
      const page = this.ownPage(index, count === PAGE_BYTES);
      if (page === undefined) break;
      page.set(from.subarray(done, done + count), within);
      done += count;
      if (at + count > this.size) this.size = at + count;
    }
    if (done === 0) return -ENOSPC;
    this.stamp(STAMP_MODIFY | STAMP_CHANGE);
    return done;
  }

  override truncate(size: number): number {
    if (size > FILE_BYTES_MAX) return -EFBIG;
    if (size < this.size) {
      const within = size % PAGE_BYTES;
      const keep = Math.trunc(size / PAGE_BYTES);
      if (within !== 0) {
        const page = this.pageAt(keep);
        if (page !== undefined) page.fill(0, within, PAGE_BYTES);
      }
      this.dropFrom(within === 0 ? keep : keep + 1);
      if (this.originBytes > size) this.originBytes = size;
    }
    this.size = size;
    this.stamp(STAMP_MODIFY | STAMP_CHANGE);
    return 0;
  }

  private dropFrom(first: number): void {
    while (this.pages.length > first) {
      const page = this.pages.pop();
      if (page === undefined) continue;
      this.held--;
      if (this.lent) {
        // Somebody may have it mapped: what they still see past the end reads as zero, as on Linux.
        page.fill(0, 0, PAGE_BYTES);
        this.owner.pagesUsed--;
      } else {
        this.owner.givePage(page);
      }
    }
  }

  override page(index: number, forWrite: boolean): Uint8Array | undefined {
    if (index * PAGE_BYTES >= this.size) return undefined;
    const present = this.pageAt(index);
    if (present === undefined && !forWrite) {
      if (this.origin !== undefined && (index + 1) * PAGE_BYTES <= this.originBytes) {
        return this.origin.page(index, false);
      }
      return undefined;
    }
    this.lent = true;
    return this.ownPage(index, false);
  }

  override opened(): void {
    this.opens++;
  }

  override closed(): void {
    this.opens--;
    this.freeIfUnused();
  }

  override dropLink(): void {
    super.dropLink();
    this.freeIfUnused();
  }

  /** The last name and the last opener are gone: the pages go back. */
  private freeIfUnused(): void {
    if (this.links > 0 || this.opens > 0) return;
    this.dropFrom(0);
    this.size = 0;
    this.originBytes = 0;
  }
}
