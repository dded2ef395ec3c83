// IPv6 autoconfiguration (RFC 4862) and duplicate address detection for both families.
//
//   add address -> tentative: N probes, one second apart -> preferred (or duplicate, and never used)
//   link up     -> router solicitations (at most three) until an advertisement comes
//   advertisement -> default route, prefixes: on-link routes and addresses with lifetimes, MTU, DNS servers
//
// Bounds: addresses per interface, default routers, DNS servers. A lifetime never drops below two hours by an
// unauthenticated advertisement unless it is about to end anyway (RFC 4862 5.5.3 e).

import { type Instant, NEVER, Timer, type TimerQueue } from '../timers.js';
import { ALL_ROUTERS_V6, ANY_V6, type IpAddress, samePrefix } from '../wire/address.js';
import { IPV6_MTU_MIN } from '../wire/ipv6.js';
import { eui64, linkLocalOf, type PrefixOption, type RouterAdvertisement } from '../wire/ndp.js';
import { InterfaceAddress, type NetworkInterface } from './interface.js';
import type { IncomingPacket } from './packet.js';
import { groupMac, type Paths } from './paths.js';
import type { Resolution } from './resolution.js';
import type { RouteTable } from './routes.js';

const PROBE_INTERVAL_US = 1_000_000;
const SOLICITATIONS_MAX = 3;
const SOLICITATION_INTERVAL_US = 4_000_000;
const ADDRESSES_MAX = 16;
const DNS_SERVERS_MAX = 8;
const INFINITE_SECONDS = 0xffffffff;
const TWO_HOURS_US = 7_200_000_000;
const SECOND_US = 1_000_000;

export interface SlaacEvents {
  /** An address became usable, or stopped being so. */
  addressChanged(networkInterface: NetworkInterface): void;
}

/** Autoconfiguration of one interface. */
export class Slaac {
  readonly #interface: NetworkInterface;
  readonly #routes: RouteTable;
  readonly #paths: Paths;
  readonly #resolution: Resolution;
  readonly #timers: TimerQueue;
  readonly #instant: Instant;
  readonly #timer: Timer;
  readonly #events: SlaacEvents;
  readonly #probeCount: number;
  #solicitationsLeft = 0;
  #nextSolicitation = NEVER;
  #nextProbe = NEVER;
  /** Ends of router lifetimes, one per default route. */
  #routers: { address: IpAddress; until: number }[] = [];
  dnsServers: IpAddress[] = [];

  constructor(
    networkInterface: NetworkInterface,
    routes: RouteTable,
    paths: Paths,
    resolution: Resolution,
    timers: TimerQueue,
    instant: Instant,
    probeCount: number,
    events: SlaacEvents,
  ) {
    this.#interface = networkInterface;
    this.#routes = routes;
    this.#paths = paths;
    this.#resolution = resolution;
    this.#timers = timers;
    this.#instant = instant;
    this.#probeCount = probeCount;
    this.#events = events;
    this.#timer = new Timer((now) => this.#due(now));
  }

  /** Adds an address; it is usable at once only when no duplicate detection is wanted. */
  addAddress(
    address: IpAddress,
    bits: number,
    preferredUntil: number,
    validUntil: number,
  ): InterfaceAddress {
    const found = this.#interface.find(address);
    if (found !== undefined) {
      found.preferredUntil = preferredUntil;
      found.validUntil = validUntil;
      this.#arm();
      return found;
    }
    const detect = this.#probeCount > 0 && this.#interface.linkHeaderBytes > 0 && !address.isV4;
    const own = new InterfaceAddress(
      address,
      bits,
      detect ? 'tentative' : 'preferred',
      preferredUntil,
      validUntil,
    );
    own.probesLeft = detect ? this.#probeCount : 0;
    this.#interface.addresses.push(own);
    this.#paths.addressVersion += 1;
    if (detect) this.#nextProbe = Math.min(this.#nextProbe, this.#instant.us);
    this.#arm();
    return own;
  }

  removeAddress(address: IpAddress): void {
    const kept = this.#interface.addresses.filter((own) => !own.address.equals(address));
    if (kept.length === this.#interface.addresses.length) return;
    this.#interface.addresses = kept;
    this.#paths.addressVersion += 1;
    this.#events.addressChanged(this.#interface);
  }

  /** Link-local address and router solicitations. */
  start(): void {
    this.addAddress(linkLocalOf(this.#interface.device.capabilities.mac), 64, NEVER, NEVER);
    this.#solicitationsLeft = SOLICITATIONS_MAX;
    this.#nextSolicitation = this.#instant.us + SECOND_US;
    this.#arm();
  }

  markDuplicate(own: InterfaceAddress): void {
    if (own.state !== 'tentative') return;
    own.state = 'duplicate';
    this.#paths.addressVersion += 1;
    this.#events.addressChanged(this.#interface);
  }

  /** Preconditions: hop limit 255, good checksum, link-local source (RFC 4861 6.1.2). */
  advertisement(packet: IncomingPacket, message: RouterAdvertisement): void {
    const now = this.#instant.us;
    const router = packet.source.clone();
    this.#nextSolicitation = NEVER;
    this.#solicitationsLeft = 0;
    if (message.hopLimit !== 0) this.#interface.hopLimit = message.hopLimit;
    if (message.mac !== undefined)
      this.#interface.neighbours?.learn(router, message.mac, true, now);
    if (message.mtu >= IPV6_MTU_MIN && message.mtu <= this.#interface.device.capabilities.mtu)
      this.#interface.mtu = message.mtu;
    this.#router(router, message.routerLifetimeSeconds, now);
    for (const prefix of message.prefixes) this.#prefix(prefix, now);
    for (const server of message.dnsServers) {
      if (
        this.dnsServers.length < DNS_SERVERS_MAX &&
        !this.dnsServers.some((known) => known.equals(server))
      )
        this.dnsServers.push(server);
    }
    this.#arm();
    this.#events.addressChanged(this.#interface);
  }

  #router(address: IpAddress, lifetimeSeconds: number, now: number): void {
    const known = this.#routers.some((router) => router.address.equals(address));
    const others = this.#routers.filter((router) => !router.address.equals(address));
    const route = {
      prefix: { address: ANY_V6, bits: 0 },
      networkInterface: this.#interface,
      gateway: address,
      metric: 1024,
    };
    if (lifetimeSeconds === 0) {
      if (known) this.#routes.remove(route);
    } else if (known || others.length < ADDRESSES_MAX) {
      others.push({ address, until: now + lifetimeSeconds * SECOND_US });
      if (!known) this.#routes.add(route);
    }
    this.#routers = others;
  }

  #prefix(option: PrefixOption, now: number): void {
    if (option.prefix.isLinkLocal || option.prefix.isMulticast || option.prefix.isV4) return;
    if (option.preferredSeconds > option.validSeconds) return;
    const prefix = { address: option.prefix, bits: option.bits };
    if (option.onLink) {
      const route = { prefix, networkInterface: this.#interface, gateway: undefined, metric: 256 };
      if (option.validSeconds === 0) this.#routes.remove(route);
      else if (!this.#hasRoute(option)) this.#routes.add(route);
    }
    if (!option.autonomous || option.bits !== 64) return;
    const address = eui64(this.#interface.device.capabilities.mac, option.prefix);
    const valid = lifetime(option.validSeconds, now);
    const preferred = lifetime(option.preferredSeconds, now);
    const own = this.#interface.find(address);
    if (own === undefined) {
      if (option.validSeconds > 0 && this.#interface.addresses.length < ADDRESSES_MAX)
        this.addAddress(address, 64, preferred, valid);
      return;
    }
    own.preferredUntil = preferred;
    const left = own.validUntil - now;
    if (valid - now > TWO_HOURS_US || valid > own.validUntil) own.validUntil = valid;
    else if (left > TWO_HOURS_US) own.validUntil = now + TWO_HOURS_US;
  }

  #hasRoute(option: PrefixOption): boolean {
    for (const route of this.#routes.routes) {
      if (route.networkInterface !== this.#interface || route.gateway !== undefined) continue;
      if (
        route.prefix.bits === option.bits &&
        samePrefix(route.prefix.address, option.prefix, option.bits)
      )
        return true;
    }
    return false;
  }

  #due(now: number): void {
    if (this.#nextProbe <= now) this.#probeAll(now);
    if (this.#nextSolicitation <= now) this.#solicitRouters(now);
    this.#expire(now);
    this.#arm();
  }

  #probeAll(now: number): void {
    this.#nextProbe = NEVER;
    for (const own of this.#interface.addresses) {
      if (own.state !== 'tentative') continue;
      if (own.probesLeft === 0) {
        own.state = 'preferred';
        this.#paths.addressVersion += 1;
        this.#events.addressChanged(this.#interface);
        continue;
      }
      own.probesLeft -= 1;
      this.#resolution.probe(this.#interface, own);
      this.#nextProbe = now + PROBE_INTERVAL_US;
    }
  }

  #solicitRouters(now: number): void {
    this.#solicitationsLeft -= 1;
    this.#nextSolicitation = this.#solicitationsLeft > 0 ? now + SOLICITATION_INTERVAL_US : NEVER;
    const source = this.#interface.sourceFor(ALL_ROUTERS_V6);
    const mac = source === undefined ? undefined : this.#interface.device.capabilities.mac;
    this.#resolution.sendNdp(
      this.#interface,
      { kind: 'router-solicitation', mac },
      source ?? ANY_V6,
      ALL_ROUTERS_V6,
      groupMac(ALL_ROUTERS_V6),
    );
  }

  #expire(now: number): void {
    for (const own of this.#interface.addresses.slice()) {
      if (own.validUntil <= now) this.removeAddress(own.address);
      else if (own.preferredUntil <= now && own.state === 'preferred') {
        own.state = 'deprecated';
        this.#paths.addressVersion += 1;
      } else if (own.preferredUntil > now && own.state === 'deprecated') {
        own.state = 'preferred';
        this.#paths.addressVersion += 1;
      }
    }
    for (const router of this.#routers.slice())
      if (router.until <= now) this.#router(router.address, 0, now);
  }

  #arm(): void {
    let next = Math.min(this.#nextProbe, this.#nextSolicitation);
    for (const own of this.#interface.addresses) {
      next = Math.min(next, own.validUntil);
      if (own.state !== 'deprecated') next = Math.min(next, own.preferredUntil);
    }
    for (const router of this.#routers) next = Math.min(next, router.until);
    this.#timers.set(this.#timer, next);
  }
}

function lifetime(seconds: number, now: number): number {
  return seconds === INFINITE_SECONDS ? NEVER : now + seconds * SECOND_US;
}
