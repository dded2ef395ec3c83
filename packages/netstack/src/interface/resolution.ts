// Address resolution on the wire: ARP requests and replies, neighbour solicitations and advertisements, and what the
// neighbour cache wants done. The cache holds the state; this file only speaks.

import type { Instant } from '../timers.js';
import {
  ALL_NODES_V6,
  ANY_V4,
  ANY_V6,
  type IpAddress,
  solicitedNodeGroup,
} from '../wire/address.js';
import {
  ARP_BYTES,
  ARP_REPLY,
  ARP_REQUEST,
  type ArpPacket,
  emitArp,
  parseArp,
} from '../wire/arp.js';
import { ETHERTYPE_ARP, MAC_BROADCAST, MAC_ZERO, type MacAddress } from '../wire/ethernet.js';
import { PROTOCOL_ICMPV6 } from '../wire/ipv4.js';
import {
  emitNdp,
  NDP_HOP_LIMIT,
  type NdpMessage,
  type NeighbourMessage,
  ndpBytes,
} from '../wire/ndp.js';
import type { InterfaceAddress, NetworkInterface } from './interface.js';
import type { IpOutput } from './ip-output.js';
import type { Neighbour, NeighbourActions } from './neighbours.js';
import type { IncomingPacket } from './packet.js';
import { groupMac } from './paths.js';

export class Resolution {
  readonly #output: IpOutput;
  readonly #instant: Instant;
  readonly #duplicate: (networkInterface: NetworkInterface, address: InterfaceAddress) => void;

  constructor(
    output: IpOutput,
    instant: Instant,
    duplicate: (networkInterface: NetworkInterface, address: InterfaceAddress) => void,
  ) {
    this.#output = output;
    this.#instant = instant;
    this.#duplicate = duplicate;
  }

  actionsFor(
    networkInterface: NetworkInterface,
    unreachable: (address: IpAddress) => void,
  ): NeighbourActions {
    return {
      solicit: (neighbour: Neighbour): void => this.#solicit(networkInterface, neighbour),
      deliver: (neighbour: Neighbour, packet: Uint8Array): void => {
        if (!this.#output.sendPacket(networkInterface, neighbour, packet, packet.length))
          networkInterface.counters.dropped += 1;
      },
      unreachable: (neighbour: Neighbour, _packet: Uint8Array, _now: number): void => {
        networkInterface.counters.dropped += 1;
        unreachable(neighbour.address);
      },
    };
  }

  #solicit(networkInterface: NetworkInterface, neighbour: Neighbour): void {
    const source = networkInterface.sourceFor(neighbour.address);
    if (source === undefined) return;
    const unicast = neighbour.mac.equals(MAC_ZERO) ? undefined : neighbour.mac;
    if (neighbour.address.isV4) {
      this.sendArp(
        networkInterface,
        ARP_REQUEST,
        source,
        MAC_ZERO,
        neighbour.address,
        unicast ?? MAC_BROADCAST,
      );
      return;
    }
    const message: NeighbourMessage = {
      kind: 'solicitation',
      target: neighbour.address,
      isRouter: false,
      solicited: false,
      override: false,
      mac: networkInterface.device.capabilities.mac,
    };
    const group = solicitedNodeGroup(neighbour.address);
    this.sendNdp(
      networkInterface,
      message,
      source,
      unicast === undefined ? group : neighbour.address,
      unicast ?? groupMac(group),
    );
  }

  sendArp(
    networkInterface: NetworkInterface,
    operation: number,
    senderAddress: IpAddress,
    targetMac: MacAddress,
    targetAddress: IpAddress,
    destination: MacAddress,
  ): void {
    const packet: ArpPacket = {
      operation,
      senderMac: networkInterface.device.capabilities.mac,
      senderAddress,
      targetMac,
      targetAddress,
    };
    this.#output.sendFrame(networkInterface, destination, ETHERTYPE_ARP, ARP_BYTES, (buffer, at) =>
      emitArp(packet, buffer, at),
    );
  }

  sendNdp(
    networkInterface: NetworkInterface,
    message: NdpMessage,
    source: IpAddress,
    destination: IpAddress,
    mac: MacAddress,
  ): void {
    const neighbour = networkInterface.neighbours?.permanent(destination, mac);
    const length = ndpBytes(message);
    const mtu = networkInterface.mtu;
    const opened = this.#output.openVia(
      networkInterface,
      neighbour,
      mtu,
      source,
      destination,
      PROTOCOL_ICMPV6,
      length,
      0,
      NDP_HOP_LIMIT,
      true,
      0,
    );
    if (opened !== 'open') return;
    emitNdp(message, this.#output.buffer, this.#output.payloadAt);
    this.#output.finishChecksum(2);
    this.#output.commit(0);
  }

  /** One probe for duplicates: the target is asked for from the unspecified address. */
  probe(networkInterface: NetworkInterface, own: InterfaceAddress): void {
    if (own.address.isV4) {
      this.sendArp(networkInterface, ARP_REQUEST, ANY_V4, MAC_ZERO, own.address, MAC_BROADCAST);
      return;
    }
    const group = solicitedNodeGroup(own.address);
    const message: NeighbourMessage = {
      kind: 'solicitation',
      target: own.address,
      isRouter: false,
      solicited: false,
      override: false,
      mac: undefined,
    };
    this.sendNdp(networkInterface, message, ANY_V6, group, groupMac(group));
  }

  arp(networkInterface: NetworkInterface, buffer: Uint8Array, at: number, end: number): void {
    const packet = parseArp(buffer, at, end);
    if (packet === undefined || packet.senderMac.isMulticast) return;
    const now = this.#instant.us;
    const conflict = networkInterface.find(packet.senderAddress);
    if (
      conflict !== undefined &&
      !packet.senderMac.equals(networkInterface.device.capabilities.mac)
    ) {
      this.#duplicate(networkInterface, conflict);
      return;
    }
    const own = networkInterface.find(packet.targetAddress);
    const forUs = own?.isUsable === true;
    if (!packet.senderAddress.isUnspecified) {
      const cache = networkInterface.neighbours;
      const entry = cache?.get(packet.senderAddress);
      if (packet.operation === ARP_REPLY && forUs && entry !== undefined && entry.solicitations > 0)
        cache?.confirm(entry, packet.senderMac, now);
      else cache?.learn(packet.senderAddress, packet.senderMac, forUs, now);
    }
    if (packet.operation === ARP_REQUEST && forUs)
      this.sendArp(
        networkInterface,
        ARP_REPLY,
        packet.targetAddress,
        packet.senderMac,
        packet.senderAddress,
        packet.senderMac,
      );
  }

  /** Preconditions: hop limit 255 and a good checksum. */
  neighbourMessage(
    networkInterface: NetworkInterface,
    packet: IncomingPacket,
    message: NeighbourMessage,
  ): void {
    if (message.target.isMulticast) return;
    const own = networkInterface.find(message.target);
    if (message.kind === 'advertisement') {
      if (own !== undefined) this.#duplicate(networkInterface, own);
      else this.#advertised(networkInterface, message);
      return;
    }
    if (own === undefined) return;
    const isProbe = packet.source.isUnspecified;
    if (own.state === 'tentative') {
      if (isProbe) this.#duplicate(networkInterface, own);
      return;
    }
    if (!own.isUsable) return;
    const now = this.#instant.us;
    if (!isProbe && message.mac !== undefined)
      networkInterface.neighbours?.learn(packet.source, message.mac, true, now);
    const answer: NeighbourMessage = {
      kind: 'advertisement',
      target: own.address,
      isRouter: false,
      solicited: !isProbe,
      override: true,
      mac: networkInterface.device.capabilities.mac,
    };
    if (isProbe) {
      this.sendNdp(networkInterface, answer, own.address, ALL_NODES_V6, groupMac(ALL_NODES_V6));
      return;
    }
    const to = packet.source.clone();
    const entry = networkInterface.neighbours?.lookup(to);
    if (networkInterface.linkHeaderBytes === 0)
      this.sendNdp(networkInterface, answer, own.address, to, MAC_ZERO);
    else if (entry?.isResolved === true)
      this.sendNdp(networkInterface, answer, own.address, to, entry.mac);
  }

  #advertised(networkInterface: NetworkInterface, message: NeighbourMessage): void {
    const cache = networkInterface.neighbours;
    const entry = cache?.get(message.target);
    if (cache === undefined || entry === undefined) return;
    entry.isRouter = message.isRouter;
    const now = this.#instant.us;
    const changed = message.mac !== undefined && !entry.mac.equals(message.mac);
    if (entry.isResolved && changed && !message.override) return;
    if (message.solicited) cache.confirm(entry, message.mac, now);
    else if (message.mac !== undefined) cache.learn(message.target, message.mac, false, now);
  }
}
