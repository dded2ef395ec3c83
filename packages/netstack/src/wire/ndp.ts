// Neighbour discovery messages (RFC 4861, RFC 8106), the bytes after the four-byte ICMPv6 header.

import { IpAddress } from './address.js';
import { read16, readUnsigned32, write16, write32 } from './bytes.js';
import { type MacAddress, readMac } from './ethernet.js';
import {
  ICMPV6_NEIGHBOUR_ADVERTISEMENT,
  ICMPV6_NEIGHBOUR_SOLICITATION,
  ICMPV6_ROUTER_ADVERTISEMENT,
  ICMPV6_ROUTER_SOLICITATION,
} from './icmp.js';

const OPTION_SOURCE_MAC = 1;
const OPTION_TARGET_MAC = 2;
const OPTION_PREFIX = 3;
const OPTION_MTU = 5;
const OPTION_DNS_SERVERS = 25;
const LIST_ITEMS_MAX = 16;

export interface PrefixOption {
  readonly prefix: IpAddress;
  readonly bits: number;
  readonly onLink: boolean;
  readonly autonomous: boolean;
  readonly validSeconds: number;
  readonly preferredSeconds: number;
}

export interface NeighbourMessage {
  readonly kind: 'solicitation' | 'advertisement';
  readonly target: IpAddress;
  readonly isRouter: boolean;
  readonly solicited: boolean;
  readonly override: boolean;
  /** Source link-layer address of a solicitation, target's of an advertisement. */
  readonly mac: MacAddress | undefined;
}

export interface RouterSolicitation {
  readonly kind: 'router-solicitation';
  readonly mac: MacAddress | undefined;
}

export interface RouterAdvertisement {
  readonly kind: 'router-advertisement';
  readonly hopLimit: number;
  readonly managed: boolean;
  readonly otherConfiguration: boolean;
  readonly routerLifetimeSeconds: number;
  readonly reachableMs: number;
  readonly retransmitMs: number;
  readonly mac: MacAddress | undefined;
  /** 0: not said. */
  readonly mtu: number;
  readonly prefixes: PrefixOption[];
  readonly dnsServers: IpAddress[];
}

export type NdpMessage = NeighbourMessage | RouterSolicitation | RouterAdvertisement;

function readAddress(buffer: Uint8Array, at: number): IpAddress {
  const address = new IpAddress(0, 0, 0, 0);
  address.readV6(buffer, at);
  return address;
}

/** Options found behind a message; undefined when one has length zero or runs over the end (RFC 4861 4.6). */
class NdpOptions {
  sourceMac: MacAddress | undefined = undefined;
  targetMac: MacAddress | undefined = undefined;
  mtu = 0;
  prefixes: PrefixOption[] = [];
  dnsServers: IpAddress[] = [];

  parse(buffer: Uint8Array, start: number, end: number): boolean {
    let at = start;
    while (at < end) {
      if (end - at < 8) return false;
      const bytes = buffer[at + 1] << 3;
      if (bytes === 0 || bytes > end - at) return false;
      this.#option(buffer, at, bytes);
      at += bytes;
    }
    return true;
  }

  #option(buffer: Uint8Array, at: number, bytes: number): void {
    const type = buffer[at];
    if (type === OPTION_SOURCE_MAC) this.sourceMac = readMac(buffer, at + 2);
    else if (type === OPTION_TARGET_MAC) this.targetMac = readMac(buffer, at + 2);
    else if (type === OPTION_MTU) this.mtu = readUnsigned32(buffer, at + 4);
    else if (type === OPTION_PREFIX && bytes >= 32 && this.prefixes.length < LIST_ITEMS_MAX) {
      this.prefixes.push({
        prefix: readAddress(buffer, at + 16),
        bits: Math.min(buffer[at + 2], 128),
        onLink: (buffer[at + 3] & 0x80) !== 0,
        autonomous: (buffer[at + 3] & 0x40) !== 0,
        validSeconds: readUnsigned32(buffer, at + 4),
        preferredSeconds: readUnsigned32(buffer, at + 8),
      });
    } else if (type === OPTION_DNS_SERVERS) {
      for (let i = at + 8; i + 16 <= at + bytes && this.dnsServers.length < LIST_ITEMS_MAX; i += 16)
        this.dnsServers.push(readAddress(buffer, i));
    }
  }
}

/** Parses an ICMPv6 message that starts at `at` (its type byte). */
export function parseNdp(buffer: Uint8Array, at: number, end: number): NdpMessage | undefined {
  if (end - at < 8) return undefined;
  const type = buffer[at];
  const options = new NdpOptions();
  if (type === ICMPV6_ROUTER_SOLICITATION) {
    if (!options.parse(buffer, at + 8, end)) return undefined;
    return { kind: 'router-solicitation', mac: options.sourceMac };
  }
  if (type === ICMPV6_NEIGHBOUR_SOLICITATION || type === ICMPV6_NEIGHBOUR_ADVERTISEMENT) {
    if (end - at < 24 || !options.parse(buffer, at + 24, end)) return undefined;
    const flags = buffer[at + 4];
    const solicitation = type === ICMPV6_NEIGHBOUR_SOLICITATION;
    return {
      kind: solicitation ? 'solicitation' : 'advertisement',
      target: readAddress(buffer, at + 8),
      isRouter: (flags & 0x80) !== 0,
      solicited: (flags & 0x40) !== 0,
      override: (flags & 0x20) !== 0,
      mac: solicitation ? options.sourceMac : options.targetMac,
    };
  }
  if (type !== ICMPV6_ROUTER_ADVERTISEMENT) return undefined;
  if (end - at < 16 || !options.parse(buffer, at + 16, end)) return undefined;
  return {
    kind: 'router-advertisement',
    hopLimit: buffer[at + 4],
    managed: (buffer[at + 5] & 0x80) !== 0,
    otherConfiguration: (buffer[at + 5] & 0x40) !== 0,
    routerLifetimeSeconds: read16(buffer, at + 6),
    reachableMs: readUnsigned32(buffer, at + 8),
    retransmitMs: readUnsigned32(buffer, at + 12),
    mac: options.sourceMac,
    mtu: options.mtu,
    prefixes: options.prefixes,
    dnsServers: options.dnsServers,
  };
}

export function ndpBytes(message: NdpMessage): number {
  const mac = message.mac === undefined ? 0 : 8;
  if (message.kind === 'router-solicitation') return 8 + mac;
  if (message.kind === 'router-advertisement') {
    const mtu = message.mtu === 0 ? 0 : 8;
    const servers = message.dnsServers.length === 0 ? 0 : 8 + 16 * message.dnsServers.length;
    return 16 + mac + mtu + 32 * message.prefixes.length + servers;
  }
  return 24 + mac;
}

/** Writes the whole ICMPv6 message, checksum zero. */
export function emitNdp(message: NdpMessage, buffer: Uint8Array, at: number): void {
  buffer.fill(0, at, at + ndpBytes(message));
  if (message.kind === 'router-solicitation') {
    buffer[at] = ICMPV6_ROUTER_SOLICITATION;
    emitMac(message.mac, OPTION_SOURCE_MAC, buffer, at + 8);
  } else if (message.kind === 'router-advertisement') {
    emitRouterAdvertisement(message, buffer, at);
  } else {
    const solicitation = message.kind === 'solicitation';
    buffer[at] = solicitation ? ICMPV6_NEIGHBOUR_SOLICITATION : ICMPV6_NEIGHBOUR_ADVERTISEMENT;
    buffer[at + 4] =
      (message.isRouter ? 0x80 : 0) |
      (message.solicited ? 0x40 : 0) |
      (message.override ? 0x20 : 0);
    message.target.writeV6(buffer, at + 8);
    emitMac(message.mac, solicitation ? OPTION_SOURCE_MAC : OPTION_TARGET_MAC, buffer, at + 24);
  }
}

function emitMac(
  mac: MacAddress | undefined,
  type: number,
  buffer: Uint8Array,
  at: number,
): number {
  if (mac === undefined) return at;
  buffer[at] = type;
  buffer[at + 1] = 1;
  mac.write(buffer, at + 2);
  return at + 8;
}

function emitRouterAdvertisement(
  message: RouterAdvertisement,
  buffer: Uint8Array,
  start: number,
): void {
  buffer[start] = ICMPV6_ROUTER_ADVERTISEMENT;
  buffer[start + 4] = message.hopLimit;
  buffer[start + 5] = (message.managed ? 0x80 : 0) | (message.otherConfiguration ? 0x40 : 0);
  write16(buffer, start + 6, message.routerLifetimeSeconds);
  write32(buffer, start + 8, message.reachableMs);
  write32(buffer, start + 12, message.retransmitMs);
  let at = emitMac(message.mac, OPTION_SOURCE_MAC, buffer, start + 16);
  if (message.mtu !== 0) {
    buffer[at] = OPTION_MTU;
    buffer[at + 1] = 1;
    write32(buffer, at + 4, message.mtu);
    at += 8;
  }
  for (const prefix of message.prefixes) {
    buffer[at] = OPTION_PREFIX;
    buffer[at + 1] = 4;
    buffer[at + 2] = prefix.bits;
    buffer[at + 3] = (prefix.onLink ? 0x80 : 0) | (prefix.autonomous ? 0x40 : 0);
    write32(buffer, at + 4, prefix.validSeconds);
    write32(buffer, at + 8, prefix.preferredSeconds);
    prefix.prefix.writeV6(buffer, at + 16);
    at += 32;
  }
  if (message.dnsServers.length === 0) return;
  buffer[at] = OPTION_DNS_SERVERS;
  buffer[at + 1] = 1 + 2 * message.dnsServers.length;
  write32(buffer, at + 4, message.routerLifetimeSeconds);
  for (let i = 0; i < message.dnsServers.length; i++)
    message.dnsServers[i].writeV6(buffer, at + 8 + 16 * i);
}

/** The source address is checked elsewhere; kept here because every NDP message needs it (RFC 4861 6.1, 7.1). */
export const NDP_HOP_LIMIT = 255;

/** First word of the interface identifier words of an EUI-64 (RFC 4291 appendix A). */
export function eui64(mac: MacAddress, prefix: IpAddress): IpAddress {
  const high = ((mac.high ^ 0x0200) << 16) | (((mac.low >>> 24) << 8) | 0xff);
  const low = (0xfe << 24) | (mac.low & 0xffffff);
  return new IpAddress(prefix.w0, prefix.w1, high, low);
}

export function linkLocalOf(mac: MacAddress): IpAddress {
  return eui64(mac, new IpAddress(0xfe800000, 0, 0, 0));
}
