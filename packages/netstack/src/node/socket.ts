// Connections as Node streams.

import { Duplex } from 'node:stream';
import {
  EVENT_CLOSED,
  EVENT_CONNECTED,
  EVENT_END,
  EVENT_READABLE,
  EVENT_WRITABLE,
  type NetError,
} from '../events.js';
import type { Connection } from '../tcp/connection.js';
import { TcpState } from '../tcp/state.js';
import type { Host } from './host.js';

/** Error codes as `node:net` has them. */
const CODES: { readonly [K in NetError]: string } = {
  'address-in-use': 'EADDRINUSE',
  'address-not-available': 'EADDRNOTAVAIL',
  invalid: 'EINVAL',
  unreachable: 'EHOSTUNREACH',
  refused: 'ECONNREFUSED',
  reset: 'ECONNRESET',
  aborted: 'ECONNABORTED',
  'timed-out': 'ETIMEDOUT',
  'too-big': 'EMSGSIZE',
  busy: 'ENOBUFS',
  'not-connected': 'ENOTCONN',
  'already-connected': 'EISCONN',
  'no-memory': 'ENOMEM',
  closed: 'EBADF',
};

/** An error of the stack; `code` is the name that `node:net` would use. */
export class NetworkError extends Error {
  readonly code: string;
  readonly reason: NetError;

  constructor(reason: NetError, what: string) {
    super(`${what}: ${reason} (${CODES[reason]})`);
    this.name = 'NetworkError';
    this.code = CODES[reason];
    this.reason = reason;
  }
}

const CHUNK_BYTES = 65536;

export class TcpSocket extends Duplex {
  readonly #host: Host;
  readonly #connection: Connection;
  #pending: { chunk: Buffer; at: number; done: (error?: Error | null) => void } | undefined;
  #finishing: ((error?: Error | null) => void) | undefined;
  #wantsData = false;
  #ended = false;
  #connected = false;

  constructor(host: Host, connection: Connection) {
    super({ allowHalfOpen: true });
    this.#host = host;
    this.#connection = connection;
    this.#connected = connection.isConnected;
    connection.observer = { changed: (events) => this.#changed(events) };
  }

  get remoteAddress(): string {
    return this.#connection.remoteAddress.toString();
  }
  get remotePort(): number {
    return this.#connection.remotePort;
  }
  get localAddress(): string {
    return this.#connection.localAddress.toString();
  }
  get localPort(): number {
    return this.#connection.localPort;
  }
  get remoteFamily(): 'IPv4' | 'IPv6' {
    return this.#connection.remoteAddress.isV4 ? 'IPv4' : 'IPv6';
  }
  get connecting(): boolean {
    return !this.#connected && !this.destroyed;
  }

  /** The connection below, for statistics and options that streams do not have. */
  get connection(): Connection {
    return this.#connection;
  }

  setNoDelay(value = true): this {
    this.#connection.setNoDelay(value);
    this.#host.wake();
    return this;
  }

  setKeepAlive(value = false, initialDelayMs = 0): this {
    if (initialDelayMs > 0) this.#connection.keepaliveIdleUs = initialDelayMs * 1000;
    this.#host.touch();
    this.#connection.setKeepalive(value);
    this.#host.wake();
    return this;
  }

  /** Ends with a reset. */
  resetAndDestroy(): this {
    this.#connection.abort();
    this.#host.wake();
    return this.destroy();
  }

  override _read(): void {
    this.#wantsData = true;
    this.#pull();
  }

  override _write(
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: (error?: Error | null) => void,
  ): void {
    this.#pending = { chunk, at: 0, done };
    this.#pushOut();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#finishing = done;
    this.#finish();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#connection.observer = undefined;
    this.#host.touch();
    // As in node:net: queued bytes and a FIN still go out, also when an iterator gave up. `resetAndDestroy` resets.
    this.#connection.close();
    this.#host.wake();
    done(error);
  }

  #changed(events: number): void {
    if ((events & EVENT_CONNECTED) !== 0 && !this.#connected) {
      this.#connected = true;
      this.emit('connect');
    }
    if ((events & EVENT_WRITABLE) !== 0) {
      this.#pushOut();
      this.#finish();
    }
    if ((events & (EVENT_READABLE | EVENT_END | EVENT_CLOSED)) !== 0) this.#pull();
    if ((events & EVENT_CLOSED) !== 0) this.#closed();
  }

  #closed(): void {
    const error = this.#connection.error;
    if (error !== undefined) {
      this.destroy(new NetworkError(error, this.#connected ? 'connection' : 'connect'));
      return;
    }
    const finishing = this.#finishing;
    this.#finishing = undefined;
    finishing?.();
  }

  #pull(): void {
    while (this.#wantsData) {
      const readable = this.#connection.readable;
      if (readable === 0) break;
      const chunk = Buffer.allocUnsafe(Math.min(readable, CHUNK_BYTES));
      const count = this.#connection.read(chunk);
      if (!this.push(chunk.subarray(0, count))) this.#wantsData = false;
      this.#host.wake();
    }
    if (!this.#ended && this.#connection.isAtEnd && this.#connection.error === undefined) {
      this.#ended = true;
      this.push(null);
    }
  }

  #pushOut(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    pending.at += this.#connection.write(pending.chunk, pending.at);
    this.#host.wake();
    if (pending.at < pending.chunk.length) return;
    this.#pending = undefined;
    pending.done();
  }

  /** The FIN goes out behind everything written; `finish` is told when it is queued. */
  #finish(): void {
    const finishing = this.#finishing;
    if (finishing === undefined || this.#pending !== undefined) return;
    if (!this.#connected && this.#connection.state !== TcpState.Closed) return;
    this.#finishing = undefined;
    this.#connection.shutdown();
    this.#host.wake();
    finishing();
  }
}
