// Reassembly of fragments, both families (RFC 815's idea with ranges, RFC 5722: overlaps discard the datagram).
//
// A datagram is keyed by source, destination, identification and protocol. Its bytes are collected in one buffer that
// grows with the highest offset seen; ranges that arrived are kept sorted. Bounds: datagrams, bytes in total, 64 KB
// each, and a timer per datagram. A hostile sender can only evict other fragments, oldest first.

import type { Limits } from '../limits.js';
import { Timer, type TimerQueue } from '../timers.js';
import type { IpAddress } from '../wire/address.js';
import { copyBytes, copyOf } from '../wire/bytes.js';

const DATAGRAM_BYTES_MAX = 65535;
const FRAGMENTS_MAX = 128;

export class Datagram {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly identification: number;
  readonly protocol: number;
  /** The payload; complete when `feed` returns it. */
  bytes: Uint8Array = new Uint8Array(2048);
  length = -1;
  /** Sorted, disjoint starts and ends. */
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  /** First bytes of the first fragment's packet, for a time-exceeded answer. Empty until it came. */
  head: Uint8Array = new Uint8Array(0);
  /** Any fragment carried congestion experienced (RFC 3168 5.3). */
  congestion = false;
  readonly timer: Timer;

  constructor(
    source: IpAddress,
    destination: IpAddress,
    identification: number,
    protocol: number,
    expire: (datagram: Datagram, now: number) => void,
  ) {
    this.source = source;
    this.destination = destination;
    this.identification = identification;
    this.protocol = protocol;
    this.timer = new Timer((now) => expire(this, now));
  }
}

export class Reassembly {
  readonly #limits: Limits;
  readonly #timers: TimerQueue;
  readonly #onTimeout: (datagram: Datagram, now: number) => void;
  #datagrams: Datagram[] = [];
  #bytes = 0;

  constructor(
    limits: Limits,
    timers: TimerQueue,
    onTimeout: (datagram: Datagram, now: number) => void,
  ) {
    this.#limits = limits;
    this.#timers = timers;
    this.#onTimeout = onTimeout;
  }

  get size(): number {
    return this.#datagrams.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a copy of a fragment; returns the datagram when it is whole. The caller may read it until the next call. */
  feed(
    source: IpAddress,
    destination: IpAddress,
    identification: number,
    protocol: number,
    offset: number,
    more: boolean,
    buffer: Uint8Array,
    at: number,
    length: number,
    packetAt: number,
    now: number,
  ): Datagram | undefined {
    const end = offset + length;
    if (length === 0 || end > DATAGRAM_BYTES_MAX || (more && (length & 7) !== 0)) return undefined;
    const datagram = this.#find(source, destination, identification, protocol, now);
    const verdict = this.#insert(datagram, offset, end, more);
    if (verdict === 'discard') this.#remove(datagram);
    if (verdict !== 'new') return undefined;
    this.#grow(datagram, end);
    copyBytes(datagram.bytes, offset, buffer, at, length);
    if (offset === 0)
      datagram.head = copyOf(buffer, packetAt, Math.min(at + length, packetAt + 512));
    if (
      datagram.starts.length === 1 &&
      datagram.starts[0] === 0 &&
      datagram.ends[0] === datagram.length
    ) {
      this.#remove(datagram);
      return datagram;
    }
    return undefined;
  }

  #find(
    source: IpAddress,
    destination: IpAddress,
    identification: number,
    protocol: number,
    now: number,
  ): Datagram {
    for (const datagram of this.#datagrams) {
      if (
        datagram.identification === identification &&
        datagram.protocol === protocol &&
        datagram.source.equals(source) &&
        datagram.destination.equals(destination)
      )
        return datagram;
    }
    if (this.#datagrams.length >= this.#limits.reassemblyDatagramsMax)
      this.#remove(this.#datagrams[0]);
    const made = new Datagram(
      source.clone(),
      destination.clone(),
      identification,
      protocol,
      (d, t) => {
        this.#remove(d);
        this.#onTimeout(d, t);
      },
    );
    this.#datagrams.push(made);
    this.#bytes += made.bytes.length;
    this.#timers.set(made.timer, now + this.#limits.reassemblyTimeoutUs);
    return made;
  }

  /** `discard`: overlap, contradiction about the length, too many pieces. The first copy of a byte stays. */
  #insert(
    datagram: Datagram,
    start: number,
    end: number,
    more: boolean,
  ): 'new' | 'duplicate' | 'discard' {
    if (!more) {
      if (datagram.length >= 0 && datagram.length !== end) return 'discard';
      datagram.length = end;
    }
    const { starts, ends } = datagram;
    if (
      datagram.length >= 0 &&
      (end > datagram.length || (ends.length > 0 && ends[ends.length - 1] > datagram.length))
    )
      return 'discard';
    let place = 0;
    while (place < starts.length && starts[place] < start) place += 1;
    // An exact duplicate of a whole range is harmless and common; any other overlap is an attack.
    if (place < starts.length && starts[place] === start && ends[place] === end) return 'duplicate';
    if (place > 0 && ends[place - 1] > start)
      return ends[place - 1] >= end ? 'duplicate' : 'discard';
    if (place < starts.length && starts[place] < end)
      return starts[place] === start && ends[place] >= end ? 'duplicate' : 'discard';
    const joinsLeft = place > 0 && ends[place - 1] === start;
    const joinsRight = place < starts.length && starts[place] === end;
    if (joinsLeft && joinsRight) {
      ends[place - 1] = ends[place];
      starts.splice(place, 1);
      ends.splice(place, 1);
    } else if (joinsLeft) ends[place - 1] = end;
    else if (joinsRight) starts[place] = start;
    else {
      if (starts.length >= FRAGMENTS_MAX) return 'discard';
      starts.splice(place, 0, start);
      ends.splice(place, 0, end);
    }
    return 'new';
  }

  #grow(datagram: Datagram, end: number): void {
    let capacity = datagram.bytes.length;
    while (capacity < end) capacity *= 2;
    if (capacity === datagram.bytes.length) return;
    while (this.#bytes + capacity > this.#limits.reassemblyBytesMax && this.#datagrams.length > 1) {
      const oldest = this.#datagrams[0] === datagram ? this.#datagrams[1] : this.#datagrams[0];
      this.#remove(oldest);
    }
    const grown = new Uint8Array(capacity);
    grown.set(datagram.bytes);
    this.#bytes += capacity - datagram.bytes.length;
    datagram.bytes = grown;
  }

  #remove(datagram: Datagram): void {
    const place = this.#datagrams.indexOf(datagram);
    if (place < 0) return;
    this.#datagrams.splice(place, 1);
    this.#bytes -= datagram.bytes.length;
    this.#timers.clear(datagram.timer);
  }
}
