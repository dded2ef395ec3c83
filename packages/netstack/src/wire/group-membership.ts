// IGMPv2 (RFC 2236) messages and MLDv1 (RFC 2710) bodies: how a host tells routers which groups it listens to.
// IGMPv3 and MLDv2 queries are recognised by their length and answered in the older form, which routers must accept.

import { IpAddress, ipv4FromWord } from './address.js';
import { read16, read32, write16, write32 } from './bytes.js';
import { checksum } from './checksum.js';

export const IGMP_BYTES = 8;
export const IGMP_QUERY = 0x11;
export const IGMP_REPORT_V1 = 0x12;
export const IGMP_REPORT_V2 = 0x16;
export const IGMP_LEAVE = 0x17;
export const IGMP_REPORT_V3 = 0x22;
export const MLD_BYTES = 24;

export interface IgmpMessage {
  readonly type: number;
  /** In tenths of a second. */
  readonly responseDelay: number;
  readonly group: IpAddress;
}

/** Undefined when too short or with a wrong checksum. */
export function parseIgmp(buffer: Uint8Array, at: number, end: number): IgmpMessage | undefined {
  if (end - at < IGMP_BYTES || checksum(buffer, at, end - at) !== 0) return undefined;
  return {
    type: buffer[at],
    responseDelay: buffer[at + 1],
    group: ipv4FromWord(read32(buffer, at + 4)),
  };
}

export function emitIgmp(message: IgmpMessage, buffer: Uint8Array, at: number): void {
  buffer[at] = message.type;
  buffer[at + 1] = message.responseDelay;
  write16(buffer, at + 2, 0);
  message.group.writeV4(buffer, at + 4);
  write16(buffer, at + 2, checksum(buffer, at, IGMP_BYTES));
}

export interface MldMessage {
  /** ICMPv6 type: query, report or done. */
  readonly type: number;
  readonly responseDelayMs: number;
  readonly group: IpAddress;
}

export function parseMld(buffer: Uint8Array, at: number, end: number): MldMessage | undefined {
  if (end - at < MLD_BYTES) return undefined;
  const group = new IpAddress(0, 0, 0, 0);
  group.readV6(buffer, at + 8);
  return { type: buffer[at], responseDelayMs: read16(buffer, at + 4), group };
}

/** Writes the ICMPv6 message with a checksum of zero. */
export function emitMld(message: MldMessage, buffer: Uint8Array, at: number): void {
  write32(buffer, at, message.type << 24);
  write16(buffer, at + 4, message.responseDelayMs);
  write16(buffer, at + 6, 0);
  message.group.writeV6(buffer, at + 8);
}
