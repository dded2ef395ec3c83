// A received IP packet on its way to a transport, and who takes it there. One object per stack, reused.

import { IpAddress } from '../wire/address.js';
import type { NetworkInterface } from './interface.js';

export class IncomingPacket {
  buffer: Uint8Array = new Uint8Array(0);
  /** Start of the IP header; after reassembly the header of the first fragment is not kept and this is `payloadAt`. */
  packetAt = 0;
  payloadAt = 0;
  end = 0;
  protocol = 0;
  trafficClass = 0;
  hopLimit = 0;
  /** Scratch: clone to keep. */
  readonly source: IpAddress = new IpAddress(0, 0, 0, 0);
  readonly destination: IpAddress = new IpAddress(0, 0, 0, 0);
  isV4 = true;
  /** To a group or broadcast address: never answered with an error. */
  isMulticast = false;
  /** The device verified the transport checksum. */
  checksumIsKnownGood = false;
  networkInterface: NetworkInterface | undefined = undefined;
}

export type IcmpErrorKind =
  | 'unreachable'
  | 'port-unreachable'
  | 'protocol-unreachable'
  | 'too-big'
  | 'time-exceeded'
  | 'other';

/** An ICMP error about a packet of ours. Reused; clone the addresses to keep them. */
export class IcmpError {
  kind: IcmpErrorKind = 'other';
  /** Of `too-big`. */
  mtu = 0;
  readonly source: IpAddress = new IpAddress(0, 0, 0, 0);
  readonly destination: IpAddress = new IpAddress(0, 0, 0, 0);
  sourcePort = 0;
  destinationPort = 0;
  /** The first word behind the ports: TCP's sequence number. */
  sequence = 0;
}

export interface PacketSink {
  /** Borrows the packet. False: nobody wanted it. */
  deliver(packet: IncomingPacket): boolean;
  error(error: IcmpError): void;
}
