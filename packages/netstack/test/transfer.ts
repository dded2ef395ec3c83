import type { Stack } from '../src/stack.js';
import type { Connection } from '../src/tcp/connection.js';
import type { VirtualNetwork } from '../src/testing/index.js';
import { type IpAddress, parseAddress } from '../src/wire/address.js';

export function ip(text: string): IpAddress {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(text);
  return address;
}

/** Bytes that depend on their position and a salt, so that any slip shows. */
export function pattern(length: number, salt: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = salt | 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) | 0;
    bytes[i] = state >>> 16;
  }
  return bytes;
}

/** Writes everything, closes, and collects what comes. */
export class Transfer {
  readonly received: Uint8Array;
  receivedBytes = 0;
  #written = 0;
  readonly connection: Connection;
  readonly #data: Uint8Array;
  readonly #scratch = new Uint8Array(65536);

  constructor(connection: Connection, data: Uint8Array, expected: number) {
    this.connection = connection;
    this.#data = data;
    this.received = new Uint8Array(expected + 1);
    connection.observer = { changed: () => this.pump() };
    this.pump();
  }

  pump(): void {
    const c = this.connection;
    for (;;) {
      const count = c.read(this.#scratch);
      if (count === 0) break;
      if (this.receivedBytes + count <= this.received.length)
        this.received.set(this.#scratch.subarray(0, count), this.receivedBytes);
      this.receivedBytes += count;
    }
    if (this.#written < this.#data.length) this.#written += c.write(this.#data, this.#written);
    if (this.#written === this.#data.length) c.shutdown();
  }

  get done(): boolean {
    return (
      this.connection.isAtEnd &&
      this.#written === this.#data.length &&
      this.connection.send.length === 0
    );
  }
}

/** Opens a connection from `client` to `server` and returns both ends established. */
export function connectPair(
  network: VirtualNetwork,
  client: Stack,
  server: Stack,
  address: string,
  port = 80,
): [Connection, Connection] {
  const listening = server.tcpListen(undefined, port);
  if (listening.listener === undefined) throw new Error(listening.error);
  const opened = client.tcpConnect(ip(address), port);
  if (opened.connection === undefined) throw new Error(opened.error);
  const c = opened.connection;
  let s: Connection | undefined;
  network.run(() => {
    s ??= listening.listener.accept();
    return s !== undefined && c.isConnected;
  }, 3_000_000_000);
  listening.listener.close();
  if (s === undefined) throw new Error(`no connection: ${c.error}`);
  return [c, s];
}
