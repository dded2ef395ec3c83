// SYN cookies: answering a SYN without remembering it, when too many handshakes are half open.
//
//   our initial sequence number = client's + | 5 bits minute-ish | 3 bits MSS class | 24 bits keyed hash |
//
// Window scale, SACK and ECN hide in the low six bits of the timestamp that the client echoes; without timestamps the
// connection does without them. A cookie is good for the current and the previous period of 64 seconds.

import type { Random } from '../contract.js';
import { SipHash } from '../siphash.js';
import type { IpAddress } from '../wire/address.js';
import type { TcpOptions } from '../wire/tcp-options.js';
import { hashTuple } from './initial-sequence.js';

const PERIOD_US = 64_000_000;
const MSS_CLASSES: readonly number[] = [64, 536, 1220, 1360, 1440, 1460, 4312, 8960];
const NO_SCALE = 15;

export class SynCookies {
  readonly #hash: SipHash;
  /** Results of the last `accept`. */
  mss = 0;
  windowScale = -1;
  selectiveAck = false;

  constructor(random: Random) {
    this.#hash = new SipHash(random);
  }

  #mac(
    local: IpAddress,
    localPort: number,
    remote: IpAddress,
    remotePort: number,
    period: number,
    mssClass: number,
  ): number {
    hashTuple(this.#hash, local, localPort, remote, remotePort);
    this.#hash.word((period << 3) | mssClass);
    this.#hash.finish();
    return this.#hash.low & 0xffffff;
  }

  /** The initial sequence number to answer with. */
  make(
    local: IpAddress,
    localPort: number,
    remote: IpAddress,
    remotePort: number,
    clientSequence: number,
    mss: number,
    now: number,
  ): number {
    let mssClass = 0;
    while (mssClass + 1 < MSS_CLASSES.length && MSS_CLASSES[mssClass + 1] <= mss) mssClass += 1;
    const period = Math.trunc(now / PERIOD_US) & 0xfffff;
    const mac = this.#mac(local, localPort, remote, remotePort, period, mssClass);
    const cookie = ((period & 31) << 27) | (mssClass << 24) | mac;
    return (cookie + clientSequence) | 0;
  }

  /** The timestamp value that carries the options of a SYN. */
  stamp(options: TcpOptions, nowMs: number): number {
    const scale = options.windowScale < 0 ? NO_SCALE : options.windowScale;
    const bits = scale | (options.sackPermitted ? 16 : 0);
    const value = (nowMs & ~63) | bits;
    // Never ahead of the clock that the connection will use.
    return ((value - nowMs) | 0) > 0 ? (value - 64) | 0 : value;
  }

  /** Whether an ACK answers a cookie; fills in what the SYN had said. */
  accept(
    local: IpAddress,
    localPort: number,
    remote: IpAddress,
    remotePort: number,
    sequence: number,
    acknowledgment: number,
    options: TcpOptions,
    now: number,
  ): boolean {
    const cookie = (acknowledgment - 1 - (sequence - 1)) | 0;
    const mssClass = (cookie >>> 24) & 7;
    const current = Math.trunc(now / PERIOD_US) & 0xfffff;
    const age = (current - (cookie >>> 27)) & 31;
    if (age > 1) return false;
    const period = (current - age) & 0xfffff;
    if (this.#mac(local, localPort, remote, remotePort, period, mssClass) !== (cookie & 0xffffff))
      return false;
    this.mss = MSS_CLASSES[mssClass];
    this.windowScale = -1;
    this.selectiveAck = false;
    if (options.hasTimestamp) {
      const scale = options.timestampEcho & 15;
      this.windowScale = scale === NO_SCALE ? -1 : scale;
      this.selectiveAck = (options.timestampEcho & 16) !== 0;
    }
    return true;
  }
}
