// A stub resolver (RFC 1035): asks the configured servers in turn, each question from its own random port with a random
// identifier, and keeps answers for their lifetime in a bounded cache. Truncated answers are used as far as they go.

import type { SocketObserver } from '../events.js';
import type { Stack } from '../stack.js';
import { Timer } from '../timers.js';
import type { UdpSocket } from '../udp/udp.js';
import { type IpAddress, parseAddress } from '../wire/address.js';
import {
  DNS_MESSAGE_BYTES_MAX,
  DNS_PORT,
  DNS_TYPE_A,
  DNS_TYPE_AAAA,
  DNS_TYPE_CNAME,
  type DnsMessage,
  dnsNameBytes,
  emitDns,
  parseDns,
} from '../wire/dns.js';

const TIMEOUT_US = 2_000_000;
const ROUNDS = 3;
const ALIASES_MAX = 8;
const CACHE_MAX = 1024;
const TTL_SECONDS_MAX = 86_400;
const NEGATIVE_TTL_SECONDS = 30;
const QUERIES_MAX = 256;

export type DnsError =
  | 'invalid-name'
  | 'no-such-name'
  | 'no-address'
  | 'timed-out'
  | 'no-server'
  | 'server-failure'
  | 'busy';
export type DnsResult =
  | { readonly addresses: readonly IpAddress[]; readonly error?: undefined }
  | { readonly addresses?: undefined; readonly error: DnsError };

class CacheEntry {
  readonly result: DnsResult;
  readonly until: number;

  constructor(result: DnsResult, until: number) {
    this.result = result;
    this.until = until;
  }
}

/** One question on its way. */
class Query implements SocketObserver {
  readonly name: string;
  readonly type: number;
  readonly done: (query: Query, result: DnsResult, ttlSeconds: number) => void;
  readonly #stack: Stack;
  readonly #servers: readonly IpAddress[];
  readonly #socket: UdpSocket;
  readonly #timer: Timer;
  #id = 0;
  #attempt = 0;

  constructor(
    stack: Stack,
    servers: readonly IpAddress[],
    name: string,
    type: number,
    done: (query: Query, result: DnsResult, ttlSeconds: number) => void,
  ) {
    this.#stack = stack;
    this.#servers = servers;
    this.name = name;
    this.type = type;
    this.done = done;
    this.#timer = new Timer(() => this.#next());
    this.#socket = stack.udpSocket();
    this.#socket.observer = this;
  }

  start(): void {
    this.#ask();
  }

  changed(_events: number): void {
    for (;;) {
      const datagram = this.#socket.receive();
      if (datagram === undefined) break;
      const expected = this.#servers[this.#attempt % this.#servers.length];
      if (datagram.sourcePort !== DNS_PORT || !datagram.source.equals(expected)) continue;
      const message = parseDns(datagram.data, 0, datagram.data.length);
      if (message !== undefined && this.#isOurs(message)) {
        this.#answered(message);
        return;
      }
    }
    if (this.#socket.pendingError !== undefined) this.#next();
  }

  #isOurs(message: DnsMessage): boolean {
    if (!message.isResponse || message.id !== this.#id || message.questions.length !== 1)
      return false;
    const question = message.questions[0];
    return question.type === this.type && question.name.toLowerCase() === this.name;
  }

  #answered(message: DnsMessage): void {
    if (message.responseCode === 3) {
      this.#finish({ error: 'no-such-name' }, NEGATIVE_TTL_SECONDS);
      return;
    }
    if (message.responseCode !== 0) {
      this.#next();
      return;
    }
    let wanted = this.name;
    let ttl = TTL_SECONDS_MAX;
    const addresses: IpAddress[] = [];
    for (let i = 0; i < ALIASES_MAX; i++) {
      let alias: string | undefined;
      for (const record of message.answers) {
        if (record.name.toLowerCase() !== wanted) continue;
        if (record.type === this.type && record.address !== undefined) {
          addresses.push(record.address);
          ttl = Math.min(ttl, record.ttlSeconds);
        } else if (record.type === DNS_TYPE_CNAME) {
          alias = record.target.toLowerCase();
          ttl = Math.min(ttl, record.ttlSeconds);
        }
      }
      if (addresses.length > 0 || alias === undefined) break;
      wanted = alias;
    }
    if (addresses.length > 0) this.#finish({ addresses }, ttl);
    else this.#finish({ error: 'no-address' }, NEGATIVE_TTL_SECONDS);
  }

  #next(): void {
    this.#attempt += 1;
    if (this.#attempt >= ROUNDS * this.#servers.length) this.#finish({ error: 'timed-out' }, 0);
    else this.#ask();
  }

  #ask(): void {
    const server = this.#servers[this.#attempt % this.#servers.length];
    this.#id = this.#stack.random.word() & 0xffff;
    const buffer = new Uint8Array(DNS_MESSAGE_BYTES_MAX);
    const length = emitDns(
      {
        id: this.#id,
        isResponse: false,
        truncated: false,
        recursionDesired: true,
        responseCode: 0,
        questions: [{ name: this.name, type: this.type }],
        answers: [],
      },
      buffer,
      0,
    );
    this.#socket.pendingError = undefined;
    // A server that cannot be reached counts like one that is silent.
    this.#socket.send(buffer.subarray(0, length), server, DNS_PORT);
    this.#stack.timers.set(this.#timer, this.#stack.instant.us + TIMEOUT_US);
  }

  #finish(result: DnsResult, ttlSeconds: number): void {
    this.#stack.timers.clear(this.#timer);
    this.#socket.close();
    this.done(this, result, ttlSeconds);
  }
}

export class Resolver {
  readonly #stack: Stack;
  servers: readonly IpAddress[];
  readonly #cache: Map<string, CacheEntry> = new Map<string, CacheEntry>();
  #active = 0;

  constructor(stack: Stack, servers: readonly IpAddress[]) {
    this.#stack = stack;
    this.servers = servers;
  }

  /** Resolves a name or a literal; `done` may be called at once. */
  resolve(name: string, family: 4 | 6, done: (result: DnsResult) => void): void {
    const literal = parseAddress(name);
    if (literal !== undefined) {
      done(literal.isV4 === (family === 4) ? { addresses: [literal] } : { error: 'no-address' });
      return;
    }
    const canonical = (name.endsWith('.') ? name.slice(0, name.length - 1) : name).toLowerCase();
    if (canonical.length === 0 || dnsNameBytes(canonical) < 0) {
      done({ error: 'invalid-name' });
      return;
    }
    const key = `${family}${canonical}`;
    const cached = this.#cache.get(key);
    if (cached !== undefined && cached.until > this.#stack.instant.us) {
      done(cached.result);
      return;
    }
    if (this.servers.length === 0 || this.#active >= QUERIES_MAX) {
      done({ error: this.servers.length === 0 ? 'no-server' : 'busy' });
      return;
    }
    this.#active += 1;
    const type = family === 4 ? DNS_TYPE_A : DNS_TYPE_AAAA;
    const query = new Query(
      this.#stack,
      this.servers,
      canonical,
      type,
      (_query, result, ttlSeconds) => {
        this.#active -= 1;
        if (ttlSeconds > 0) this.#keep(key, result, ttlSeconds);
        done(result);
      },
    );
    query.start();
  }

  #keep(key: string, result: DnsResult, ttlSeconds: number): void {
    if (this.#cache.size >= CACHE_MAX) {
      for (const oldest of this.#cache.keys()) {
        this.#cache.delete(oldest);
        break;
      }
    }
    const until = this.#stack.instant.us + Math.min(ttlSeconds, TTL_SECONDS_MAX) * 1_000_000;
    this.#cache.set(key, new CacheEntry(result, until));
  }
}
