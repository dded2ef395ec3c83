// TCP Fast Open (RFC 7413): data in the SYN for peers that proved earlier, by a cookie, that they receive at their address.
//
// Server: the cookie is a keyed hash of both addresses. A SYN with the right one is accepted at once, data and
// all; a SYN with a wrong or empty one gets a cookie with its SYN-ACK. Our answer's data waits for the handshake.
// Client: cookies are kept per server, with the segment size that it announced. Data in a SYN may arrive twice, so both
// sides must ask for it: `Connection.fastOpen` before the first poll, `TcpListener.fastOpen`.

import type { Random } from '../contract.js';
import { AddressMap } from '../interface/address-map.js';
import { SipHash } from '../siphash.js';
import type { IpAddress } from '../wire/address.js';
import { copyBytes, equalBytes, write32 } from '../wire/bytes.js';
import type { TcpOptions } from '../wire/tcp-options.js';

const COOKIE_BYTES = 8;
const SERVERS_MAX = 1024;

export class FastOpenCookie {
  readonly bytes: Uint8Array;
  readonly mss: number;
  readonly experimental: boolean;

  constructor(bytes: Uint8Array, mss: number, experimental: boolean) {
    this.bytes = bytes;
    this.mss = mss;
    this.experimental = experimental;
  }
}

export class FastOpen {
  readonly #hash: SipHash;
  readonly #servers: AddressMap<FastOpenCookie>;
  readonly #order: IpAddress[] = [];

  constructor(random: Random) {
    this.#hash = new SipHash(random);
    this.#servers = new AddressMap(random.word());
  }

  /** Servers behind one address share a key, as Linux's tcp_fastopen_key; the cookies are the same as Linux makes. */
  setKey(k0: number, k1: number, k2: number, k3: number): void {
    this.#hash.setKey(k0, k1, k2, k3);
  }

  /** The cookie that a client at this address must show to this address of ours. */
  cookieFor(client: IpAddress, server: IpAddress): Uint8Array {
    const hash = this.#hash;
    hash.start();
    this.#address(client);
    this.#address(server);
    hash.finish();
    const cookie = new Uint8Array(COOKIE_BYTES);
    write32(cookie, 0, swapBytes(hash.low));
    write32(cookie, 4, swapBytes(hash.high));
    return cookie;
  }

  /** The bytes of an address as they travel, in little-endian words. */
  #address(address: IpAddress): void {
    if (!address.isV4) {
      this.#hash.word(swapBytes(address.w0));
      this.#hash.word(swapBytes(address.w1));
      this.#hash.word(swapBytes(address.w2));
    }
    this.#hash.word(swapBytes(address.w3));
  }

  /** Whether a SYN from this address carries its cookie. */
  isValid(client: IpAddress, server: IpAddress, options: TcpOptions): boolean {
    if (options.fastOpenBytes !== COOKIE_BYTES) return false;
    return equalBytes(options.fastOpenCookie, 0, this.cookieFor(client, server), 0, COOKIE_BYTES);
  }

  /** What a server gave us earlier. */
  known(server: IpAddress): FastOpenCookie | undefined {
    return this.#servers.get(server);
  }

  remember(server: IpAddress, options: TcpOptions): void {
    const bytes = new Uint8Array(options.fastOpenBytes);
    copyBytes(bytes, 0, options.fastOpenCookie, 0, options.fastOpenBytes);
    if (this.#servers.get(server) === undefined) {
      this.#order.push(server.clone());
      if (this.#order.length > SERVERS_MAX) {
        const oldest = this.#order.shift();
        if (oldest !== undefined) this.#servers.remove(oldest);
      }
    }
    this.#servers.set(server, new FastOpenCookie(bytes, options.mss, options.fastOpenExperimental));
  }

  /** Data in a SYN got lost: do without until the server answers with a new cookie. */
  forget(server: IpAddress): void {
    this.#servers.remove(server);
    for (let i = 0; i < this.#order.length; i++) {
      if (!this.#order[i].equals(server)) continue;
      this.#order.splice(i, 1);
      return;
    }
  }
}

function swapBytes(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

/** Puts a cookie (or, when empty, the request for one) into the options of a SYN. */
export function setFastOpen(options: TcpOptions, cookie: Uint8Array, experimental: boolean): void {
  options.fastOpenBytes = cookie.length;
  options.fastOpenExperimental = experimental;
  copyBytes(options.fastOpenCookie, 0, cookie, 0, cookie.length);
}
