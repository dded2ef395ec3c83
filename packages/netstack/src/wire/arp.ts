// ARP for IPv4 over Ethernet (RFC 826).

import { type IpAddress, ipv4FromWord } from './address.js';
import { read16, read32, write16 } from './bytes.js';
import { ETHERTYPE_IPV4, type MacAddress, readMac } from './ethernet.js';

export const ARP_BYTES = 28;
export const ARP_REQUEST = 1;
export const ARP_REPLY = 2;
const HARDWARE_ETHERNET = 1;

export interface ArpPacket {
  readonly operation: number;
  readonly senderMac: MacAddress;
  readonly senderAddress: IpAddress;
  readonly targetMac: MacAddress;
  readonly targetAddress: IpAddress;
}

/** Undefined for anything that is not ARP for IPv4 over Ethernet. */
export function parseArp(buffer: Uint8Array, at: number, end: number): ArpPacket | undefined {
  if (end - at < ARP_BYTES) return undefined;
  if (read16(buffer, at) !== HARDWARE_ETHERNET) return undefined;
  if (read16(buffer, at + 2) !== ETHERTYPE_IPV4) return undefined;
  if (buffer[at + 4] !== 6 || buffer[at + 5] !== 4) return undefined;
  return {
    operation: read16(buffer, at + 6),
    senderMac: readMac(buffer, at + 8),
    senderAddress: ipv4FromWord(read32(buffer, at + 14)),
    targetMac: readMac(buffer, at + 18),
    targetAddress: ipv4FromWord(read32(buffer, at + 24)),
  };
}

export function emitArp(packet: ArpPacket, buffer: Uint8Array, at: number): void {
  write16(buffer, at, HARDWARE_ETHERNET);
  write16(buffer, at + 2, ETHERTYPE_IPV4);
  buffer[at + 4] = 6;
  buffer[at + 5] = 4;
  write16(buffer, at + 6, packet.operation);
  packet.senderMac.write(buffer, at + 8);
  packet.senderAddress.writeV4(buffer, at + 14);
  packet.targetMac.write(buffer, at + 18);
  packet.targetAddress.writeV4(buffer, at + 24);
}
