// UDP: sockets by port, longest match first. Received datagrams are copied into a bounded queue per socket.

import type { Random } from '../contract.js';
import { EVENT_READABLE, type EventQueue, EventSource, type NetError } from '../events.js';
import type { Icmp } from '../interface/icmp.js';
import type { NetworkInterface } from '../interface/interface.js';
import type { IpOutput } from '../interface/ip-output.js';
import type { IcmpError, IncomingPacket, PacketSink } from '../interface/packet.js';
import type { Path, Paths } from '../interface/paths.js';
import type { Limits } from '../limits.js';
import { ANY_V4, BROADCAST_V4, type IpAddress } from '../wire/address.js';
import { copyBytes, copyOf } from '../wire/bytes.js';
import { foldSum } from '../wire/checksum.js';
import { MAC_BROADCAST } from '../wire/ethernet.js';
import { PROTOCOL_UDP, pseudoHeaderSum } from '../wire/ipv4.js';
import { emitUdp, UDP_HEADER_BYTES, UdpView } from '../wire/udp.js';

const EPHEMERAL_FIRST = 32768;
const EPHEMERAL_COUNT = 28232;
/** What a queued datagram counts beside its bytes. */
const DATAGRAM_OVERHEAD_BYTES = 64;

export interface UdpDatagram {
  readonly source: IpAddress;
  readonly sourcePort: number;
  readonly destination: IpAddress;
  readonly data: Uint8Array;
  readonly hopLimit: number;
  readonly trafficClass: number;
}

export class UdpSocket extends EventSource {
  readonly #table: UdpTable;
  readonly #queue: UdpDatagram[] = [];
  #queuedBytes = 0;
  localAddress: IpAddress | undefined = undefined;
  localPort = 0;
  remoteAddress: IpAddress | undefined = undefined;
  remotePort = 0;
  /** Only packets of this interface; and broadcasts leave through it even without an address. */
  boundInterface: NetworkInterface | undefined = undefined;
  reuseAddress = false;
  broadcast = false;
  hopLimit = 64;
  multicastHopLimit = 1;
  trafficClass = 0;
  /** Refuse to fragment; `send` answers `too-big`. */
  dontFragment = false;
  receiveBytesMax: number;
  /** Datagrams lost because the queue was full. */
  dropped = 0;
  /** The last ICMP error of a connected socket; reading clears it. */
  pendingError: NetError | undefined = undefined;
  path: Path | undefined = undefined;
  closed = false;

  constructor(table: UdpTable, limits: Limits) {
    super();
    this.#table = table;
    this.receiveBytesMax = limits.udpReceiveBytesMax;
  }

  /** Port 0 picks one. */
  bind(address: IpAddress | undefined, port: number): NetError | undefined {
    return this.#table.bind(this, address, port);
  }

  /** Receives only from this peer and sends to it by default. */
  connect(address: IpAddress, port: number): NetError | undefined {
    return this.#table.connect(this, address, port);
  }

  /** Undefined: sent (or waiting for address resolution). Copies the data. */
  send(data: Uint8Array, address?: IpAddress, port?: number): NetError | undefined {
    return this.#table.send(this, data, address ?? this.remoteAddress, port ?? this.remotePort);
  }

  receive(): UdpDatagram | undefined {
    const datagram = this.#queue.shift();
    if (datagram !== undefined) this.#queuedBytes -= datagram.data.length + DATAGRAM_OVERHEAD_BYTES;
    return datagram;
  }

  /** The next datagram without taking it. */
  peek(): UdpDatagram | undefined {
    return this.#queue.length === 0 ? undefined : this.#queue[0];
  }

  get queuedDatagrams(): number {
    return this.#queue.length;
  }

  close(): void {
    this.#table.close(this);
    this.#queue.length = 0;
  }

  /** For the table. False: the queue is full. */
  enqueue(datagram: UdpDatagram): boolean {
    const bytes = datagram.data.length + DATAGRAM_OVERHEAD_BYTES;
    if (this.#queuedBytes + bytes > this.receiveBytesMax) {
      this.dropped += 1;
      return false;
    }
    this.#queue.push(datagram);
    this.#queuedBytes += bytes;
    return true;
  }
}

export class UdpTable implements PacketSink {
  readonly #paths: Paths;
  readonly #output: IpOutput;
  readonly #icmp: Icmp;
  readonly #events: EventQueue;
  readonly #random: Random;
  readonly #limits: Limits;
  readonly #byPort: Map<number, UdpSocket[]> = new Map<number, UdpSocket[]>();
  readonly #view: UdpView = new UdpView();
  checksumErrors = 0;

  constructor(
    paths: Paths,
    output: IpOutput,
    icmp: Icmp,
    events: EventQueue,
    random: Random,
    limits: Limits,
  ) {
    this.#paths = paths;
    this.#output = output;
    this.#icmp = icmp;
    this.#events = events;
    this.#random = random;
    this.#limits = limits;
  }

  create(): UdpSocket {
    return new UdpSocket(this, this.#limits);
  }

  get size(): number {
    let count = 0;
    for (const sockets of this.#byPort.values()) count += sockets.length;
    return count;
  }

  bind(socket: UdpSocket, address: IpAddress | undefined, port: number): NetError | undefined {
    if (socket.closed) return 'closed';
    if (socket.localPort !== 0 || port < 0 || port > 65535) return 'invalid';
    if (
      address !== undefined &&
      !address.isUnspecified &&
      !address.isMulticast &&
      !this.#isOwn(address)
    )
      return 'address-not-available';
    const chosen = port === 0 ? this.#freePort(address) : port;
    if (chosen === 0) return 'address-in-use';
    if (port !== 0 && this.#isTaken(socket, address, port)) return 'address-in-use';
    socket.localAddress = address;
    socket.localPort = chosen;
    const sockets = this.#byPort.get(chosen);
    if (sockets === undefined) this.#byPort.set(chosen, [socket]);
    else sockets.push(socket);
    return undefined;
  }

  connect(socket: UdpSocket, address: IpAddress, port: number): NetError | undefined {
    if (socket.closed) return 'closed';
    if (port <= 0 || port > 65535) return 'invalid';
    const path = this.#paths.lookup(address);
    if (path === undefined) return 'unreachable';
    if (socket.localPort === 0) {
      const failure = this.bind(socket, undefined, 0);
      if (failure !== undefined) return failure;
    }
    if (socket.localAddress === undefined || socket.localAddress.isUnspecified)
      socket.localAddress = path.source;
    socket.remoteAddress = address.clone();
    socket.remotePort = port;
    socket.path = path;
    return undefined;
  }

  send(
    socket: UdpSocket,
    data: Uint8Array,
    address: IpAddress | undefined,
    port: number,
  ): NetError | undefined {
    if (socket.closed) return 'closed';
    if (address === undefined) return 'not-connected';
    if (port <= 0 || port > 65535) return 'invalid';
    if (data.length > 65535 - UDP_HEADER_BYTES) return 'too-big';
    if (socket.localPort === 0) {
      const failure = this.bind(socket, undefined, 0);
      if (failure !== undefined) return failure;
    }
    const length = UDP_HEADER_BYTES + data.length;
    let opened: 'open' | 'busy' | 'too-big';
    if (socket.boundInterface !== undefined && address.isLimitedBroadcast) {
      opened = this.#openUnconfigured(socket.boundInterface, length);
    } else {
      const path = this.#pathFor(socket, address);
      if (path === undefined) return 'unreachable';
      if (path.isBroadcast && !socket.broadcast) return 'invalid';
      const bound = socket.localAddress;
      const source =
        bound === undefined || bound.isUnspecified || bound.isMulticast ? path.source : bound;
      const hops = address.isMulticast ? socket.multicastHopLimit : socket.hopLimit;
      opened = this.#output.open(
        path,
        source,
        PROTOCOL_UDP,
        length,
        socket.trafficClass,
        hops,
        socket.dontFragment,
      );
    }
    if (opened !== 'open') return opened;
    const { buffer, payloadAt } = this.#output;
    emitUdp(
      { sourcePort: socket.localPort, destinationPort: port, payloadBytes: data.length },
      buffer,
      payloadAt,
    );
    copyBytes(buffer, payloadAt + UDP_HEADER_BYTES, data, 0, data.length);
    this.#output.finishChecksum(6);
    this.#output.commit(UDP_HEADER_BYTES);
    return undefined;
  }

  close(socket: UdpSocket): void {
    if (socket.closed) return;
    socket.closed = true;
    const sockets = this.#byPort.get(socket.localPort);
    if (sockets === undefined) return;
    const place = sockets.indexOf(socket);
    if (place >= 0) sockets.splice(place, 1);
    if (sockets.length === 0) this.#byPort.delete(socket.localPort);
  }

  deliver(packet: IncomingPacket): boolean {
    const view = this.#view;
    if (!view.over(packet.buffer, packet.payloadAt, packet.end)) return true;
    if (!this.#checksumIsGood(packet, view)) {
      this.checksumErrors += 1;
      return true;
    }
    if (packet.isMulticast) {
      this.#toAll(packet, view);
      return true;
    }
    const socket = this.#match(packet, view);
    if (socket === undefined) {
      this.#icmp.portUnreachable(packet);
      return false;
    }
    this.#enqueue(socket, packet, view);
    return true;
  }

  error(error: IcmpError): void {
    const sockets = this.#byPort.get(error.sourcePort);
    if (sockets === undefined) return;
    if (error.kind === 'too-big') {
      this.#paths.learnMtu(error.destination, error.mtu);
      return;
    }
    for (const socket of sockets) {
      if (socket.remoteAddress === undefined || socket.remotePort !== error.destinationPort)
        continue;
      if (!socket.remoteAddress.equals(error.destination)) continue;
      socket.pendingError = error.kind === 'port-unreachable' ? 'refused' : 'unreachable';
      this.#events.post(socket, EVENT_READABLE);
    }
  }

  #pathFor(socket: UdpSocket, address: IpAddress): Path | undefined {
    const cached = socket.path;
    if (cached?.destination.equals(address)) {
      const path = this.#paths.refresh(cached);
      socket.path = path;
      return path;
    }
    const path = this.#paths.lookup(address);
    socket.path = path;
    return path;
  }

  /** A limited broadcast from an interface that has no address yet (DHCP). */
  #openUnconfigured(
    networkInterface: NetworkInterface,
    length: number,
  ): 'open' | 'busy' | 'too-big' {
    const source = networkInterface.sourceFor(BROADCAST_V4) ?? ANY_V4;
    const neighbour = networkInterface.neighbours?.permanent(BROADCAST_V4, MAC_BROADCAST);
    const mtu = networkInterface.mtu;
    return this.#output.openVia(
      networkInterface,
      neighbour,
      mtu,
      source,
      BROADCAST_V4,
      PROTOCOL_UDP,
      length,
      0,
      64,
      true,
      0,
    );
  }

  #isOwn(address: IpAddress): boolean {
    return address.isLoopback || this.#paths.ownerOf(address) !== undefined;
  }

  #isTaken(socket: UdpSocket, address: IpAddress | undefined, port: number): boolean {
    const sockets = this.#byPort.get(port);
    if (sockets === undefined) return false;
    for (const other of sockets) {
      if (socket.reuseAddress && other.reuseAddress) continue;
      if (other.boundInterface !== socket.boundInterface) continue;
      if (address === undefined || other.localAddress === undefined) return true;
      if (
        address.isUnspecified ||
        other.localAddress.isUnspecified ||
        address.equals(other.localAddress)
      )
        return true;
    }
    return false;
  }

  #freePort(_address: IpAddress | undefined): number {
    const start = (this.#random.word() >>> 1) % EPHEMERAL_COUNT;
    for (let i = 0; i < EPHEMERAL_COUNT; i++) {
      const port = EPHEMERAL_FIRST + ((start + i) % EPHEMERAL_COUNT);
      if (!this.#byPort.has(port)) return port;
    }
    return 0;
  }

  #checksumIsGood(packet: IncomingPacket, view: UdpView): boolean {
    if (packet.checksumIsKnownGood) return true;
    // Zero means none, which IPv6 forbids.
    if (view.checksum === 0) return packet.isV4;
    const length = view.end - view.at;
    const checksummer = packet.networkInterface?.checksummer;
    if (checksummer === undefined) return false;
    const sum =
      pseudoHeaderSum(packet.source, packet.destination, PROTOCOL_UDP, length) +
      checksummer.sum(packet.buffer, view.at, length);
    return foldSum(sum) === 0xffff;
  }

  #match(packet: IncomingPacket, view: UdpView): UdpSocket | undefined {
    const sockets = this.#byPort.get(view.destinationPort);
    if (sockets === undefined) return undefined;
    let best: UdpSocket | undefined;
    let bestScore = -1;
    for (const socket of sockets) {
      const score = this.#score(socket, packet, view);
      if (score > bestScore) {
        best = socket;
        bestScore = score;
      }
    }
    return best;
  }

  /** -1: does not match. */
  #score(socket: UdpSocket, packet: IncomingPacket, view: UdpView): number {
    let score = 0;
    if (socket.boundInterface !== undefined) {
      if (socket.boundInterface !== packet.networkInterface) return -1;
      score += 1;
    }
    const local = socket.localAddress;
    if (local !== undefined && !(local.isUnspecified && (!local.isV4 || packet.isV4))) {
      if (
        !local.equals(packet.destination) &&
        !(packet.isMulticast && !local.isMulticast && packet.isV4)
      )
        return -1;
      score += 2;
    }
    if (socket.remoteAddress !== undefined) {
      if (socket.remotePort !== view.sourcePort || !socket.remoteAddress.equals(packet.source))
        return -1;
      score += 4;
    }
    return score;
  }

  #toAll(packet: IncomingPacket, view: UdpView): void {
    const sockets = this.#byPort.get(view.destinationPort);
    if (sockets === undefined) return;
    for (const socket of sockets)
      if (this.#score(socket, packet, view) >= 0) this.#enqueue(socket, packet, view);
  }

  #enqueue(socket: UdpSocket, packet: IncomingPacket, view: UdpView): void {
    const queued = socket.enqueue({
      source: packet.source.clone(),
      sourcePort: view.sourcePort,
      destination: packet.destination.clone(),
      data: copyOf(packet.buffer, view.payloadAt, view.end),
      hopLimit: packet.hopLimit,
      trafficClass: packet.trafficClass,
    });
    if (queued) this.#events.post(socket, EVENT_READABLE);
  }
}
