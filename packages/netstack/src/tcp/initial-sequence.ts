// Initial sequence numbers (RFC 6528): a clock that ticks every 4 us plus a keyed hash of the four-tuple. The same hash
// gives each connection its own timestamp offset (RFC 7323 5.4), so that neither tells how long the machine runs.

import type { Random } from '../contract.js';
import { SipHash } from '../siphash.js';
import type { IpAddress } from '../wire/address.js';

export class InitialSequence {
  readonly #hash: SipHash;

  constructor(random: Random) {
    this.#hash = new SipHash(random);
  }

  /** Hashes the tuple; the results are in `sequence` and `timestampOffset`. */
  choose(
    local: IpAddress,
    localPort: number,
    remote: IpAddress,
    remotePort: number,
    now: number,
  ): void {
    hashTuple(this.#hash, local, localPort, remote, remotePort);
    this.#hash.finish();
    this.sequence = (this.#hash.low + (Math.trunc(now / 4) | 0)) | 0;
    this.timestampOffset = this.#hash.high;
  }

  sequence = 0;
  timestampOffset = 0;
}

/** Starts a hash over a four-tuple. */
export function hashTuple(
  hash: SipHash,
  local: IpAddress,
  localPort: number,
  remote: IpAddress,
  remotePort: number,
): void {
  hash.start();
  hash.word(local.w0);
  hash.word(local.w1);
  hash.word(local.w2);
  hash.word(local.w3);
  hash.word(remote.w0);
  hash.word(remote.w1);
  hash.word(remote.w2);
  hash.word(remote.w3);
  hash.word((localPort << 16) | remotePort);
}
