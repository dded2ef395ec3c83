// One TCP/IP stack: everything below is owned by it, nothing is global.
//
// Sans-IO: the owner calls `receive` for each frame and `poll` when a deadline passed or something was written; frames
// leave through the devices. Nothing here blocks, sleeps or reads a clock. Observers run at the end of both calls.
//
//   frame -> receive -> IpInput -> Tcp | UdpTable | Icmp | RawTable ... -> observers
//   write -> Connection -> poll -> transmit -> IpOutput -> LinkDevice

import { type BufferPool, HeapBufferPool, type LinkDevice, type Random } from './contract.js';
import { EventQueue } from './events.js';
import { Icmp } from './interface/icmp.js';
import { InterfaceAddress, NetworkInterface } from './interface/interface.js';
import { IpInput } from './interface/ip-input.js';
import { IpOutput } from './interface/ip-output.js';
import { LoopbackDevice } from './interface/loopback.js';
import { Membership } from './interface/membership.js';
import { NeighbourCache } from './interface/neighbours.js';
import type { IncomingPacket } from './interface/packet.js';
import { Paths } from './interface/paths.js';
import { type Datagram, Reassembly } from './interface/reassembly.js';
import { Resolution } from './interface/resolution.js';
import { RouteTable } from './interface/routes.js';
import { Slaac } from './interface/slaac.js';
import { DEFAULT_LIMITS, type Limits } from './limits.js';
import { type RawSocket, RawTable } from './raw/raw.js';
import type { CongestionName } from './tcp/environment.js';
import { type ConnectResult, type ListenResult, Tcp } from './tcp/tcp.js';
import { Instant, NEVER, TimerQueue } from './timers.js';
import { type UdpSocket, UdpTable } from './udp/udp.js';
import {
  ANY_V4,
  ANY_V6,
  type IpAddress,
  type IpPrefix,
  LOOPBACK_V4,
  LOOPBACK_V6,
} from './wire/address.js';
import {
  ICMPV4_PARAMETER_PROBLEM,
  ICMPV6_MLD_QUERY,
  ICMPV6_NEIGHBOUR_ADVERTISEMENT,
  ICMPV6_NEIGHBOUR_SOLICITATION,
  ICMPV6_PARAMETER_PROBLEM,
  ICMPV6_ROUTER_ADVERTISEMENT,
} from './wire/icmp.js';
import {
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  PROTOCOL_IGMP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from './wire/ipv4.js';
import { NDP_HOP_LIMIT, parseNdp } from './wire/ndp.js';

/** Rounds of one poll: what loopback and observers cause is served in the same call, up to this many times. */
const ROUNDS_MAX = 1000;

export interface StackOptions {
  readonly random: Random;
  readonly limits?: Partial<Limits>;
  readonly bufferPool?: BufferPool;
  readonly congestion?: CongestionName;
  /** Offer and accept explicit congestion notification. */
  readonly ecn?: boolean;
  readonly slowStartAfterIdle?: boolean;
  readonly timestamps?: boolean;
  readonly selectiveAck?: boolean;
  readonly windowScaling?: boolean;
}

export interface InterfaceOptions {
  readonly name?: string;
  readonly addresses?: readonly IpPrefix[];
  readonly gateway?: IpAddress;
  readonly gatewayV6?: IpAddress;
  /** Link-local address, duplicate detection, router discovery. Default: true on Ethernet. */
  readonly ipv6?: boolean;
  /** Probes for duplicates before an IPv6 address is used; default 1. */
  readonly duplicateProbes?: number;
}

export class Stack {
  readonly instant: Instant = new Instant();
  readonly limits: Limits;
  readonly random: Random;
  readonly timers: TimerQueue = new TimerQueue();
  readonly events: EventQueue = new EventQueue();
  readonly routes: RouteTable = new RouteTable();
  readonly interfaces: NetworkInterface[] = [];
  readonly paths: Paths;
  readonly output: IpOutput;
  readonly input: IpInput;
  readonly reassembly: Reassembly;
  readonly resolution: Resolution;
  readonly icmp: Icmp;
  readonly membership: Membership;
  readonly udp: UdpTable;
  readonly tcp: Tcp;
  readonly raw: RawTable;
  readonly #slaac: Map<NetworkInterface, Slaac> = new Map<NetworkInterface, Slaac>();
  readonly #loopback: LoopbackDevice = new LoopbackDevice();
  readonly #loopbackInterface: NetworkInterface;
  /** Called when an interface gained or lost an address. */
  onAddressChange: ((networkInterface: NetworkInterface) => void) | undefined = undefined;

  constructor(options: StackOptions) {
    this.random = options.random;
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.paths = new Paths(this.routes, this.interfaces, this.limits, this.random, this.instant);
    this.output = new IpOutput(this.instant, this.random);
    this.reassembly = new Reassembly(this.limits, this.timers, (datagram) =>
      this.#reassemblyExpired(datagram),
    );
    this.input = new IpInput(this.paths, this.reassembly, this.instant, {
      arp: (networkInterface, buffer, at, end): void =>
        this.resolution.arp(networkInterface, buffer, at, end),
      protocolUnreachable: (packet): void => this.icmp.protocolUnreachable(packet),
      parameterProblem: (packet, code, pointer): void =>
        this.icmp.sendError(
          packet,
          packet.isV4 ? ICMPV4_PARAMETER_PROBLEM : ICMPV6_PARAMETER_PROBLEM,
          code,
          pointer,
        ),
      tap: (packet): boolean => this.raw.tap(packet),
    });
    this.resolution = new Resolution(this.output, this.instant, (networkInterface, own) =>
      this.#slaac.get(networkInterface)?.markDuplicate(own),
    );
    this.icmp = new Icmp(this.paths, this.output, this.input, this.instant, this.limits, {
      message: (packet, type): boolean => this.#icmpv6Message(packet, type),
    });
    this.membership = new Membership(this.output, this.timers, this.random);
    this.udp = new UdpTable(
      this.paths,
      this.output,
      this.icmp,
      this.events,
      this.random,
      this.limits,
    );
    this.raw = new RawTable(this.paths, this.output, this.events, this.limits);
    const pool = options.bufferPool ?? new HeapBufferPool();
    this.tcp = new Tcp(
      this.instant,
      this.timers,
      this.output,
      this.paths,
      this.events,
      this.limits,
      this.random,
      pool,
    );
    this.tcp.environment.congestion = options.congestion ?? 'cubic';
    this.tcp.environment.ecn = options.ecn ?? false;
    this.tcp.environment.slowStartAfterIdle = options.slowStartAfterIdle ?? true;
    this.tcp.environment.timestamps = options.timestamps ?? true;
    this.tcp.environment.selectiveAck = options.selectiveAck ?? true;
    this.tcp.environment.windowScaling = options.windowScaling ?? true;
    this.input.register(PROTOCOL_ICMP, this.icmp);
    this.input.register(PROTOCOL_ICMPV6, this.icmp);
    this.input.register(PROTOCOL_IGMP, this.membership);
    this.input.register(PROTOCOL_UDP, this.udp);
    this.input.register(PROTOCOL_TCP, this.tcp);
    this.#loopbackInterface = new NetworkInterface(0, 'lo', this.#loopback, true);
    this.#loopbackInterface.addresses.push(
      new InterfaceAddress(LOOPBACK_V4, 8, 'preferred', NEVER, NEVER),
    );
    this.#loopbackInterface.addresses.push(
      new InterfaceAddress(LOOPBACK_V6, 128, 'preferred', NEVER, NEVER),
    );
    this.interfaces.push(this.#loopbackInterface);
  }

  /** Attaches a device. Addresses get their on-link routes, gateways their default routes. */
  addInterface(device: LinkDevice, options: InterfaceOptions = {}): NetworkInterface {
    const index = this.interfaces.length;
    const networkInterface = new NetworkInterface(
      index,
      options.name ?? `eth${index - 1}`,
      device,
      false,
    );
    this.interfaces.push(networkInterface);
    const isEthernet = networkInterface.linkHeaderBytes > 0;
    if (isEthernet) {
      const actions = this.resolution.actionsFor(networkInterface, (address) =>
        this.#unreachable(address),
      );
      networkInterface.neighbours = new NeighbourCache(
        this.timers,
        this.limits,
        this.random,
        actions,
      );
    }
    const slaac = new Slaac(
      networkInterface,
      this.routes,
      this.paths,
      this.resolution,
      this.timers,
      this.instant,
      options.duplicateProbes ?? 1,
      { addressChanged: (changed): void => this.onAddressChange?.(changed) },
    );
    this.#slaac.set(networkInterface, slaac);
    for (const prefix of options.addresses ?? []) this.addAddress(networkInterface, prefix);
    if (options.gateway !== undefined) this.addDefaultRoute(networkInterface, options.gateway);
    if (options.gatewayV6 !== undefined) this.addDefaultRoute(networkInterface, options.gatewayV6);
    if (options.ipv6 ?? isEthernet) slaac.start();
    return networkInterface;
  }

  addAddress(networkInterface: NetworkInterface, prefix: IpPrefix): void {
    this.#slaac.get(networkInterface)?.addAddress(prefix.address, prefix.bits, NEVER, NEVER);
    if (prefix.bits < (prefix.address.isV4 ? 32 : 128))
      this.routes.add({ prefix, networkInterface, gateway: undefined, metric: 0 });
  }

  removeAddress(networkInterface: NetworkInterface, prefix: IpPrefix): void {
    this.#slaac.get(networkInterface)?.removeAddress(prefix.address);
    this.routes.remove({ prefix, networkInterface, gateway: undefined, metric: 0 });
  }

  addDefaultRoute(networkInterface: NetworkInterface, gateway: IpAddress): void {
    const prefix = { address: gateway.isV4 ? ANY_V4 : ANY_V6, bits: 0 };
    this.routes.add({ prefix, networkInterface, gateway, metric: 0 });
  }

  /** DNS servers that routers advertised. */
  advertisedDnsServers(networkInterface: NetworkInterface): readonly IpAddress[] {
    return this.#slaac.get(networkInterface)?.dnsServers ?? [];
  }

  /** Takes one frame. Borrows `buffer` for the call. Answers that can wait leave with the next `poll`. */
  receive(
    networkInterface: NetworkInterface,
    buffer: Uint8Array,
    now: number,
    at = 0,
    end: number = buffer.length,
    checksumGood = false,
  ): void {
    this.advance(now);
    this.input.frame(networkInterface, buffer, at, end, checksumGood);
  }

  /** Runs timers, sends what may be sent, tells observers. Returns the next deadline, NEVER when there is none. */
  poll(now: number): number {
    this.advance(now);
    this.timers.runDue(this.instant.us);
    for (let round = 0; round < ROUNDS_MAX; round++) {
      this.tcp.flushDirty();
      const looped = this.#drainLoopback();
      if (!this.events.isEmpty) this.events.dispatch();
      else if (!looped) break;
    }
    return this.timers.next;
  }

  tcpConnect(
    remote: IpAddress,
    port: number,
    localAddress?: IpAddress,
    localPort = 0,
  ): ConnectResult {
    return this.tcp.connect(remote, port, localAddress, localPort);
  }

  /** `address` undefined: both families, every address. */
  tcpListen(address: IpAddress | undefined, port: number, backlog = 128): ListenResult {
    return this.tcp.listen(address, port, backlog);
  }

  udpSocket(): UdpSocket {
    return this.udp.create();
  }

  rawSocket(protocol: number, isV4: boolean): RawSocket {
    return this.raw.create(protocol, isV4);
  }

  joinGroup(networkInterface: NetworkInterface, group: IpAddress): void {
    this.membership.join(networkInterface, group);
  }

  leaveGroup(networkInterface: NetworkInterface, group: IpAddress): void {
    this.membership.leave(networkInterface, group);
  }

  /** Tells the time before API calls that start timers, when no `receive` or `poll` just did. It never runs backwards. */
  advance(now: number): void {
    if (now > this.instant.us) this.instant.us = now;
  }

  #drainLoopback(): boolean {
    const loopback = this.#loopback;
    let any = false;
    while (loopback.hasFrame) {
      any = true;
      this.input.frame(this.#loopbackInterface, loopback.frame, 0, loopback.frameBytes, true);
      loopback.drop();
    }
    return any;
  }

  #icmpv6Message(packet: IncomingPacket, type: number): boolean {
    if (type === ICMPV6_MLD_QUERY) {
      if (packet.hopLimit === 1) this.membership.mld(packet);
      return true;
    }
    // Neighbour discovery never crosses a router (RFC 4861 6.1, 7.1).
    if (packet.hopLimit !== NDP_HOP_LIMIT || packet.buffer[packet.payloadAt + 1] !== 0)
      return false;
    const networkInterface = packet.networkInterface;
    if (networkInterface === undefined) return false;
    const message = parseNdp(packet.buffer, packet.payloadAt, packet.end);
    if (message === undefined) return false;
    if (type === ICMPV6_NEIGHBOUR_SOLICITATION || type === ICMPV6_NEIGHBOUR_ADVERTISEMENT) {
      if (message.kind === 'solicitation' || message.kind === 'advertisement')
        this.resolution.neighbourMessage(networkInterface, packet, message);
    } else if (type === ICMPV6_ROUTER_ADVERTISEMENT && packet.source.isLinkLocal) {
      if (message.kind === 'router-advertisement')
        this.#slaac.get(networkInterface)?.advertisement(packet, message);
    }
    return true;
  }

  /** Address resolution failed: connections that are opening give up at once. */
  #unreachable(address: IpAddress): void {
    for (const connection of this.tcp.connections)
      if (connection.path.nextHop.equals(address)) connection.softError = 'unreachable';
  }

  #reassemblyExpired(datagram: Datagram): void {
    if (datagram.head.length === 0) return;
    const packet = this.input.packet;
    packet.buffer = datagram.head;
    packet.packetAt = 0;
    packet.isV4 = datagram.source.isV4;
    packet.payloadAt = packet.isV4 ? 20 : 40;
    packet.end = datagram.head.length;
    packet.protocol = datagram.protocol;
    packet.isMulticast = datagram.destination.isMulticast;
    packet.source.copyFrom(datagram.source);
    packet.destination.copyFrom(datagram.destination);
    if (packet.end >= packet.payloadAt) this.icmp.sendError(packet, packet.isV4 ? 11 : 3, 1, 0);
  }
}
