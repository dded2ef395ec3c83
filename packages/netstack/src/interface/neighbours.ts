// The neighbour cache: IPv4 by ARP, IPv6 by neighbour discovery, one state machine for both (RFC 4861 7.3).
//
//   INCOMPLETE --answer--> REACHABLE --30 s--> STALE --use--> DELAY --5 s--> PROBE --3 x 1 s--> gone
//        \--3 x 1 s--> gone, waiting frames dropped and reported
//
// The cache sends nothing itself: it calls `solicit`, and `deliver` for each frame that waited. Bounded: the oldest
// entry leaves when it is full.

import type { Random } from '../contract.js';
import type { Limits } from '../limits.js';
import { NEVER, Timer, type TimerQueue } from '../timers.js';
import type { IpAddress } from '../wire/address.js';
import { copyOf } from '../wire/bytes.js';
import { MAC_ZERO, type MacAddress } from '../wire/ethernet.js';
import { AddressMap } from './address-map.js';

const REACHABLE_US = 30_000_000;
const DELAY_US = 5_000_000;
const RETRANSMIT_US = 1_000_000;
const SOLICITATIONS_MAX = 3;

export type NeighbourState = 'incomplete' | 'reachable' | 'stale' | 'delay' | 'probe' | 'permanent';

export class Neighbour {
  readonly address: IpAddress;
  mac: MacAddress = MAC_ZERO;
  state: NeighbourState = 'incomplete';
  isRouter = false;
  /** False once evicted or failed: whoever cached the entry looks it up again. */
  live = true;
  solicitations = 0;
  readonly waiting: Uint8Array[] = [];
  readonly timer: Timer;

  constructor(address: IpAddress, onTimer: (neighbour: Neighbour, now: number) => void) {
    this.address = address;
    this.timer = new Timer((now) => onTimer(this, now));
  }

  get isResolved(): boolean {
    return this.state !== 'incomplete';
  }
}

export interface NeighbourActions {
  /** Asks for the link-layer address; unicast when `neighbour` has one. */
  solicit(neighbour: Neighbour): void;
  /** Sends an IP packet that waited. Borrows it. */
  deliver(neighbour: Neighbour, packet: Uint8Array): void;
  /** The neighbour did not answer. */
  unreachable(neighbour: Neighbour, packet: Uint8Array, now: number): void;
}

export class NeighbourCache {
  readonly #entries: AddressMap<Neighbour>;
  readonly #timers: TimerQueue;
  readonly #limits: Limits;
  readonly #actions: NeighbourActions;
  readonly #onTimer: (neighbour: Neighbour, now: number) => void;

  constructor(timers: TimerQueue, limits: Limits, random: Random, actions: NeighbourActions) {
    this.#entries = new AddressMap(random.word());
    this.#timers = timers;
    this.#limits = limits;
    this.#actions = actions;
    this.#onTimer = (neighbour, now) => this.#timeout(neighbour, now);
  }

  get size(): number {
    return this.#entries.size;
  }

  entries(): Neighbour[] {
    return this.#entries.values();
  }

  get(address: IpAddress): Neighbour | undefined {
    return this.#entries.get(address);
  }

  /** The entry for an address, made when there is none. */
  lookup(address: IpAddress): Neighbour {
    const found = this.#entries.get(address);
    if (found !== undefined) return found;
    if (this.#entries.size >= this.#limits.neighboursMax) {
      const oldest = this.#entries.oldest();
      if (oldest !== undefined) this.remove(oldest);
    }
    const neighbour = new Neighbour(address.clone(), this.#onTimer);
    this.#entries.set(address, neighbour);
    return neighbour;
  }

  /** A fixed mapping: multicast, broadcast, static configuration. */
  permanent(address: IpAddress, mac: MacAddress): Neighbour {
    const neighbour = new Neighbour(address.clone(), this.#onTimer);
    neighbour.state = 'permanent';
    neighbour.mac = mac;
    return neighbour;
  }

  addStatic(address: IpAddress, mac: MacAddress, now: number): void {
    const neighbour = this.lookup(address);
    neighbour.state = 'permanent';
    neighbour.mac = mac;
    this.#timers.set(neighbour.timer, NEVER);
    this.#flush(neighbour, now);
  }

  remove(neighbour: Neighbour): void {
    neighbour.live = false;
    neighbour.waiting.length = 0;
    this.#timers.clear(neighbour.timer);
    this.#entries.remove(neighbour.address);
  }

  /** Called before each packet to a resolved neighbour. */
  use(neighbour: Neighbour, now: number): void {
    if (neighbour.state !== 'stale') return;
    neighbour.state = 'delay';
    this.#timers.set(neighbour.timer, now + DELAY_US);
  }

  /** Keeps a copy of an IP packet until the address is known; the oldest goes when there are too many. */
  wait(neighbour: Neighbour, packet: Uint8Array, now: number): void {
    if (neighbour.waiting.length >= this.#limits.neighbourQueueFramesMax) neighbour.waiting.shift();
    neighbour.waiting.push(copyOf(packet, 0, packet.length));
    if (neighbour.solicitations > 0) return;
    neighbour.solicitations = 1;
    this.#timers.set(neighbour.timer, now + RETRANSMIT_US);
    this.#actions.solicit(neighbour);
  }

  /** A solicited answer, or a hint from TCP that packets arrive there (RFC 4861 7.3.1). */
  confirm(neighbour: Neighbour, mac: MacAddress | undefined, now: number): void {
    if (neighbour.state === 'permanent') return;
    if (mac !== undefined) neighbour.mac = mac;
    else if (neighbour.state === 'incomplete') return;
    neighbour.state = 'reachable';
    neighbour.solicitations = 0;
    this.#timers.set(neighbour.timer, now + REACHABLE_US);
    this.#flush(neighbour, now);
  }

  /** An address seen in an unsolicited message: usable, to be verified at the next use. */
  learn(address: IpAddress, mac: MacAddress, create: boolean, now: number): void {
    const neighbour = create ? this.lookup(address) : this.#entries.get(address);
    if (neighbour === undefined || neighbour.state === 'permanent') return;
    if (neighbour.state !== 'incomplete' && neighbour.mac.equals(mac)) return;
    neighbour.mac = mac;
    neighbour.state = 'stale';
    neighbour.solicitations = 0;
    this.#timers.clear(neighbour.timer);
    this.#flush(neighbour, now);
  }

  #flush(neighbour: Neighbour, now: number): void {
    const waiting = neighbour.waiting.splice(0, neighbour.waiting.length);
    if (waiting.length > 0) this.use(neighbour, now);
    for (const packet of waiting) this.#actions.deliver(neighbour, packet);
  }

  #timeout(neighbour: Neighbour, now: number): void {
    if (neighbour.state === 'reachable') {
      neighbour.state = 'stale';
      return;
    }
    if (neighbour.state === 'delay') {
      neighbour.state = 'probe';
      neighbour.solicitations = 0;
    }
    if (neighbour.solicitations >= SOLICITATIONS_MAX) {
      const waiting = neighbour.waiting.splice(0, neighbour.waiting.length);
      this.remove(neighbour);
      for (const packet of waiting) this.#actions.unreachable(neighbour, packet, now);
      return;
    }
    neighbour.solicitations += 1;
    this.#timers.set(neighbour.timer, now + RETRANSMIT_US);
    this.#actions.solicit(neighbour);
  }
}
