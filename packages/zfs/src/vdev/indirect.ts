/**
 * Indirect vdevs: what stays of a removed device. A sorted mapping sends each old range to its new place.
 *
 * A block may span several ranges; its parts are then read one by one and the whole is checked.
 */
import { corrupt } from '../errors.js';
import type { NvList } from '../nvlist/nvlist.js';
import { ACCEPT_ALL, type Acceptor, Vdev } from './vdev.js';

/** Reads from a top-level vdev by number. */
export interface TopReader {
  readTop(
    vdev: number,
    offsetBytes: number,
    sizeBytes: number,
    birth: number,
    accept: Acceptor,
  ): Uint8Array | null;
}

export class IndirectMapping {
  /** Old offset of each entry, ascending. */
  readonly source: number[] = [];
  readonly size: number[] = [];
  readonly vdev: number[] = [];
  readonly target: number[] = [];

  push(source: number, size: number, vdev: number, target: number): void {
    const last = this.source.length - 1;
    if (last >= 0 && source < this.source[last] + this.size[last]) {
      throw corrupt('the entries of an indirect mapping are out of order');
    }
    this.source.push(source);
    this.size.push(size);
    this.vdev.push(vdev);
    this.target.push(target);
  }

  /** The entry that holds an offset, or -1. */
  find(offset: number): number {
    let low = 0;
    let high = this.source.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (offset < this.source[middle]) high = middle - 1;
      else if (offset >= this.source[middle] + this.size[middle]) low = middle + 1;
      else return middle;
    }
    return -1;
  }
}

const MAX_HOPS = 16;

export class IndirectVdev extends Vdev {
  mapping: IndirectMapping | null = null;
  readonly #tops: TopReader;
  #hops = 0;

  constructor(config: NvList, tops: TopReader) {
    super('indirect', config);
    this.#tops = tops;
  }

  override get readable(): boolean {
    return this.mapping !== null;
  }

  override read(
    offsetBytes: number,
    sizeBytes: number,
    birth: number,
    accept: Acceptor,
  ): Uint8Array | null {
    const mapping = this.mapping;
    if (mapping === null || this.#hops >= MAX_HOPS) return null;
    this.#hops++;
    const out = new Uint8Array(sizeBytes);
    let at = 0;
    let whole: Uint8Array | null = null;
    while (at < sizeBytes) {
      const entry = mapping.find(offsetBytes + at);
      if (entry < 0) break;
      const inside = offsetBytes + at - mapping.source[entry];
      const length = Math.min(sizeBytes - at, mapping.size[entry] - inside);
      const single = length === sizeBytes;
      const part = this.#tops.readTop(
        mapping.vdev[entry],
        mapping.target[entry] + inside,
        length,
        birth,
        single ? accept : ACCEPT_ALL,
      );
      if (part === null) break;
      if (single) whole = part;
      out.set(part, at);
      at += length;
    }
    this.#hops--;
    if (whole !== null) return whole;
    return at === sizeBytes && accept.accept(out) ? out : null;
  }
}
