// A map keyed by address that allocates only on insertion. Buckets hang in a Map by a seeded 32-bit hash.

import type { IpAddress } from '../wire/address.js';

export function hashAddress(address: IpAddress, seed: number): number {
  let hash = Math.imul(seed ^ address.w3, 0x9e3779b1);
  hash = Math.imul((hash ^ (hash >>> 15)) + address.w2, 0x85ebca77);
  hash = Math.imul((hash ^ (hash >>> 13)) + address.w1, 0xc2b2ae3d);
  hash = Math.imul((hash ^ (hash >>> 16)) + address.w0, 0x27d4eb2f);
  return hash ^ (hash >>> 15);
}

class Entry<T> {
  readonly address: IpAddress;
  value: T;
  next: Entry<T> | undefined;

  constructor(address: IpAddress, value: T, next: Entry<T> | undefined) {
    this.address = address;
    this.value = value;
    this.next = next;
  }
}

export class AddressMap<T> {
  readonly #seed: number;
  readonly #buckets: Map<number, Entry<T>> = new Map<number, Entry<T>>();
  #size = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  get size(): number {
    return this.#size;
  }

  get(address: IpAddress): T | undefined {
    let entry = this.#buckets.get(hashAddress(address, this.#seed));
    while (entry !== undefined) {
      if (entry.address.equals(address)) return entry.value;
      entry = entry.next;
    }
    return undefined;
  }

  /** Copies the key. */
  set(address: IpAddress, value: T): void {
    const hash = hashAddress(address, this.#seed);
    const first = this.#buckets.get(hash);
    let entry = first;
    while (entry !== undefined) {
      if (entry.address.equals(address)) {
        entry.value = value;
        return;
      }
      entry = entry.next;
    }
    this.#buckets.set(hash, new Entry(address.clone(), value, first));
    this.#size += 1;
  }

  remove(address: IpAddress): void {
    const hash = hashAddress(address, this.#seed);
    let previous: Entry<T> | undefined;
    let entry = this.#buckets.get(hash);
    while (entry !== undefined && !entry.address.equals(address)) {
      previous = entry;
      entry = entry.next;
    }
    if (entry === undefined) return;
    this.#size -= 1;
    if (previous !== undefined) previous.next = entry.next;
    else if (entry.next !== undefined) this.#buckets.set(hash, entry.next);
    else this.#buckets.delete(hash);
  }

  clear(): void {
    this.#buckets.clear();
    this.#size = 0;
  }

  /** Some entry, the oldest bucket first: what to evict. */
  oldest(): T | undefined {
    for (const entry of this.#buckets.values()) return entry.value;
    return undefined;
  }

  values(): T[] {
    const list: T[] = [];
    for (const first of this.#buckets.values()) {
      let entry: Entry<T> | undefined = first;
      while (entry !== undefined) {
        list.push(entry.value);
        entry = entry.next;
      }
    }
    return list;
  }
}
