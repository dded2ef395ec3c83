// IPv6 (RFC 8200) and the walk over extension headers.
//
//   0    4             12                        31
//   |ver | traffic class |      flow label        |
//   |    payload length  | next header | hop limit|
//   |            source address (16)              |
//   |          destination address (16)           |

import { IpAddress } from './address.js';
import { read16, read32, write16, write32 } from './bytes.js';

export const IPV6_HEADER_BYTES = 40;
export const IPV6_FRAGMENT_HEADER_BYTES = 8;
export const IPV6_MTU_MIN = 1280;
export const EXTENSION_HEADERS_MAX = 8;

export const NEXT_HOP_BY_HOP = 0;
export const NEXT_ROUTING = 43;
export const NEXT_FRAGMENT = 44;
export const NEXT_AUTHENTICATION = 51;
export const NEXT_NONE = 59;
export const NEXT_DESTINATION_OPTIONS = 60;

export class Ipv6View {
  buffer: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;

  /** False unless the version is 6 and the payload is all there. Trims link padding. */
  over(buffer: Uint8Array, at: number, end: number): boolean {
    this.buffer = buffer;
    this.at = at;
    this.end = end;
    if (end - at < IPV6_HEADER_BYTES || buffer[at] >>> 4 !== 6) return false;
    const total = IPV6_HEADER_BYTES + this.payloadBytes;
    if (total > end - at) return false;
    this.end = at + total;
    return true;
  }

  get trafficClass(): number {
    return (read16(this.buffer, this.at) >>> 4) & 0xff;
  }
  get flowLabel(): number {
    return read32(this.buffer, this.at) & 0xfffff;
  }
  get payloadBytes(): number {
    return read16(this.buffer, this.at + 4);
  }
  get nextHeader(): number {
    return this.buffer[this.at + 6];
  }
  get hopLimit(): number {
    return this.buffer[this.at + 7];
  }
  get source(): IpAddress {
    const address = new IpAddress(0, 0, 0, 0);
    address.readV6(this.buffer, this.at + 8);
    return address;
  }
  get destination(): IpAddress {
    const address = new IpAddress(0, 0, 0, 0);
    address.readV6(this.buffer, this.at + 24);
    return address;
  }
  get payloadAt(): number {
    return this.at + IPV6_HEADER_BYTES;
  }
}

export interface Ipv6Header {
  readonly trafficClass: number;
  readonly flowLabel: number;
  readonly payloadBytes: number;
  readonly nextHeader: number;
  readonly hopLimit: number;
  readonly source: IpAddress;
  readonly destination: IpAddress;
}

export function parseIpv6Header(
  buffer: Uint8Array,
  at: number,
  end: number,
): Ipv6Header | undefined {
  const view = new Ipv6View();
  if (!view.over(buffer, at, end)) return undefined;
  return {
    trafficClass: view.trafficClass,
    flowLabel: view.flowLabel,
    payloadBytes: view.payloadBytes,
    nextHeader: view.nextHeader,
    hopLimit: view.hopLimit,
    source: view.source,
    destination: view.destination,
  };
}

export function emitIpv6(header: Ipv6Header, buffer: Uint8Array, at: number): void {
  writeIpv6Header(
    buffer,
    at,
    header.source,
    header.destination,
    header.nextHeader,
    header.payloadBytes,
    header.trafficClass,
    header.hopLimit,
    header.flowLabel,
  );
}

/** The data path's emit. */
export function writeIpv6Header(
  buffer: Uint8Array,
  at: number,
  source: IpAddress,
  destination: IpAddress,
  nextHeader: number,
  payloadBytes: number,
  trafficClass: number,
  hopLimit: number,
  flowLabel: number,
): void {
  write32(buffer, at, (6 << 28) | (trafficClass << 20) | flowLabel);
  write16(buffer, at + 4, payloadBytes);
  buffer[at + 6] = nextHeader;
  buffer[at + 7] = hopLimit;
  source.writeV6(buffer, at + 8);
  destination.writeV6(buffer, at + 24);
}

/** What the walk over extension headers found. */
export class ExtensionWalk {
  /** Protocol of the upper layer, or NEXT_FRAGMENT when the walk stopped at a fragment header. */
  protocol = 0;
  /** Where its bytes begin. */
  at = 0;
  /** Offset of the `next header` field that named it, for parameter problems and reassembly. */
  fieldAt = 0;
  /** ICMPv6 parameter-problem code, or -1: the packet is fine. -2: drop without an answer. */
  problem = -1;
  problemAt = 0;
}

/**
 * Walks from the fixed header to the upper layer or a fragment header. At most EXTENSION_HEADERS_MAX headers: a longer
 * chain is dropped (RFC 8504 5.3). Unknown options are judged by their two high bits (RFC 8200 4.2).
 */
export function walkExtensions(view: Ipv6View, walk: ExtensionWalk): void {
  const buffer = view.buffer;
  walkFrom(buffer, view.at, view.at + 6, view.payloadAt, view.end, view.nextHeader, walk);
}

/** The same from any place in the chain: after reassembly the walk goes on where it stopped. */
export function walkFrom(
  buffer: Uint8Array,
  packetAt: number,
  fieldAt: number,
  start: number,
  end: number,
  firstHeader: number,
  walk: ExtensionWalk,
): void {
  let next = firstHeader;
  let at = start;
  walk.fieldAt = fieldAt;
  walk.problem = -1;
  walk.problemAt = 0;
  for (let count = 0; count <= EXTENSION_HEADERS_MAX; count++) {
    walk.protocol = next;
    walk.at = at;
    const isOptions = next === NEXT_HOP_BY_HOP || next === NEXT_DESTINATION_OPTIONS;
    if (!isOptions && next !== NEXT_ROUTING && next !== NEXT_AUTHENTICATION) return;
    if (next === NEXT_HOP_BY_HOP && at !== start) {
      walk.problem = 1; // Hop-by-hop options anywhere but first: unrecognised next header.
      walk.problemAt = walk.fieldAt - packetAt;
      return;
    }
    if (end - at < 8) {
      walk.problem = -2;
      return;
    }
    const bytes =
      next === NEXT_AUTHENTICATION ? (buffer[at + 1] + 2) << 2 : (buffer[at + 1] + 1) << 3;
    if (bytes > end - at) {
      walk.problem = -2;
      return;
    }
    if (isOptions && !optionsAreFine(buffer, packetAt, at + 2, at + bytes, walk)) return;
    if (next === NEXT_ROUTING && buffer[at + 3] !== 0) {
      // A route with segments left is for routers; hosts answer (RFC 8200 4.4).
      walk.problem = 0;
      walk.problemAt = at + 2 - packetAt;
      return;
    }
    walk.fieldAt = at;
    next = buffer[at];
    at += bytes;
  }
  walk.problem = -2;
}

function optionsAreFine(
  buffer: Uint8Array,
  packetAt: number,
  start: number,
  end: number,
  walk: ExtensionWalk,
): boolean {
  let at = start;
  while (at < end) {
    const type = buffer[at];
    if (type === 0) {
      at += 1;
      continue;
    }
    if (at + 2 > end || at + 2 + buffer[at + 1] > end) {
      walk.problem = -2;
      return false;
    }
    const known = type === 1 || type === 5; // PadN and router alert.
    if (!known && type >>> 6 !== 0) {
      walk.problem = type >>> 6 === 1 ? -2 : 2;
      walk.problemAt = at - packetAt;
      return false;
    }
    at += 2 + buffer[at + 1];
  }
  return true;
}

export interface FragmentHeader {
  readonly nextHeader: number;
  /** In bytes, a multiple of 8. */
  readonly fragmentOffset: number;
  readonly moreFragments: boolean;
  /** Signed 32-bit word. */
  readonly identification: number;
}

export function parseFragmentHeader(
  buffer: Uint8Array,
  at: number,
  end: number,
): FragmentHeader | undefined {
  if (end - at < IPV6_FRAGMENT_HEADER_BYTES) return undefined;
  const field = read16(buffer, at + 2);
  return {
    nextHeader: buffer[at],
    fragmentOffset: field & 0xfff8,
    moreFragments: (field & 1) !== 0,
    identification: read32(buffer, at + 4),
  };
}

export function emitFragmentHeader(header: FragmentHeader, buffer: Uint8Array, at: number): void {
  buffer[at] = header.nextHeader;
  buffer[at + 1] = 0;
  write16(buffer, at + 2, (header.fragmentOffset & 0xfff8) | (header.moreFragments ? 1 : 0));
  write32(buffer, at + 4, header.identification);
}
