// One TCP connection: its variables (RFC 9293 3.3.1) and the calls of its user. What happens to it is in other files:
//   segment-arrives.ts  the event processing of RFC 9293 3.10.7
//   acknowledge.ts      what an acceptable ACK does: scoreboard, RTT, recovery, congestion window
//   transmit.ts         what is sent when
//   emit.ts             one segment onto the wire
//   timeouts.ts         the timers
//
// Invariants (each property-tested): una <= nxt; outstanding sequence space is exactly what the scoreboard holds;
// the right edge of the advertised window never moves left; bytes come out of `read` exactly as they went into the
// peer's `write`.

import { EVENT_WRITABLE, EventSource, type NetError } from '../events.js';
import type { Path } from '../interface/paths.js';
import { NEVER, Timer } from '../timers.js';
import type { IpAddress } from '../wire/address.js';
import { IPV4_HEADER_BYTES } from '../wire/ipv4.js';
import { IPV6_HEADER_BYTES } from '../wire/ipv6.js';
import { TCP_HEADER_BYTES } from '../wire/tcp.js';
import type { CongestionControl } from './congestion.js';
import { Cubic } from './cubic.js';
import type { TcpEnvironment } from './environment.js';
import type { TcpListener } from './listener.js';
import { NewReno } from './newreno.js';
import { RateReduction } from './prr.js';
import { Rack } from './rack.js';
import { ReceiveBuffer } from './receive-buffer.js';
import { RttEstimator } from './rtt.js';
import { Scoreboard } from './scoreboard.js';
import { SendBuffer } from './send-buffer.js';
import { distance, sequenceAdd } from './sequence.js';
import { afterLocalClose, isOpening, maySend, TcpState } from './state.js';
import { closeConnection, reschedule, timerFired } from './timeouts.js';
import { advertiseAfterRead, sendReset } from './transmit.js';

export type RecoveryKind = 'open' | 'recovery' | 'loss';

/** Segment size assumed until the peer says otherwise (RFC 9293 3.7.1). */
const MSS_DEFAULT_V4 = 536;
const MSS_DEFAULT_V6 = 1220;

export class Connection extends EventSource {
  readonly environment: TcpEnvironment;
  readonly localAddress: IpAddress;
  readonly localPort: number;
  readonly remoteAddress: IpAddress;
  readonly remotePort: number;
  path: Path;
  state: TcpState = TcpState.Closed;
  error: NetError | undefined = undefined;
  /** An ICMP error that is reported only if the connection fails in the end (RFC 5461). */
  softError: NetError | undefined = undefined;
  listener: TcpListener | undefined = undefined;
  tableNext: Connection | undefined = undefined;
  isDirty = false;

  // Send sequence space.
  initialSend = 0;
  una = 0;
  nxt = 0;
  sendWindow = 0;
  sendWindowMax = 0;
  windowSequence = 0;
  windowAcknowledgment = 0;
  sendScale = 0;
  finQueued = false;
  finSent = false;
  synAcknowledged = false;
  synRetries = 0;
  synPending = false;
  synSentAt = 0;
  /** Client: send data in the SYN once a cookie is known. Set it before the first poll. */
  fastOpen = false;
  /** Bytes of data in the SYN that is out. */
  synDataBytes = 0;
  /** Server: what to put into the SYN-ACK. */
  fastOpenCookie: Uint8Array | undefined = undefined;
  fastOpenExperimental = false;
  /** Server: in the accept queue before the handshake is complete. */
  acceptedEarly = false;
  /** End of the last segment smaller than a full one, for Nagle's rule (Minshall's form). */
  smallSegmentEnd = 0;
  readonly send: SendBuffer;
  readonly board: Scoreboard = new Scoreboard();

  // Receive sequence space.
  initialReceive = 0;
  receiveNext = 0;
  /** Right edge of the window that the peer knows. */
  advertisedEdge = 0;
  receiveScale = 0;
  /** Sequence number of the peer's FIN once seen, valid with `finSeen`. */
  finSequence = 0;
  finSeen = false;
  finConsumed = false;
  readonly receive: ReceiveBuffer;

  // Negotiated.
  peerMss: number;
  /** Payload of a full segment, options counted. */
  segmentBytes: number;
  scaling = false;
  timestamps = false;
  selectiveAck = false;
  ecn = false;
  timestampOffset = 0;
  timestampRecent = 0;
  timestampRecentAt = 0;
  lastAckSent = 0;

  // Acknowledging.
  ackNow = false;
  bytesToAcknowledge = 0;
  quickAcks: number;
  duplicateSackPending = false;
  duplicateSackStart = 0;
  duplicateSackEnd = 0;
  echoCongestion = false;
  windowReducedPending = false;

  // Recovery and congestion.
  readonly rtt: RttEstimator;
  readonly rack: Rack = new Rack();
  readonly reduction: RateReduction = new RateReduction();
  congestion: CongestionControl;
  recovery: RecoveryKind = 'open';
  recoveryPoint = 0;
  duplicateAcks = 0;
  /** Without SACK: bytes that duplicate ACKs say have left the network. */
  renoSackedBytes = 0;
  forceRetransmit = false;
  undoWindow = 0;
  undoThreshold = 0;
  undoPossible = false;
  /** Timestamp clock when the first retransmission of this recovery left (Eifel detection). */
  firstRetransmitStamp = 0;
  firstRetransmitEnd = 0;
  ecnReducedPoint = 0;
  ecnReduced = false;
  tailProbeEnd = 0;
  tailProbeOut = false;
  tailProbeIsRetransmission = false;
  dsackRoundEnd = 0;
  retries = 0;
  /** In the present round the window held the sender back; most bytes in flight; where the round ends. */
  windowLimited = false;
  flightMaxBytes = 0;
  roundEnd = 0;
  /** Something was written while nothing was queued or in flight. */
  resumes = false;
  lastSentAt = 0;
  lastReceivedAt = 0;

  // Timers: one deadline each, one timer in the heap for the earliest.
  readonly timer: Timer;
  retransmitAt: number = NEVER;
  retransmitIsTailProbe = false;
  reorderAt: number = NEVER;
  delayedAckAt: number = NEVER;
  persistAt: number = NEVER;
  keepaliveAt: number = NEVER;
  finalAt: number = NEVER;
  userTimeoutAt: number = NEVER;
  persistBackoff = 0;
  keepaliveProbes = 0;

  // User options.
  noDelay = false;
  /** Hold back partial segments until released (TCP_CORK). */
  cork = false;
  /** A partial segment held back by `cork` leaves then at the latest. */
  corkAt: number = NEVER;
  /** Send what is queued once, whatever Nagle and cork say. */
  pushPending = false;
  /** 0, or the largest segment that the user allows in either direction (TCP_MAXSEG). */
  segmentBytesMax = 0;
  keepalive = false;
  keepaliveIdleUs: number;
  keepaliveIntervalUs: number;
  keepaliveProbesMax: number;
  /** 0: by retries only. */
  userTimeoutUs = 0;
  trafficClass = 0;
  hopLimit = 64;
  /** The user will read no more: data that still arrives is answered with a reset. */
  closedByUser = false;

  // Autotuning.
  tuneAt = 0;
  tuneBytes = 0;
  /** Urgent pointer of the peer, valid while `urgentPending`. */
  urgentSequence = 0;
  urgentPending = false;

  constructor(
    environment: TcpEnvironment,
    localAddress: IpAddress,
    localPort: number,
    remoteAddress: IpAddress,
    remotePort: number,
    path: Path,
  ) {
    super();
    const limits = environment.limits;
    this.environment = environment;
    this.localAddress = localAddress;
    this.localPort = localPort;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
    this.path = path;
    this.send = new SendBuffer(environment.pool, limits.tcpSendBytesInitial);
    this.receive = new ReceiveBuffer(
      environment.pool,
      limits.tcpReceiveBytesInitial,
      limits.tcpOutOfOrderRangesMax,
    );
    this.peerMss = remoteAddress.isV4 ? MSS_DEFAULT_V4 : MSS_DEFAULT_V6;
    this.segmentBytes = this.peerMss;
    this.rtt = new RttEstimator(limits);
    this.quickAcks = 16;
    this.keepaliveIdleUs = limits.tcpKeepaliveIdleUs;
    this.keepaliveIntervalUs = limits.tcpKeepaliveIntervalUs;
    this.keepaliveProbesMax = limits.tcpKeepaliveProbesMax;
    this.congestion = this.#makeCongestion(environment.congestion);
    this.timer = new Timer((now) => timerFired(this, now));
    // The largest window must be expressible: the scale is fixed at the handshake.
    if (environment.windowScaling) {
      let scale = 0;
      while (scale < 14 && limits.tcpReceiveBytesMax > 0xffff << scale) scale += 1;
      this.receiveScale = scale;
    }
  }

  #makeCongestion(name: string): CongestionControl {
    const initial = this.environment.limits.tcpInitialWindowSegments * this.segmentBytes;
    return name === 'reno' ? new NewReno(initial) : new Cubic(initial);
  }

  /** Chooses another congestion control; it starts from the present window. False: no such one. */
  setCongestion(name: string): boolean {
    if (name !== 'reno' && name !== 'cubic') return false;
    const before = this.congestion;
    this.congestion = this.#makeCongestion(name);
    this.congestion.windowBytes = before.windowBytes;
    this.congestion.thresholdBytes = before.thresholdBytes;
    return true;
  }

  /** Bytes that `read` would give now. */
  get readable(): number {
    return this.receive.readable;
  }

  /** Bytes that `write` would take now. */
  get writable(): number {
    return maySend(this.state) && !this.finQueued ? this.send.free : 0;
  }

  /** The peer sent everything and all of it was read. */
  get isAtEnd(): boolean {
    return this.receive.readable === 0 && (this.finConsumed || this.state === TcpState.Closed);
  }

  get isConnected(): boolean {
    return this.state >= TcpState.Established;
  }

  /** Queues bytes, copied; returns how many were taken. 0 while closed or full. */
  write(data: Uint8Array, at = 0, length: number = data.length - at): number {
    if (!maySend(this.state) || this.finQueued) return 0;
    const wasIdle = this.send.length === 0;
    const count = this.send.write(data, at, length);
    if (count > 0) {
      if (wasIdle) this.resumes = true;
      this.environment.markDirty(this);
    }
    return count;
  }

  /** Takes received bytes; returns how many. */
  read(destination: Uint8Array, at = 0, length: number = destination.length - at): number {
    const count = this.receive.read(destination, at, length);
    if (count > 0) {
      this.tuneBytes += count;
      advertiseAfterRead(this);
    }
    return count;
  }

  peek(destination: Uint8Array, at = 0, length: number = destination.length - at): number {
    return this.receive.peek(destination, at, length);
  }

  /** Queues a FIN behind everything written. Reading goes on. */
  shutdown(): void {
    if (this.finQueued || this.state === TcpState.Closed || this.state === TcpState.TimeWait)
      return;
    if (this.state === TcpState.SynSent) {
      closeConnection(this, undefined);
      return;
    }
    this.finQueued = true;
    if (this.state !== TcpState.SynReceived) this.state = afterLocalClose(this.state);
    this.environment.markDirty(this);
  }

  /** No more reading or writing: what is queued is still delivered. Unread data makes it a reset (RFC 2525 2.17). */
  close(): void {
    if (this.closedByUser) return;
    this.closedByUser = true;
    this.observer = undefined;
    if (this.receive.readable > 0 && this.state !== TcpState.TimeWait) {
      this.abort();
      return;
    }
    this.shutdown();
    if (this.state === TcpState.FinWait2)
      this.finalAt = this.environment.instant.us + this.environment.limits.tcpFinWait2Us;
    reschedule(this);
  }

  /** Resets the connection. */
  abort(): void {
    if (this.state === TcpState.Closed) return;
    this.closedByUser = true;
    if (this.state !== TcpState.SynSent && this.state !== TcpState.TimeWait) sendReset(this);
    closeConnection(this, 'aborted');
  }

  setNoDelay(value: boolean): void {
    this.noDelay = value;
    if (value) this.pushPending = true;
    this.environment.markDirty(this);
  }

  setCork(value: boolean): void {
    this.cork = value;
    if (!value) this.corkAt = NEVER;
    this.environment.markDirty(this);
  }

  setKeepalive(value: boolean): void {
    this.keepalive = value;
    this.keepaliveProbes = 0;
    this.keepaliveAt = value ? this.environment.instant.us + this.keepaliveIdleUs : NEVER;
    reschedule(this);
  }

  /** How far the peer's window reaches beyond what was sent. */
  get windowLeft(): number {
    return distance(sequenceAdd(this.una, this.sendWindow), this.nxt);
  }

  /** Sequence number behind the last queued byte (before a FIN). */
  get queuedEnd(): number {
    // While the SYN is unacknowledged it stands before the buffered bytes.
    const synBytes = isOpening(this.state) && !this.synAcknowledged ? 1 : 0;
    return sequenceAdd(this.una, synBytes + this.send.length);
  }

  /** Bytes in the network as far as the sender can tell. */
  get pipeBytes(): number {
    return Math.max(0, this.board.pipeBytes - this.renoSackedBytes);
  }

  /** Recomputes the segment size from the peer's MSS and the path MTU. */
  updateSegmentBytes(): void {
    const header =
      (this.remoteAddress.isV4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES) + TCP_HEADER_BYTES;
    const byPath = this.path.mtu(this.environment.instant.us) - header;
    const byUser = this.segmentBytesMax === 0 ? byPath : this.segmentBytesMax;
    this.segmentBytes = Math.max(
      32,
      Math.min(this.peerMss, byPath, byUser) - (this.timestamps ? 12 : 0),
    );
  }

  /** Milliseconds with a private offset, as carried in timestamps. */
  timestampNow(now: number): number {
    return (Math.trunc(now / 1000) + this.timestampOffset) | 0;
  }

  /** Lets the send buffer follow the congestion window. */
  growSendBuffer(): void {
    const wanted = Math.min(
      2 * this.congestion.windowBytes,
      this.environment.limits.tcpSendBytesMax,
    );
    if (wanted <= this.send.limit) return;
    this.send.limit = wanted;
    this.environment.events.post(this, EVENT_WRITABLE);
  }
}
