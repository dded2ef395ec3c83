// A listening socket: half-open connections are counted, finished ones wait in a bounded queue for `accept`.

import { EVENT_READABLE, EventSource } from '../events.js';
import type { IpAddress } from '../wire/address.js';
import type { Connection } from './connection.js';
import type { Tcp } from './tcp.js';

export class TcpListener extends EventSource {
  readonly #tcp: Tcp;
  /** Undefined: every address of both families. */
  readonly address: IpAddress | undefined;
  readonly port: number;
  readonly backlog: number;
  readonly #ready: Connection[] = [];
  readonly #opening: Set<Connection> = new Set<Connection>();
  closed = false;
  /** Accept data in SYNs with a cookie (RFC 7413). */
  fastOpen = false;

  constructor(tcp: Tcp, address: IpAddress | undefined, port: number, backlog: number) {
    super();
    this.#tcp = tcp;
    this.address = address;
    this.port = port;
    this.backlog = backlog;
  }

  get halfOpen(): number {
    return this.#opening.size;
  }

  get queued(): number {
    return this.#ready.length;
  }

  /** The oldest finished handshake. */
  accept(): Connection | undefined {
    const connection = this.#ready.shift();
    if (connection !== undefined) connection.listener = undefined;
    return connection;
  }

  /** Stops listening; connections that nobody accepted are reset. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#tcp.removeListener(this);
    for (const connection of this.#ready.splice(0, this.#ready.length)) connection.abort();
    for (const connection of [...this.#opening]) connection.abort();
    this.#opening.clear();
  }

  get isFull(): boolean {
    return this.#ready.length >= this.backlog;
  }

  /** A SYN was answered. */
  opened(connection: Connection): void {
    connection.listener = this;
    this.#opening.add(connection);
  }

  /** The handshake finished. False: the connection was refused. */
  established(connection: Connection): boolean {
    this.#opening.delete(connection);
    if (this.closed) {
      connection.abort();
      return false;
    }
    this.#ready.push(connection);
    this.#tcp.environment.events.post(this, EVENT_READABLE);
    return true;
  }

  /** The connection ended before it was accepted. Finished ones stay: their bytes can still be read. */
  forget(connection: Connection, wasOpening: boolean): void {
    if (wasOpening) this.#opening.delete(connection);
  }

  /** Whether a packet to this address and port is meant for it, more specific ones win. -1: no. */
  score(address: IpAddress): number {
    if (this.address === undefined) return 0;
    if (this.address.isUnspecified) return !this.address.isV4 || address.isV4 ? 0 : -1;
    return this.address.equals(address) ? 1 : -1;
  }
}
