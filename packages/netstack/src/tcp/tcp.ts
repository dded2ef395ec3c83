// TCP of one stack: finds the connection or listener of each segment, opens connections, answers strays with resets.

import type { BufferPool, Random } from '../contract.js';
import type { EventQueue, NetError } from '../events.js';
import type { IpOutput } from '../interface/ip-output.js';
import type { IcmpError, IncomingPacket, PacketSink } from '../interface/packet.js';
import type { Path, Paths } from '../interface/paths.js';
import type { Limits } from '../limits.js';
import type { Instant, TimerQueue } from '../timers.js';
import type { IpAddress } from '../wire/address.js';
import { foldSum } from '../wire/checksum.js';
import { PROTOCOL_TCP, pseudoHeaderSum } from '../wire/ipv4.js';
import {
  TCP_ACK,
  TCP_CWR,
  TCP_ECE,
  TCP_FIN,
  TCP_HEADER_BYTES,
  TCP_RST,
  TCP_SYN,
  writeTcpHeader,
} from '../wire/tcp.js';
import { Connection } from './connection.js';

import { TcpEnvironment } from './environment.js';
import { TcpListener } from './listener.js';
import type { Segment } from './segment.js';
import { negotiate, segmentArrives } from './segment-arrives.js';
import { isAfter, isBefore, sequenceAdd } from './sequence.js';
import { isOpening, TcpState } from './state.js';
import { SynCookies } from './syn-cookie.js';
import { closeConnection, reschedule } from './timeouts.js';
import { flush } from './transmit.js';

const EPHEMERAL_FIRST = 32768;
const EPHEMERAL_COUNT = 28232;
/** Cookies are believed this long after the last one was sent. */
const COOKIE_ACCEPT_US = 128_000_000;

export type ConnectResult =
  | { readonly connection: Connection; readonly error?: undefined }
  | { readonly connection?: undefined; readonly error: NetError };
export type ListenResult =
  | { readonly listener: TcpListener; readonly error?: undefined }
  | { readonly listener?: undefined; readonly error: NetError };

export class Tcp implements PacketSink {
  readonly environment: TcpEnvironment;
  readonly #paths: Paths;
  readonly #instant: Instant;
  readonly #listeners: Map<number, TcpListener[]> = new Map<number, TcpListener[]>();
  readonly #cookies: SynCookies;
  #lastCookieAt = -COOKIE_ACCEPT_US;

  constructor(
    instant: Instant,
    timers: TimerQueue,
    output: IpOutput,
    paths: Paths,
    events: EventQueue,
    limits: Limits,
    random: Random,
    pool: BufferPool,
  ) {
    this.environment = new TcpEnvironment(
      instant,
      timers,
      output,
      paths,
      events,
      limits,
      random,
      pool,
    );
    this.#paths = paths;
    this.#instant = instant;
    this.#cookies = new SynCookies(random);
  }

  /** Starts connecting; the outcome is an event. `localPort` 0 picks one. */
  connect(
    remote: IpAddress,
    remotePort: number,
    localAddress: IpAddress | undefined,
    localPort: number,
  ): ConnectResult {
    if (remotePort <= 0 || remotePort > 65535 || remote.isMulticast || remote.isUnspecified)
      return { error: 'invalid' };
    const path = this.#paths.lookup(remote);
    if (path === undefined) return { error: 'unreachable' };
    if (path.isBroadcast) return { error: 'invalid' };
    const local =
      localAddress === undefined || localAddress.isUnspecified ? path.source : localAddress;
    if (!local.isLoopback && this.#paths.ownerOf(local) === undefined)
      return { error: 'address-not-available' };
    if (this.environment.table.size >= this.environment.limits.tcpConnectionsMax)
      return { error: 'no-memory' };
    const port = localPort === 0 ? this.#freePort(local, remote, remotePort) : localPort;
    if (port === 0 || !this.#tupleIsFree(local, port, remote, remotePort))
      return { error: 'address-in-use' };
    const connection = this.#create(local.clone(), port, remote.clone(), remotePort, path);
    connection.state = TcpState.SynSent;
    connection.synPending = true;
    connection.updateSegmentBytes();
    this.environment.table.add(connection);
    this.environment.markDirty(connection);
    return { connection };
  }

  listen(address: IpAddress | undefined, port: number, backlog: number): ListenResult {
    if (port < 0 || port > 65535 || backlog < 1) return { error: 'invalid' };
    if (
      address !== undefined &&
      !address.isUnspecified &&
      !address.isLoopback &&
      this.#paths.ownerOf(address) === undefined
    )
      return { error: 'address-not-available' };
    const chosen = port === 0 ? this.#freeListenPort() : port;
    const others = this.#listeners.get(chosen);
    if (others?.some((other) => overlap(other.address, address)))
      return { error: 'address-in-use' };
    const listener = new TcpListener(this, address?.clone(), chosen, backlog);
    if (others === undefined) this.#listeners.set(chosen, [listener]);
    else others.push(listener);
    return { listener };
  }

  removeListener(listener: TcpListener): void {
    const others = this.#listeners.get(listener.port);
    if (others === undefined) return;
    const kept = others.filter((other) => other !== listener);
    if (kept.length === 0) this.#listeners.delete(listener.port);
    else this.#listeners.set(listener.port, kept);
  }

  get connections(): Connection[] {
    return this.environment.table.all();
  }

  /** Sends what connections owe or may send. */
  flushDirty(): void {
    const environment = this.environment;
    const batch = environment.dirty;
    environment.dirty = environment.spare;
    for (const connection of batch) {
      connection.isDirty = false;
      flush(connection);
    }
    batch.length = 0;
    environment.spare = batch;
  }

  get hasDirty(): boolean {
    return this.environment.dirty.length > 0;
  }

  deliver(packet: IncomingPacket): boolean {
    const environment = this.environment;
    environment.counters.segmentsIn += 1;
    if (packet.isMulticast) return true;
    const segment = environment.segment;
    if (!segment.read(packet)) return true;
    if (!packet.checksumIsKnownGood && !this.#checksumIsGood(packet)) {
      environment.counters.checksumErrors += 1;
      return true;
    }
    const now = this.#instant.us;
    const connection = environment.table.lookup(
      packet.destination,
      segment.destinationPort,
      packet.source,
      segment.sourcePort,
    );
    if (connection === undefined) {
      this.#toListener(packet, segment, now);
      return true;
    }
    if (connection.state === TcpState.TimeWait && this.#startsAnew(connection, segment)) {
      closeConnection(connection, undefined);
      this.#toListener(packet, segment, now);
      return true;
    }
    if (segmentArrives(connection, segment, now) === 'reset') this.#reset(packet, segment);
    return true;
  }

  error(error: IcmpError): void {
    const connection = this.environment.table.lookup(
      error.source,
      error.sourcePort,
      error.destination,
      error.destinationPort,
    );
    if (connection === undefined) return;
    // Only believe a quotation that lies in what is in flight (RFC 5927 4.1).
    if (isBefore(error.sequence, connection.una) || isAfter(error.sequence, connection.nxt)) return;
    if (error.kind === 'too-big') {
      this.#pathShrank(connection, error.mtu);
      return;
    }
    const refused = error.kind === 'port-unreachable' || error.kind === 'protocol-unreachable';
    if (isOpening(connection.state) && refused) closeConnection(connection, 'refused');
    else if (error.kind !== 'other') connection.softError = 'unreachable';
  }

  /** Path MTU discovery (RFC 1191, RFC 8201): smaller segments from now on, and what is in flight again at once. */
  #pathShrank(connection: Connection, mtu: number): void {
    if (!this.#paths.learnMtu(connection.remoteAddress, mtu)) return;
    const before = connection.segmentBytes;
    connection.updateSegmentBytes();
    if (connection.segmentBytes >= before || connection.board.count === 0) return;
    connection.board.markAllLost();
    connection.forceRetransmit = true;
    this.environment.markDirty(connection);
  }

  #create(
    local: IpAddress,
    localPort: number,
    remote: IpAddress,
    remotePort: number,
    path: Path,
  ): Connection {
    const connection = new Connection(this.environment, local, localPort, remote, remotePort, path);
    const chooser = this.environment.initialSequence;
    chooser.choose(local, localPort, remote, remotePort, this.#instant.us);
    connection.initialSend = chooser.sequence;
    connection.una = chooser.sequence;
    connection.nxt = chooser.sequence;
    connection.timestampOffset = chooser.timestampOffset;
    return connection;
  }

  #checksumIsGood(packet: IncomingPacket): boolean {
    const length = packet.end - packet.payloadAt;
    const checksummer = packet.networkInterface?.checksummer;
    if (checksummer === undefined) return false;
    const pseudo = pseudoHeaderSum(packet.source, packet.destination, PROTOCOL_TCP, length);
    return foldSum(pseudo + checksummer.sum(packet.buffer, packet.payloadAt, length)) === 0xffff;
  }

  /** A SYN that may reuse a tuple in TIME-WAIT (RFC 9293 3.10.7.4, RFC 6191). */
  #startsAnew(connection: Connection, segment: Segment): boolean {
    if ((segment.flags & (TCP_SYN | TCP_ACK | TCP_RST)) !== TCP_SYN) return false;
    if (connection.timestamps && segment.options.hasTimestamp) {
      if (isAfter(segment.options.timestampValue, connection.timestampRecent)) return true;
    }
    return isAfter(segment.sequence, connection.receiveNext);
  }

  #match(address: IpAddress, port: number): TcpListener | undefined {
    const listeners = this.#listeners.get(port);
    if (listeners === undefined) return undefined;
    let best: TcpListener | undefined;
    let bestScore = -1;
    for (const listener of listeners) {
      const score = listener.score(address);
      if (score > bestScore) {
        best = listener;
        bestScore = score;
      }
    }
    return best;
  }

  /** RFC 9293 3.10.7.1 and 3.10.7.2. */
  #toListener(packet: IncomingPacket, segment: Segment, now: number): void {
    if ((segment.flags & TCP_RST) !== 0) return;
    const listener = this.#match(packet.destination, segment.destinationPort);
    if (listener === undefined) {
      this.#reset(packet, segment);
      return;
    }
    if ((segment.flags & TCP_ACK) !== 0) {
      if ((segment.flags & TCP_SYN) !== 0 || !this.#fromCookie(listener, packet, segment, now))
        this.#reset(packet, segment);
      return;
    }
    if ((segment.flags & TCP_SYN) === 0 || (segment.flags & TCP_FIN) !== 0) return;
    if (listener.isFull) {
      this.environment.counters.listenDrops += 1;
      return;
    }
    if (
      listener.halfOpen >= this.environment.limits.tcpHalfOpenMax ||
      this.environment.table.size >= this.environment.limits.tcpConnectionsMax
    ) {
      this.#answerWithCookie(packet, segment, now);
      return;
    }
    this.#answer(listener, packet, segment, now);
  }

  #answer(listener: TcpListener, packet: IncomingPacket, segment: Segment, now: number): void {
    const path = this.#paths.lookup(packet.source);
    if (path === undefined) return;
    const connection = this.#create(
      packet.destination.clone(),
      segment.destinationPort,
      packet.source.clone(),
      segment.sourcePort,
      path,
    );
    connection.state = TcpState.SynReceived;
    negotiate(connection, segment, now);
    connection.lastReceivedAt = now;
    connection.ecn =
      this.environment.ecn && (segment.flags & (TCP_ECE | TCP_CWR)) === (TCP_ECE | TCP_CWR);
    connection.synPending = true;
    this.environment.table.add(connection);
    listener.opened(connection);
    if (listener.fastOpen && segment.options.fastOpenBytes >= 0)
      this.#fastOpen(listener, connection, segment);
    this.environment.markDirty(connection);
  }

  /** RFC 7413 4.2: the right cookie lets the data of the SYN in, any other gets the right one. */
  #fastOpen(listener: TcpListener, connection: Connection, segment: Segment): void {
    const fastOpen = this.environment.fastOpen;
    connection.fastOpenExperimental = segment.options.fastOpenExperimental;
    if (!fastOpen.isValid(connection.remoteAddress, connection.localAddress, segment.options)) {
      connection.fastOpenCookie = fastOpen.cookieFor(
        connection.remoteAddress,
        connection.localAddress,
      );
      return;
    }
    if (segment.payloadBytes > 0) {
      const { receiveNext, receive } = connection;
      const taken = receive.insert(
        receiveNext,
        receiveNext,
        segment.buffer,
        segment.payloadAt,
        segment.payloadBytes,
      );
      if (taken > 0) connection.receiveNext = sequenceAdd(receiveNext, taken);
      connection.lastAckSent = connection.receiveNext;
      connection.advertisedEdge = connection.receiveNext;
    }
    connection.acceptedEarly = true;
    this.environment.counters.fastOpenAccepted += 1;
    listener.established(connection);
  }

  #answerWithCookie(packet: IncomingPacket, segment: Segment, now: number): void {
    const path = this.#paths.lookup(packet.source);
    if (path === undefined) return;
    const environment = this.environment;
    const local = packet.destination.clone();
    const mss = segment.options.mss === 0 ? 536 : segment.options.mss;
    const sequence = this.#cookies.make(
      local,
      segment.destinationPort,
      packet.source,
      segment.sourcePort,
      segment.sequence,
      mss,
      now,
    );
    const stamp = this.#cookies.stamp(segment.options, Math.trunc(now / 1000) | 0);
    const options = environment.options;
    options.clear();
    options.mss = localMssOf(path, packet.isV4);
    if (segment.options.hasTimestamp && environment.timestamps) {
      options.hasTimestamp = true;
      options.timestampValue = stamp;
      options.timestampEcho = segment.options.timestampValue;
      options.sackPermitted = segment.options.sackPermitted && environment.selectiveAck;
      if (segment.options.windowScale >= 0 && environment.windowScaling)
        options.windowScale = scaleFor(environment.limits);
    }
    const headerBytes = TCP_HEADER_BYTES + options.byteLength;
    const window = Math.min(environment.limits.tcpReceiveBytesInitial, 0xffff);
    const sent = this.#emitBare(
      path,
      local,
      packet.source,
      segment,
      sequence,
      sequenceAdd(segment.sequence, 1),
      TCP_SYN | TCP_ACK,
      window,
      headerBytes,
    );
    if (!sent) return;
    environment.counters.synCookiesSent += 1;
    this.#lastCookieAt = now;
  }

  /** An ACK without a connection may answer a cookie. False: it does not. */
  #fromCookie(
    listener: TcpListener,
    packet: IncomingPacket,
    segment: Segment,
    now: number,
  ): boolean {
    if (now - this.#lastCookieAt > COOKIE_ACCEPT_US) return false;
    const environment = this.environment;
    const cookies = this.#cookies;
    const valid = cookies.accept(
      packet.destination,
      segment.destinationPort,
      packet.source,
      segment.sourcePort,
      segment.sequence,
      segment.acknowledgment,
      segment.options,
      now,
    );
    const path = valid ? this.#paths.lookup(packet.source) : undefined;
    if (path === undefined || listener.isFull) {
      environment.counters.synCookiesRefused += 1;
      return path !== undefined;
    }
    const connection = this.#create(
      packet.destination.clone(),
      segment.destinationPort,
      packet.source.clone(),
      segment.sourcePort,
      path,
    );
    const sequence = (segment.acknowledgment - 1) | 0;
    connection.initialSend = sequence;
    connection.una = sequence;
    connection.nxt = segment.acknowledgment;
    connection.timestampOffset = 0;
    connection.state = TcpState.SynReceived;
    connection.synSentAt = -1;
    // Negotiate as if the SYN stood here again.
    const { sequence: arrived, window } = segment;
    const hadTimestamp = segment.options.hasTimestamp;
    segment.sequence = (arrived - 1) | 0;
    segment.options.mss = cookies.mss;
    segment.options.sackPermitted = cookies.selectiveAck;
    segment.options.windowScale = hadTimestamp ? cookies.windowScale : -1;
    negotiate(connection, segment, now);
    segment.sequence = arrived;
    segment.window = window;
    connection.advertisedEdge = sequenceAdd(
      connection.receiveNext,
      Math.min(environment.limits.tcpReceiveBytesInitial, 0xffff),
    );
    environment.table.add(connection);
    listener.opened(connection);
    environment.counters.synCookiesAccepted += 1;
    if (segmentArrives(connection, segment, now) === 'reset') this.#reset(packet, segment);
    reschedule(connection);
    return true;
  }

  /** RFC 9293 3.10.7.1: the answer to a segment that belongs to nothing. */
  #reset(packet: IncomingPacket, segment: Segment): void {
    if ((segment.flags & TCP_RST) !== 0) return;
    const path = this.#paths.lookup(packet.source);
    if (path === undefined) return;
    this.environment.options.clear();
    const hasAck = (segment.flags & TCP_ACK) !== 0;
    const sequence = hasAck ? segment.acknowledgment : 0;
    const acknowledgment = hasAck ? 0 : sequenceAdd(segment.sequence, segment.length);
    const flags = hasAck ? TCP_RST : TCP_RST | TCP_ACK;
    const local = packet.destination.clone();
    if (
      this.#emitBare(
        path,
        local,
        packet.source,
        segment,
        sequence,
        acknowledgment,
        flags,
        0,
        TCP_HEADER_BYTES,
      )
    )
      this.environment.counters.resetsSent += 1;
  }

  /** A segment without a connection; the options are in the scratch object. */
  #emitBare(
    path: Path,
    local: IpAddress,
    _remote: IpAddress,
    segment: Segment,
    sequence: number,
    acknowledgment: number,
    flags: number,
    window: number,
    headerBytes: number,
  ): boolean {
    const output = this.environment.output;
    if (output.open(path, local, PROTOCOL_TCP, headerBytes, 0, 64, true) !== 'open') return false;
    const { buffer, payloadAt } = output;
    this.environment.options.emit(buffer, payloadAt + TCP_HEADER_BYTES);
    writeTcpHeader(
      buffer,
      payloadAt,
      segment.destinationPort,
      segment.sourcePort,
      sequence,
      acknowledgment,
      flags,
      window,
      0,
      headerBytes,
    );
    output.finishChecksum(16);
    output.commit(headerBytes);
    this.environment.counters.segmentsOut += 1;
    return true;
  }

  #tupleIsFree(
    local: IpAddress,
    localPort: number,
    remote: IpAddress,
    remotePort: number,
  ): boolean {
    return this.environment.table.lookup(local, localPort, remote, remotePort) === undefined;
  }

  /** RFC 6056: a random start, then the next free one. */
  #freePort(local: IpAddress, remote: IpAddress, remotePort: number): number {
    const start = (this.environment.random.word() >>> 1) % EPHEMERAL_COUNT;
    for (let i = 0; i < EPHEMERAL_COUNT; i++) {
      const port = EPHEMERAL_FIRST + ((start + i) % EPHEMERAL_COUNT);
      if (!this.#listeners.has(port) && this.#tupleIsFree(local, port, remote, remotePort))
        return port;
    }
    return 0;
  }

  #freeListenPort(): number {
    const start = (this.environment.random.word() >>> 1) % EPHEMERAL_COUNT;
    for (let i = 0; i < EPHEMERAL_COUNT; i++) {
      const port = EPHEMERAL_FIRST + ((start + i) % EPHEMERAL_COUNT);
      if (!this.#listeners.has(port)) return port;
    }
    return 0;
  }
}

function overlap(a: IpAddress | undefined, b: IpAddress | undefined): boolean {
  if (a === undefined || b === undefined) return true;
  if (a.isV4 !== b.isV4) return false;
  return a.isUnspecified || b.isUnspecified || a.equals(b);
}

function localMssOf(path: Path, isV4: boolean): number {
  return path.networkInterface.mtu - (isV4 ? 40 : 60);
}

/** Same choice as a connection makes. */
function scaleFor(limits: Limits): number {
  let scale = 0;
  while (scale < 14 && limits.tcpReceiveBytesMax > 0xffff << scale) scale += 1;
  return scale;
}
