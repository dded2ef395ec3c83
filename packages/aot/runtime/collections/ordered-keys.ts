/**
 * Keys in insertion order with a hash index: what Map and Set share.
 *
 * Entries are appended to `keyList` and `hashes` and stay where they are; removing one marks it dead. The index is open
 * addressing with linear probing: slots of u32, entry + 1 or 0; dead entries keep their slot. Up to SMALL entries there
 * is no index, the hashes are searched.
 *
 * Growth is incremental: a full index gets one of twice the size beside it, every change moves MOVED_PER_CHANGE entries
 * over, and lookups that miss in the new one ask the old one until all are moved. (The lists themselves grow by one
 * memory copy.) When half the entries are dead, growing closes the gaps instead.
 *
 * Positions that iterations hold are sequence numbers, not indexes, so they survive the closing of gaps: entry i has
 * sequence number i until gaps were closed once, from then on `sequences[i]`.
 */
import { clearElement } from '../arrays/storage.js';
import { hashOf, sameValueZero } from '../primitives.js';

const SMALL = 8;
const FIRST_INDEX = 32;
const MOVED_PER_CHANGE = 8;
/** Hashes have 31 bits, so this is none. */
const DEAD = 0xffff_ffff;

export class OrderedKeys<K> {
  protected keyList: K[] = [];
  private hashes: number[] = [];
  private index: Uint32Array | null = null;
  private oldIndex: Uint32Array | null = null;
  /** Entries below this are in the new index; those from `moveEnd` on were made after it. */
  private moved: number = 0;
  private moveEnd: number = 0;
  private live: number = 0;
  /** No entry below this lives. */
  private first: number = 0;
  private sequences: number[] | null = null;
  private nextSequence: number = 0;

  get size(): number {
    return this.live;
  }

  has(key: K): boolean {
    return this.find(key, hashOf(key) >>> 1) >= 0;
  }

  clear(): void {
    this.keyList = [];
    this.hashes = [];
    this.index = null;
    this.oldIndex = null;
    this.live = 0;
    this.first = 0;
    // Iterations under way go on with what is added later.
    if (this.nextSequence > 0) this.sequences = [];
    this.dropValues(0);
  }

  /** Removes a key; whether it was there. */
  delete(key: K): boolean {
    const entry = this.find(key, hashOf(key) >>> 1);
    if (entry < 0) return false;
    this.hashes[entry] = DEAD;
    clearElement(this.keyList, entry);
    this.forgetValue(entry);
    this.live--;
    if (entry === this.first) {
      let first = entry + 1;
      while (first < this.hashes.length && this.hashes[first] === DEAD) first++;
      this.first = first;
    }
    this.moveSome();
    return true;
  }

  /** The position of the first entry at or after a position, or -1. Start with 0, go on with the last one + 1. */
  nextIndex(position: number): number {
    let entry = this.entryFrom(position);
    if (entry < this.first) entry = this.first;
    const end = this.hashes.length;
    while (entry < end && this.hashes[entry] === DEAD) entry++;
    if (entry >= end) return -1;
    const sequences = this.sequences;
    return sequences === null ? entry : sequences[entry];
  }

  /** The key at a position that `nextIndex` gave. */
  keyAt(position: number): K {
    return this.keyList[this.entryFrom(position)];
  }

  /** Entry of a key with this hash, or -1. */
  protected find(key: K, hash: number): number {
    const index = this.index;
    if (index === null) {
      const hashes = this.hashes;
      for (let i = 0; i < hashes.length; i++) {
        if (hashes[i] === hash && sameValueZero(this.keyList[i], key)) return i;
      }
      return -1;
    }
    const entry = this.findIn(index, key, hash);
    const old = this.oldIndex;
    if (entry >= 0 || old === null) return entry;
    return this.findIn(old, key, hash);
  }

  private findIn(index: Uint32Array, key: K, hash: number): number {
    const mask = index.length - 1;
    let slot = spread(hash) & mask;
    while (true) {
      const entry = index[slot] - 1;
      if (entry < 0) return -1;
      if (this.hashes[entry] === hash && sameValueZero(this.keyList[entry], key)) return entry;
      slot = (slot + 1) & mask;
    }
  }

  /** Appends a key that is not there; its entry. The caller adds the value right away. */
  protected append(key: K, hash: number): number {
    this.makeRoom();
    const entry = this.keyList.length;
    this.keyList.push(key);
    this.hashes.push(hash);
    const sequences = this.sequences;
    if (sequences !== null) sequences.push(this.nextSequence);
    this.nextSequence++;
    this.live++;
    const index = this.index;
    if (index !== null) place(index, hash, entry);
    this.moveSome();
    return entry;
  }

  /** First entry whose sequence number is at least `position`. */
  protected entryFrom(position: number): number {
    const sequences = this.sequences;
    if (sequences === null) return position;
    let low = 0;
    let high = sequences.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sequences[middle] < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private makeRoom(): void {
    const count = this.keyList.length;
    const index = this.index;
    const full = index === null ? count >= SMALL : count * 4 >= index.length * 3;
    if (!full) return;
    if (this.live * 2 <= count) {
      this.closeGaps();
      return;
    }
    // The move before this one ended long ago: it takes an eighth of the changes that fill an index.
    while (this.oldIndex !== null) this.moveSome();
    this.oldIndex = index;
    this.index = new Uint32Array(index === null ? FIRST_INDEX : index.length * 2);
    this.moved = 0;
    this.moveEnd = count;
    if (index === null) this.moveAll();
  }

  private moveAll(): void {
    const index = this.index;
    if (index === null) return;
    for (let i = 0; i < this.hashes.length; i++)
      if (this.hashes[i] !== DEAD) place(index, this.hashes[i], i);
    this.oldIndex = null;
  }

  private moveSome(): void {
    const index = this.index;
    if (this.oldIndex === null || index === null) return;
    const end = Math.min(this.moved + MOVED_PER_CHANGE, this.moveEnd);
    for (let i = this.moved; i < end; i++)
      if (this.hashes[i] !== DEAD) place(index, this.hashes[i], i);
    this.moved = end;
    if (end === this.moveEnd) this.oldIndex = null;
  }

  /** Moves living entries together and rebuilds the index. */
  private closeGaps(): void {
    const count = this.keyList.length;
    const before = this.sequences;
    const sequences: number[] = [];
    let to = 0;
    for (let i = 0; i < count; i++) {
      if (this.hashes[i] === DEAD) continue;
      sequences.push(before === null ? i : before[i]);
      if (to !== i) {
        this.keyList[to] = this.keyList[i];
        this.hashes[to] = this.hashes[i];
        this.moveValue(to, i);
      }
      to++;
    }
    this.keyList.length = to;
    this.hashes.length = to;
    this.dropValues(to);
    this.sequences = sequences;
    this.first = 0;
    this.oldIndex = null;
    const index = this.index;
    if (index !== null) {
      let slots = index.length;
      while (slots > FIRST_INDEX && to * 8 <= slots) slots = slots >>> 1;
      this.index = new Uint32Array(slots);
      this.moveAll();
    }
  }

  /** What a Map does with its values when entries move, end or are removed. */
  protected moveValue(_to: number, _from: number): void {}
  protected dropValues(_count: number): void {}
  protected forgetValue(_entry: number): void {}
}

/** Hashes of small ints lie side by side; spreading them keeps probes short for keys with a common stride. */
function spread(hash: number): number {
  return hash ^ (hash >>> 15);
}

function place(index: Uint32Array, hash: number, entry: number): void {
  const mask = index.length - 1;
  let slot = spread(hash) & mask;
  while (index[slot] !== 0) slot = (slot + 1) & mask;
  index[slot] = entry + 1;
}
