/**
 * Grant tables: which pages of ours another domain may use.
 *
 *   version 1   flags u16, domain u16, frame u32                       8 bytes
 *   version 2   flags u16, domain u16, pad u32, frame u64              16 bytes, and a status u16 elsewhere
 *
 * An entry is published by storing its flags last, and revoked only while the other domain does not use it: by
 * compare-exchange of the flags in version 1, by clearing them and then looking at the status in version 2. A grant
 * that cannot be revoked stays allocated, or its page could be reused under the other domain's hands.
 */
import { type PageSource, type SharedMemory, store53 } from './memory.js';

export const GRANT_PERMIT = 1;
export const GRANT_READ_ONLY = 4;
export const GRANT_READING = 8;
export const GRANT_WRITING = 16;
/** The first entries belong to the toolstack (console, store). */
export const GRANTS_RESERVED = 8;

/** Grants that another domain did not let go of when a connection ended, and the pages under them. */
interface StuckGroup {
  readonly refs: number[];
  readonly pages: readonly number[];
}

export class GrantTable {
  readonly version: number;
  readonly #memory: SharedMemory;
  readonly #table: number;
  readonly #status: number;
  readonly #free: number[] = [];
  /** 1 while a reference is allocated. */
  readonly #used: Uint8Array;
  #usedCount = 0;
  readonly #stuck: StuckGroup[] = [];

  /** `status` is where version 2 status words are; not used in version 1. */
  constructor(
    memory: SharedMemory,
    version: number,
    table: number,
    status: number,
    entryCount: number,
  ) {
    this.version = version;
    this.#memory = memory;
    this.#table = table;
    this.#status = status;
    this.#used = new Uint8Array(entryCount);
    for (let ref = entryCount - 1; ref >= GRANTS_RESERVED; ref -= 1) this.#free.push(ref);
  }

  usedCount(): number {
    return this.#usedCount;
  }

  /** A reference that lets `domain` use the page, or -1 when the table is full. */
  grant(domain: number, frame: number, isReadOnly: boolean): number {
    const ref = this.#free.pop();
    if (ref === undefined) return -1;
    this.#used[ref] = 1;
    this.#usedCount += 1;
    const memory = this.#memory;
    const entry = this.#entry(ref);
    memory.store16(entry + 2, domain);
    if (this.version === 1) memory.store32(entry + 4, frame);
    else store53(memory, entry + 8, frame);
    memory.writeBarrier();
    memory.store16(entry, isReadOnly ? GRANT_PERMIT | GRANT_READ_ONLY : GRANT_PERMIT);
    return ref;
  }

  isInUse(ref: number): boolean {
    const at = this.version === 1 ? this.#entry(ref) : this.#status + ref * 2;
    return (this.#memory.load16(at) & (GRANT_READING | GRANT_WRITING)) !== 0;
  }

  /** False when the other domain still uses the page: the reference stays and is tried again later. */
  revoke(ref: number): boolean {
    if (ref < GRANTS_RESERVED || ref >= this.#used.length || this.#used[ref] === 0) return false;
    if (!(this.version === 1 ? this.#revoke1(ref) : this.#revoke2(ref))) return false;
    this.#used[ref] = 0;
    this.#usedCount -= 1;
    this.#free.push(ref);
    return true;
  }

  stuckCount(): number {
    let count = 0;
    for (const group of this.#stuck) count += group.refs.length;
    return count;
  }

  /**
   * Ends a connection: revokes its grants and gives its pages back, all of them or, while any grant is in use, none:
   * then the group is kept and tried again at the next `release` or `retryStuck`.
   */
  release(refs: readonly number[], pages: readonly number[], source: PageSource): void {
    const left: number[] = [];
    for (const ref of refs) if (!this.revoke(ref)) left.push(ref);
    this.#stuck.push({ refs: left, pages });
    this.retryStuck(source);
  }

  retryStuck(source: PageSource): void {
    for (let i = this.#stuck.length - 1; i >= 0; i -= 1) {
      const group = this.#stuck[i];
      for (let j = group.refs.length - 1; j >= 0; j -= 1) {
        if (this.revoke(group.refs[j])) group.refs.splice(j, 1);
      }
      if (group.refs.length > 0) continue;
      for (const page of group.pages) source.returnPages(page, 1);
      this.#stuck.splice(i, 1);
    }
  }

  #revoke1(ref: number): boolean {
    const entry = this.#entry(ref);
    let flags = this.#memory.load16(entry);
    // The other domain changes only the two use bits, so this ends.
    for (let tries = 0; tries < 100; tries += 1) {
      if ((flags & (GRANT_READING | GRANT_WRITING)) !== 0) return false;
      const seen = this.#memory.compareExchange16(entry, flags, 0);
      if (seen === flags) return true;
      flags = seen;
    }
    return false;
  }

  #revoke2(ref: number): boolean {
    const entry = this.#entry(ref);
    const flags = this.#memory.load16(entry);
    this.#memory.store16(entry, 0);
    this.#memory.fullBarrier();
    if (!this.isInUse(ref)) return true;
    this.#memory.store16(entry, flags);
    return false;
  }

  #entry(ref: number): number {
    return this.#table + ref * (this.version === 1 ? 8 : 16);
  }
}

/** What a backend needs of the hypervisor: use of another domain's pages by reference. */
export interface GrantMapper {
  /** Address of the page while it is mapped, or -1 when the reference is not for us. */
  map(ref: number, isReadOnly: boolean): number;
  unmap(ref: number): void;
}
