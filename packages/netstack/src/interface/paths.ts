// The destination cache (RFC 4861 5.1): for each peer the interface, next hop, source address and path MTU. Sockets keep
// their Path and check it with one comparison; edits of routes or addresses bump the version and it is computed anew.

import type { Random } from '../contract.js';
import type { Limits } from '../limits.js';
import type { Instant } from '../timers.js';
import { type IpAddress, solicitedNodeGroup } from '../wire/address.js';
import { MAC_BROADCAST, MacAddress } from '../wire/ethernet.js';
import { IPV6_MTU_MIN } from '../wire/ipv6.js';
import { AddressMap } from './address-map.js';
import type { NetworkInterface } from './interface.js';
import type { Neighbour } from './neighbours.js';
import type { RouteTable } from './routes.js';

const PATH_MTU_LIFETIME_US = 600_000_000;
const PATH_MTU_V4_MIN = 552;

export class Path {
  readonly destination: IpAddress;
  networkInterface: NetworkInterface;
  nextHop: IpAddress;
  source: IpAddress;
  /** Undefined on links without address resolution. */
  neighbour: Neighbour | undefined;
  version: number;
  isBroadcast = false;
  /** Learned from ICMP; 0: none. */
  learnedMtu = 0;
  learnedMtuUntil = 0;

  constructor(
    destination: IpAddress,
    networkInterface: NetworkInterface,
    nextHop: IpAddress,
    source: IpAddress,
    version: number,
  ) {
    this.destination = destination;
    this.networkInterface = networkInterface;
    this.nextHop = nextHop;
    this.source = source;
    this.version = version;
    this.neighbour = undefined;
  }

  mtu(now: number): number {
    if (this.learnedMtu !== 0 && now < this.learnedMtuUntil)
      return Math.min(this.learnedMtu, this.networkInterface.mtu);
    return this.networkInterface.mtu;
  }
}

/** The link-layer address of a group or broadcast address. */
export function groupMac(address: IpAddress): MacAddress {
  if (!address.isV4) return new MacAddress(0x3333, address.w3);
  if (address.isMulticast) return new MacAddress(0x0100, 0x5e000000 | (address.w3 & 0x7fffff));
  return MAC_BROADCAST;
}

export class Paths {
  readonly #routes: RouteTable;
  readonly #limits: Limits;
  readonly #instant: Instant;
  readonly #cache: AddressMap<Path>;
  readonly #interfaces: NetworkInterface[];
  /** Bumped when an address changes. */
  addressVersion = 0;

  constructor(
    routes: RouteTable,
    interfaces: NetworkInterface[],
    limits: Limits,
    random: Random,
    instant: Instant,
  ) {
    this.#routes = routes;
    this.#interfaces = interfaces;
    this.#limits = limits;
    this.#instant = instant;
    this.#cache = new AddressMap(random.word());
  }

  get version(): number {
    return this.#routes.version + this.addressVersion;
  }

  get size(): number {
    return this.#cache.size;
  }

  /** The interface that owns an address. */
  ownerOf(address: IpAddress): NetworkInterface | undefined {
    for (const networkInterface of this.#interfaces) {
      const own = networkInterface.find(address);
      if (own?.isUsable) return networkInterface;
    }
    return undefined;
  }

  /** Undefined: no route, or no own address of that family. */
  lookup(destination: IpAddress): Path | undefined {
    const cached = this.#cache.get(destination);
    if (cached !== undefined && cached.version === this.version) return this.#withNeighbour(cached);
    const path = this.#resolve(destination.clone());
    if (path === undefined) {
      if (cached !== undefined) this.#cache.remove(destination);
      return undefined;
    }
    if (cached !== undefined) {
      // Sockets hold the object: it stays and is brought up to date.
      cached.networkInterface = path.networkInterface;
      cached.nextHop = path.nextHop;
      cached.source = path.source;
      cached.version = path.version;
      cached.isBroadcast = path.isBroadcast;
      cached.neighbour = undefined;
      return this.#withNeighbour(cached);
    }
    if (this.#cache.size >= this.#limits.destinationsMax) {
      const oldest = this.#cache.oldest();
      if (oldest !== undefined) this.#cache.remove(oldest.destination);
    }
    this.#cache.set(destination, path);
    return this.#withNeighbour(path);
  }

  /** A socket's own path, brought up to date; undefined when the destination became unreachable. */
  refresh(path: Path): Path | undefined {
    if (path.version === this.version && (path.neighbour === undefined || path.neighbour.live))
      return path;
    return this.lookup(path.destination);
  }

  /** ICMP said that packets to `destination` must not be larger. True when that is news. */
  learnMtu(destination: IpAddress, mtu: number): boolean {
    const path = this.#cache.get(destination);
    if (path === undefined) return false;
    const lowest = destination.isV4 ? PATH_MTU_V4_MIN : IPV6_MTU_MIN;
    const now = this.#instant.us;
    const value = Math.max(mtu, lowest);
    if (value >= path.mtu(now)) return false;
    path.learnedMtu = value;
    path.learnedMtuUntil = now + PATH_MTU_LIFETIME_US;
    return true;
  }

  #withNeighbour(path: Path): Path {
    if (path.neighbour?.live) return path;
    const cache = path.networkInterface.neighbours;
    if (cache === undefined) return path;
    if (path.nextHop.isMulticast || path.isBroadcast)
      path.neighbour = cache.permanent(path.nextHop, groupMac(path.nextHop));
    else path.neighbour = cache.lookup(path.nextHop);
    return path;
  }

  #resolve(destination: IpAddress): Path | undefined {
    const version = this.version;
    const owner = this.ownerOf(destination);
    if (owner !== undefined || destination.isLoopback) {
      const loopback = this.#interfaces[0];
      return new Path(destination, loopback, destination, destination, version);
    }
    const route = this.#routes.lookup(destination);
    let networkInterface: NetworkInterface | undefined;
    let nextHop = destination;
    if (route !== undefined) {
      networkInterface = route.networkInterface;
      if (route.gateway !== undefined) nextHop = route.gateway;
    } else if (
      destination.isMulticast ||
      destination.isLimitedBroadcast ||
      (destination.isLinkLocal && !destination.isV4)
    ) {
      networkInterface = this.#firstWith(destination);
    }
    if (networkInterface === undefined) return undefined;
    if (destination.isMulticast || destination.isLimitedBroadcast) nextHop = destination;
    const source = networkInterface.sourceFor(destination);
    if (source === undefined) return undefined;
    const path = new Path(destination, networkInterface, nextHop, source, version);
    path.isBroadcast = networkInterface.isBroadcast(destination);
    return path;
  }

  #firstWith(destination: IpAddress): NetworkInterface | undefined {
    for (const networkInterface of this.#interfaces)
      if (!networkInterface.isLoopback && networkInterface.sourceFor(destination) !== undefined)
        return networkInterface;
    return undefined;
  }
}

/** Where a neighbour solicitation for an address goes. */
export function solicitationMac(address: IpAddress): MacAddress {
  return groupMac(solicitedNodeGroup(address));
}
