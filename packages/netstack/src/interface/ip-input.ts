// From a frame to a transport: link header, IP header checks, is it for us, reassembly, extension headers, dispatch.

import type { Instant } from '../timers.js';
import { read32 } from '../wire/bytes.js';
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, EthernetView } from '../wire/ethernet.js';
import { ECN_CE, Ipv4View } from '../wire/ipv4.js';
import {
  ExtensionWalk,
  Ipv6View,
  NEXT_FRAGMENT,
  NEXT_NONE,
  parseFragmentHeader,
  walkExtensions,
  walkFrom,
} from '../wire/ipv6.js';
import type { NetworkInterface } from './interface.js';
import { IncomingPacket, type PacketSink } from './packet.js';
import type { Paths } from './paths.js';
import type { Datagram, Reassembly } from './reassembly.js';

export interface InputActions {
  arp(networkInterface: NetworkInterface, buffer: Uint8Array, at: number, end: number): void;
  /** Nobody took the packet. */
  protocolUnreachable(packet: IncomingPacket): void;
  parameterProblem(packet: IncomingPacket, code: number, pointer: number): void;
  /** Raw sockets see every packet. */
  tap(packet: IncomingPacket): boolean;
}

export class IpInput {
  readonly packet: IncomingPacket = new IncomingPacket();
  readonly #ethernet: EthernetView = new EthernetView();
  readonly #v4: Ipv4View = new Ipv4View();
  readonly #v6: Ipv6View = new Ipv6View();
  readonly #walk: ExtensionWalk = new ExtensionWalk();
  readonly #sinks: (PacketSink | undefined)[] = [];
  readonly #paths: Paths;
  readonly #reassembly: Reassembly;
  readonly #instant: Instant;
  readonly #actions: InputActions;

  constructor(paths: Paths, reassembly: Reassembly, instant: Instant, actions: InputActions) {
    this.#paths = paths;
    this.#reassembly = reassembly;
    this.#instant = instant;
    this.#actions = actions;
    for (let i = 0; i < 256; i++) this.#sinks.push(undefined);
  }

  register(protocol: number, sink: PacketSink): void {
    this.#sinks[protocol] = sink;
  }

  sink(protocol: number): PacketSink | undefined {
    return this.#sinks[protocol];
  }

  /** Takes one frame from an interface. Borrows the buffer. */
  frame(
    networkInterface: NetworkInterface,
    buffer: Uint8Array,
    at: number,
    end: number,
    checksumGood: boolean,
  ): void {
    networkInterface.counters.framesIn += 1;
    networkInterface.counters.bytesIn += end - at;
    const packet = this.packet;
    packet.networkInterface = networkInterface;
    packet.buffer = buffer;
    packet.checksumIsKnownGood =
      checksumGood || networkInterface.device.capabilities.checksumReceive;
    if (networkInterface.linkHeaderBytes === 0) {
      if (end <= at) return;
      const version = buffer[at] >>> 4;
      if (version === 4) this.#ipv4(networkInterface, at, end);
      else if (version === 6) this.#ipv6(networkInterface, at, end);
      return;
    }
    const view = this.#ethernet;
    if (!view.over(buffer, at, end)) return;
    const mac = networkInterface.device.capabilities.mac;
    const isGroup = (view.destinationHigh & 0x100) !== 0;
    if (!isGroup && (view.destinationLow !== mac.low || view.destinationHigh !== mac.high)) return;
    const type = view.etherType;
    if (type === ETHERTYPE_IPV4) this.#ipv4(networkInterface, view.payloadAt, end);
    else if (type === ETHERTYPE_IPV6) this.#ipv6(networkInterface, view.payloadAt, end);
    else if (type === ETHERTYPE_ARP)
      this.#actions.arp(networkInterface, buffer, view.payloadAt, end);
  }

  #ipv4(networkInterface: NetworkInterface, at: number, end: number): void {
    const packet = this.packet;
    const buffer = packet.buffer;
    const view = this.#v4;
    if (!view.over(buffer, at, end) || (!networkInterface.isLoopback && !view.checksumIsValid)) {
      networkInterface.counters.checksumErrors += 1;
      return;
    }
    packet.isV4 = true;
    packet.source.readV4(buffer, at + 12);
    packet.destination.readV4(buffer, at + 16);
    if (!this.#isForUs(networkInterface)) return;
    packet.packetAt = at;
    packet.payloadAt = view.payloadAt;
    packet.end = view.end;
    packet.protocol = view.protocol;
    packet.trafficClass = view.trafficClass;
    packet.hopLimit = view.timeToLive;
    if (!view.moreFragments && view.fragmentOffset === 0) {
      this.#dispatch();
      return;
    }
    packet.checksumIsKnownGood = false;
    const whole = this.#reassembly.feed(
      packet.source,
      packet.destination,
      view.identification,
      view.protocol,
      view.fragmentOffset,
      view.moreFragments,
      buffer,
      view.payloadAt,
      view.end - view.payloadAt,
      at,
      this.#instant.us,
    );
    if (whole !== undefined) this.#reassembled(whole);
  }

  #ipv6(networkInterface: NetworkInterface, at: number, end: number): void {
    const packet = this.packet;
    const buffer = packet.buffer;
    const view = this.#v6;
    if (!view.over(buffer, at, end)) return;
    packet.isV4 = false;
    packet.source.readV6(buffer, at + 8);
    packet.destination.readV6(buffer, at + 24);
    if (packet.source.isMulticast || packet.destination.isV4 || packet.source.isV4) return;
    if (!this.#isForUs(networkInterface)) return;
    packet.packetAt = at;
    packet.end = view.end;
    packet.trafficClass = view.trafficClass;
    packet.hopLimit = view.hopLimit;
    walkExtensions(view, this.#walk);
    this.#afterWalk();
  }

  #afterWalk(): void {
    const packet = this.packet;
    const walk = this.#walk;
    packet.payloadAt = walk.at;
    packet.protocol = walk.protocol;
    if (walk.problem === -2) return;
    if (walk.problem >= 0) {
      this.#actions.parameterProblem(packet, walk.problem, walk.problemAt);
      return;
    }
    if (walk.protocol === NEXT_NONE) return;
    if (walk.protocol !== NEXT_FRAGMENT) {
      this.#dispatch();
      return;
    }
    const header = parseFragmentHeader(packet.buffer, walk.at, packet.end);
    if (header === undefined) return;
    packet.checksumIsKnownGood = false;
    const start = walk.at + 8;
    if (header.fragmentOffset === 0 && !header.moreFragments) {
      // An atomic fragment stands alone (RFC 6946).
      walkFrom(packet.buffer, packet.packetAt, walk.at, start, packet.end, header.nextHeader, walk);
      if (walk.protocol !== NEXT_FRAGMENT) this.#afterWalk();
      return;
    }
    const whole = this.#reassembly.feed(
      packet.source,
      packet.destination,
      header.identification,
      header.nextHeader,
      header.fragmentOffset,
      header.moreFragments,
      packet.buffer,
      start,
      packet.end - start,
      packet.packetAt,
      this.#instant.us,
    );
    if (whole === undefined) return;
    packet.buffer = whole.bytes;
    packet.packetAt = 0;
    packet.end = whole.length;
    walkFrom(whole.bytes, 0, 0, 0, whole.length, whole.protocol, walk);
    if (walk.protocol !== NEXT_FRAGMENT) this.#afterWalk();
  }

  #reassembled(whole: Datagram): void {
    const packet = this.packet;
    packet.buffer = whole.bytes;
    packet.packetAt = 0;
    packet.payloadAt = 0;
    packet.end = whole.length;
    if (whole.congestion) packet.trafficClass |= ECN_CE;
    this.#dispatch();
  }

  /** Weak host model: any own address is accepted on any interface, loopback addresses only on loopback. */
  #isForUs(networkInterface: NetworkInterface): boolean {
    const packet = this.packet;
    const destination = packet.destination;
    packet.isMulticast = false;
    if (!networkInterface.isLoopback && (destination.isLoopback || packet.source.isLoopback))
      return false;
    if (packet.isV4 && (packet.source.isMulticast || packet.source.isLimitedBroadcast))
      return false;
    if (networkInterface.find(destination) !== undefined) return true;
    if (networkInterface.isLoopback && destination.isLoopback) return true;
    if (destination.isMulticast) {
      packet.isMulticast = true;
      return networkInterface.listensTo(destination);
    }
    if (networkInterface.isBroadcast(destination)) {
      packet.isMulticast = true;
      return true;
    }
    return this.#paths.ownerOf(destination) !== undefined;
  }

  #dispatch(): void {
    const packet = this.packet;
    const tapped = this.#actions.tap(packet);
    const sink = this.#sinks[packet.protocol];
    if (sink !== undefined) {
      sink.deliver(packet);
      return;
    }
    if (!tapped) this.#actions.protocolUnreachable(packet);
  }
}

/** The ports of a transport header, 0 when there are fewer than four bytes. */
export function portsWord(buffer: Uint8Array, at: number, end: number): number {
  return end - at < 4 ? 0 : read32(buffer, at);
}
