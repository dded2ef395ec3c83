// Connections by four-tuple: chained hash table keyed by a seeded hash, no allocation on lookup.

import type { IpAddress } from '../wire/address.js';
import type { Connection } from './connection.js';

const BUCKETS_MIN = 64;

export class ConnectionTable {
  readonly #seed: number;
  #buckets: (Connection | undefined)[] = [];
  #size = 0;

  constructor(seed: number) {
    this.#seed = seed | 1;
    for (let i = 0; i < BUCKETS_MIN; i++) this.#buckets.push(undefined);
  }

  get size(): number {
    return this.#size;
  }

  lookup(
    local: IpAddress,
    localPort: number,
    remote: IpAddress,
    remotePort: number,
  ): Connection | undefined {
    let connection =
      this.#buckets[this.#hash(local, localPort, remote, remotePort) & (this.#buckets.length - 1)];
    while (connection !== undefined) {
      if (
        connection.remotePort === remotePort &&
        connection.localPort === localPort &&
        connection.remoteAddress.equals(remote) &&
        connection.localAddress.equals(local)
      )
        return connection;
      connection = connection.tableNext;
    }
    return undefined;
  }

  /** Preconditions: the tuple is not in the table. */
  add(connection: Connection): void {
    if (this.#size >= this.#buckets.length * 2) this.#grow();
    this.#link(connection);
    this.#size += 1;
  }

  remove(connection: Connection): void {
    const slot = this.#slotOf(connection);
    let previous: Connection | undefined;
    let entry = this.#buckets[slot];
    while (entry !== undefined && entry !== connection) {
      previous = entry;
      entry = entry.tableNext;
    }
    if (entry === undefined) return;
    if (previous === undefined) this.#buckets[slot] = connection.tableNext;
    else previous.tableNext = connection.tableNext;
    connection.tableNext = undefined;
    this.#size -= 1;
  }

  all(): Connection[] {
    const list: Connection[] = [];
    for (const first of this.#buckets) {
      let entry = first;
      while (entry !== undefined) {
        list.push(entry);
        entry = entry.tableNext;
      }
    }
    return list;
  }

  #link(connection: Connection): void {
    const slot = this.#slotOf(connection);
    connection.tableNext = this.#buckets[slot];
    this.#buckets[slot] = connection;
  }

  #slotOf(connection: Connection): number {
    const { localAddress, localPort, remoteAddress, remotePort } = connection;
    return (
      this.#hash(localAddress, localPort, remoteAddress, remotePort) & (this.#buckets.length - 1)
    );
  }

  #grow(): void {
    const all = this.all();
    const size = this.#buckets.length * 2;
    this.#buckets = [];
    for (let i = 0; i < size; i++) this.#buckets.push(undefined);
    for (const connection of all) this.#link(connection);
  }

  #hash(local: IpAddress, localPort: number, remote: IpAddress, remotePort: number): number {
    let hash = Math.imul(this.#seed ^ remote.w3, 0x9e3779b1);
    hash = Math.imul((hash ^ (hash >>> 15)) + ((localPort << 16) | remotePort), 0x85ebca77);
    hash = Math.imul((hash ^ (hash >>> 13)) + (local.w3 ^ remote.w2), 0xc2b2ae3d);
    hash = Math.imul((hash ^ (hash >>> 16)) + (remote.w1 ^ remote.w0), 0x27d4eb2f);
    return (hash ^ (hash >>> 15)) >>> 0;
  }
}
