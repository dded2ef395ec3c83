// IPv4 (RFC 791).
//
//   0          8          16                    31
//   |ver | ihl | dscp ecn |     total length     |
//   |    identification   |flags| fragment offset|
//   |   ttl    | protocol |   header checksum    |
//   |              source address                |
//   |            destination address             |
//   |              options (0-40)                |

import { type IpAddress, ipv4FromWord } from './address.js';
import { copyOf, read16, read32, write16 } from './bytes.js';
import { checksum, foldSum, sumBytes, sumWord } from './checksum.js';

export const IPV4_HEADER_BYTES = 20;
export const IPV4_OPTIONS_BYTES_MAX = 40;

export const PROTOCOL_ICMP = 1;
export const PROTOCOL_IGMP = 2;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;
export const PROTOCOL_ICMPV6 = 58;

/** Congestion codepoints (RFC 3168), the low two bits of the traffic class in both families. */
export const ECN_NONE = 0;
export const ECN_ECT1 = 1;
export const ECN_ECT0 = 2;
export const ECN_CE = 3;

export class Ipv4View {
  buffer: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;

  /** False unless version, header length and total length fit the bytes that are there. Trims link padding. */
  over(buffer: Uint8Array, at: number, end: number): boolean {
    this.buffer = buffer;
    this.at = at;
    this.end = end;
    const available = end - at;
    if (available < IPV4_HEADER_BYTES || buffer[at] >>> 4 !== 4) return false;
    const header = this.headerBytes;
    const total = this.totalBytes;
    if (header < IPV4_HEADER_BYTES || total < header || total > available) return false;
    this.end = at + total;
    return true;
  }

  get headerBytes(): number {
    return (this.buffer[this.at] & 0x0f) << 2;
  }
  get trafficClass(): number {
    return this.buffer[this.at + 1];
  }
  get totalBytes(): number {
    return read16(this.buffer, this.at + 2);
  }
  get identification(): number {
    return read16(this.buffer, this.at + 4);
  }
  get dontFragment(): boolean {
    return (this.buffer[this.at + 6] & 0x40) !== 0;
  }
  get moreFragments(): boolean {
    return (this.buffer[this.at + 6] & 0x20) !== 0;
  }
  /** In bytes. */
  get fragmentOffset(): number {
    return (read16(this.buffer, this.at + 6) & 0x1fff) << 3;
  }
  get timeToLive(): number {
    return this.buffer[this.at + 8];
  }
  get protocol(): number {
    return this.buffer[this.at + 9];
  }
  get source(): IpAddress {
    return ipv4FromWord(read32(this.buffer, this.at + 12));
  }
  get destination(): IpAddress {
    return ipv4FromWord(read32(this.buffer, this.at + 16));
  }
  get payloadAt(): number {
    return this.at + this.headerBytes;
  }
  get checksumIsValid(): boolean {
    return foldSum(sumBytes(this.buffer, this.at, this.headerBytes)) === 0xffff;
  }
}

export interface Ipv4Header {
  readonly trafficClass: number;
  readonly identification: number;
  readonly dontFragment: boolean;
  readonly moreFragments: boolean;
  /** In bytes, a multiple of 8. */
  readonly fragmentOffset: number;
  readonly timeToLive: number;
  readonly protocol: number;
  readonly source: IpAddress;
  readonly destination: IpAddress;
  /** Raw option bytes; emitted padded to a multiple of four. */
  readonly options: Uint8Array;
  readonly payloadBytes: number;
}

export function ipv4HeaderBytes(header: Ipv4Header): number {
  return IPV4_HEADER_BYTES + ((header.options.length + 3) & ~3);
}

export function parseIpv4Header(
  buffer: Uint8Array,
  at: number,
  end: number,
): Ipv4Header | undefined {
  const view = new Ipv4View();
  if (!view.over(buffer, at, end) || !view.checksumIsValid) return undefined;
  return {
    trafficClass: view.trafficClass,
    identification: view.identification,
    dontFragment: view.dontFragment,
    moreFragments: view.moreFragments,
    fragmentOffset: view.fragmentOffset,
    timeToLive: view.timeToLive,
    protocol: view.protocol,
    source: view.source,
    destination: view.destination,
    options: copyOf(buffer, at + IPV4_HEADER_BYTES, view.payloadAt),
    payloadBytes: view.end - view.payloadAt,
  };
}

export function emitIpv4(header: Ipv4Header, buffer: Uint8Array, at: number): void {
  const headerBytes = ipv4HeaderBytes(header);
  buffer[at] = 0x40 | (headerBytes >>> 2);
  buffer[at + 1] = header.trafficClass;
  write16(buffer, at + 2, headerBytes + header.payloadBytes);
  write16(buffer, at + 4, header.identification);
  const flags = (header.dontFragment ? 0x4000 : 0) | (header.moreFragments ? 0x2000 : 0);
  write16(buffer, at + 6, flags | (header.fragmentOffset >>> 3));
  buffer[at + 8] = header.timeToLive;
  buffer[at + 9] = header.protocol;
  write16(buffer, at + 10, 0);
  header.source.writeV4(buffer, at + 12);
  header.destination.writeV4(buffer, at + 16);
  for (let i = IPV4_HEADER_BYTES; i < headerBytes; i++) {
    const index = i - IPV4_HEADER_BYTES;
    buffer[at + i] = index < header.options.length ? header.options[index] : 0;
  }
  write16(buffer, at + 10, checksum(buffer, at, headerBytes));
}

/** The data path's emit: no options, no fragmentation, no object. */
export function writeIpv4Header(
  buffer: Uint8Array,
  at: number,
  source: IpAddress,
  destination: IpAddress,
  protocol: number,
  payloadBytes: number,
  trafficClass: number,
  timeToLive: number,
  identification: number,
  dontFragment: boolean,
): void {
  buffer[at] = 0x45;
  buffer[at + 1] = trafficClass;
  write16(buffer, at + 2, IPV4_HEADER_BYTES + payloadBytes);
  write16(buffer, at + 4, identification);
  buffer[at + 6] = dontFragment ? 0x40 : 0;
  buffer[at + 7] = 0;
  buffer[at + 8] = timeToLive;
  buffer[at + 9] = protocol;
  write16(buffer, at + 10, 0);
  source.writeV4(buffer, at + 12);
  destination.writeV4(buffer, at + 16);
  write16(buffer, at + 10, checksum(buffer, at, IPV4_HEADER_BYTES));
}

/** Sum of the pseudo header of either family (RFC 9293 3.1, RFC 8200 8.1). Not folded. */
export function pseudoHeaderSum(
  source: IpAddress,
  destination: IpAddress,
  protocol: number,
  payloadBytes: number,
): number {
  let sum = sumWord(source.w3) + sumWord(destination.w3) + protocol + sumWord(payloadBytes);
  if (!source.isV4) {
    sum += sumWord(source.w0) + sumWord(source.w1) + sumWord(source.w2);
    sum += sumWord(destination.w0) + sumWord(destination.w1) + sumWord(destination.w2);
  }
  return sum;
}
