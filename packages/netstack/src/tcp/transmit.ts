// What is sent when: SYNs, lost segments first, new data within both windows, probes, acknowledgments that are owed.

import { NEVER } from '../timers.js';
import { TCP_ACK, TCP_CWR, TCP_ECE, TCP_FIN, TCP_PSH, TCP_SYN } from '../wire/tcp.js';
import { TCP_OPTIONS_BYTES_MAX } from '../wire/tcp-options.js';
import type { Connection } from './connection.js';
import { emitAck, emitReset, emitSegment, payloadMax } from './emit.js';
import { RECORD_SACKED } from './scoreboard.js';
import { distance, isAfter, isBefore, sequenceAdd } from './sequence.js';
import { isOpening, mayReceive, TcpState } from './state.js';
import { armPersist, armRetransmission, reschedule } from './timeouts.js';

/** Runs at the end of each poll for every connection that changed. */
export function flush(connection: Connection): void {
  if (isOpening(connection.state)) {
    if (connection.synPending) sendSyn(connection);
  } else if (connection.state !== TcpState.Closed) {
    if (connection.state !== TcpState.TimeWait) sendData(connection);
    if (connection.ackNow && !emitAck(connection)) connection.environment.markDirty(connection);
  }
  reschedule(connection);
}

function sendSyn(connection: Connection): void {
  const environment = connection.environment;
  const now = environment.instant.us;
  const isAnswer = connection.state === TcpState.SynReceived;
  let flags = TCP_SYN;
  if (isAnswer) {
    flags |= TCP_ACK;
    if (connection.ecn) flags |= TCP_ECE;
  } else if (environment.ecn && connection.synRetries === 0) flags |= TCP_ECE | TCP_CWR;
  const dataBytes = isAnswer ? 0 : synDataBytes(connection);
  // A SYN sent again goes without data, but the first one may still be answered.
  connection.synDataBytes = Math.max(connection.synDataBytes, dataBytes);
  connection.nxt = sequenceAdd(connection.initialSend, 1 + connection.synDataBytes);
  if (emitSegment(connection, connection.initialSend, 0, dataBytes, flags, 0)) {
    if (dataBytes > 0) environment.counters.fastOpenSent += 1;
    connection.synPending = false;
    connection.synSentAt = now;
    if (connection.synRetries > 0) environment.counters.retransmitted += 1;
  }
  connection.retransmitAt = now + connection.rtt.timeoutUs;
  connection.retransmitIsTailProbe = false;
}

/** How much goes with the SYN: only the first SYN, only with a cookie, and no more than the server's segment holds. */
function synDataBytes(connection: Connection): number {
  if (!connection.fastOpen) return 0;
  const fastOpen = connection.environment.fastOpen;
  if (connection.synRetries > 0) {
    fastOpen.forget(connection.remoteAddress);
    return 0;
  }
  const known = fastOpen.known(connection.remoteAddress);
  if (known === undefined) return 0;
  if (known.mss !== 0) connection.peerMss = known.mss;
  connection.updateSegmentBytes();
  return Math.max(
    0,
    Math.min(connection.send.length, connection.segmentBytes - TCP_OPTIONS_BYTES_MAX),
  );
}

function sendData(connection: Connection): void {
  const now = connection.environment.instant.us;
  const before = connection.nxt;
  let sentRetransmission = false;
  if (
    connection.resumes &&
    connection.environment.slowStartAfterIdle &&
    now - connection.lastSentAt > connection.rtt.timeoutUs
  ) {
    const initial =
      connection.environment.limits.tcpInitialWindowSegments * connection.segmentBytes;
    connection.congestion.restart(initial);
  }
  connection.resumes = false;
  let limited = false;
  // Each turn sends a segment or stops, and both windows shrink with each: the loop ends.
  while (retransmitNext(connection, now)) sentRetransmission = true;
  for (;;) {
    const outcome = sendNext(connection, now);
    if (outcome === 'window') limited = true;
    if (outcome !== 'sent') break;
  }
  connection.pushPending = false;
  if (connection.nxt !== before || limited) noteUsage(connection, limited);
  if (sentRetransmission && connection.retransmitAt === NEVER) armRetransmission(connection, now);
  if (connection.nxt !== before) armRetransmission(connection, now);
  armPersist(connection, now);
}

/** How much of the window the present round uses, which decides whether it may grow (RFC 9293 3.8.1, RFC 7661). */
function noteUsage(connection: Connection, limited: boolean): void {
  const outstanding = connection.board.outstandingBytes;
  const isNewRound = !isBefore(connection.una, connection.roundEnd);
  if (
    !isNewRound &&
    !limited &&
    (connection.windowLimited || outstanding <= connection.flightMaxBytes)
  )
    return;
  connection.windowLimited = limited;
  connection.flightMaxBytes = outstanding;
  connection.roundEnd = connection.nxt;
}

/** Sends the first lost run that is not on its way again, if the window allows. */
function retransmitNext(connection: Connection, now: number): boolean {
  const board = connection.board;
  const index = board.nextRetransmission();
  if (index < 0) return false;
  const size = Math.min(board.length(index), payloadMax(connection));
  const allowed = connection.congestion.windowBytes - connection.pipeBytes;
  if (size > allowed && !connection.forceRetransmit) return false;
  return retransmitRecord(connection, index, now);
}

/** Sends a record again, its first part when it is larger than a segment. */
function retransmitRecord(connection: Connection, index: number, now: number): boolean {
  const board = connection.board;
  const most = payloadMax(connection);
  const start = board.start(index);
  const queued = distance(connection.queuedEnd, start);
  if (board.length(index) > most && queued > most) board.split(index, most);
  const length = board.length(index);
  const dataBytes = Math.min(length, queued);
  let flags = TCP_ACK;
  if (dataBytes < length) flags |= TCP_FIN;
  if (dataBytes === queued && dataBytes > 0) flags |= TCP_PSH;
  if (!emitSegment(connection, start, distance(start, connection.una), dataBytes, flags, 0)) {
    connection.environment.markDirty(connection);
    return false;
  }
  connection.forceRetransmit = false;
  if (connection.firstRetransmitStamp === 0) {
    connection.firstRetransmitStamp = connection.timestampNow(now) | 1;
    connection.firstRetransmitEnd = sequenceAdd(start, length);
  }
  board.markRetransmitted(index, now);
  connection.reduction.sent(length);
  connection.environment.counters.retransmitted += 1;
  return true;
}

/** Sends one new segment (or one large one for the device to cut). */
function sendNext(connection: Connection, now: number): 'sent' | 'window' | 'stop' {
  if (connection.finSent) return 'stop';
  const queued = distance(connection.queuedEnd, connection.nxt);
  const finWaits = connection.finQueued;
  if (queued === 0 && !finWaits) return 'stop';
  const most = payloadMax(connection);
  const congestionLeft = connection.congestion.windowBytes - connection.pipeBytes;
  const windowLeft = connection.windowLeft;
  let length = Math.min(queued, windowLeft, congestionLeft);
  if (queued > 0 && congestionLeft < Math.min(most, queued)) {
    return 'window';
  }
  if (queued > 0 && length <= 0) return 'stop';
  // Everything that fits one segment, or whole segments for the device to cut.
  const segmentation = length > most ? segmentationBytes(connection, most) : 0;
  if (length > most)
    length = segmentation > 0 ? Math.min(length - (length % most), segmentation) : most;
  const isLast = length === queued;
  if (queued > 0 && !worthSending(connection, length, most, isLast)) return 'stop';
  const withFin = finWaits && isLast;
  return sendRange(connection, length, withFin, length > most ? most : 0, now) ? 'sent' : 'stop';
}

/** Largest payload that the device cuts by itself, 0: none. */
function segmentationBytes(connection: Connection, most: number): number {
  const limit = connection.path.networkInterface.device.capabilities.segmentationBytesMax;
  if (limit <= 2 * most) return 0;
  const payload = limit - 120;
  return payload - (payload % most);
}

/** Nagle's rule and silly-window avoidance (RFC 9293 3.8.6.2.1). */
function worthSending(
  connection: Connection,
  length: number,
  most: number,
  isLast: boolean,
): boolean {
  if (length >= most) return true;
  if (!isLast) return length * 2 >= connection.sendWindowMax;
  if (connection.pushPending || connection.finQueued) return true;
  if (connection.cork) {
    const now = connection.environment.instant.us;
    if (connection.corkAt === NEVER) connection.corkAt = now + connection.rtt.timeoutUs;
    return false;
  }
  if (connection.noDelay) return true;
  // Minshall: only an unacknowledged small segment holds the next small one back.
  return !isAfter(connection.smallSegmentEnd, connection.una) || connection.board.count === 0;
}

function sendRange(
  connection: Connection,
  length: number,
  withFin: boolean,
  segmentBytes: number,
  now: number,
): boolean {
  const start = connection.nxt;
  let flags = TCP_ACK;
  if (withFin) flags |= TCP_FIN;
  if (length > 0 && length === distance(connection.queuedEnd, start)) flags |= TCP_PSH;
  if (
    !emitSegment(connection, start, distance(start, connection.una), length, flags, segmentBytes)
  ) {
    connection.environment.markDirty(connection);
    return false;
  }
  const bytes = length + (withFin ? 1 : 0);
  connection.corkAt = NEVER;
  connection.board.append(start, bytes, now);
  connection.nxt = sequenceAdd(start, bytes);
  if (withFin) connection.finSent = true;
  if (length > 0 && length < connection.segmentBytes) connection.smallSegmentEnd = connection.nxt;
  if (connection.recovery === 'recovery') connection.reduction.sent(bytes);
  return true;
}

/** The tail-loss probe (RFC 8985 7.3): new data if the window allows, else the last run again. */
export function sendTailProbe(connection: Connection, now: number): void {
  const board = connection.board;
  const queued = distance(connection.queuedEnd, connection.nxt);
  const length = Math.min(queued, connection.windowLeft, payloadMax(connection));
  connection.environment.counters.tailProbes += 1;
  connection.tailProbeEnd = connection.nxt;
  connection.tailProbeIsRetransmission = false;
  connection.firstRetransmitStamp = 0;
  if (!connection.finSent && length > 0) {
    if (!sendRange(connection, length, connection.finQueued && length === queued, 0, now)) return;
  } else {
    let index = board.count - 1;
    while (index >= 0 && (board.flags(index) & RECORD_SACKED) !== 0) index -= 1;
    if (index < 0) return;
    const most = payloadMax(connection);
    if (board.length(index) > most + 1) {
      board.split(index, board.length(index) - most);
      index += 1;
    }
    connection.tailProbeIsRetransmission = true;
    if (!retransmitRecord(connection, index, now)) return;
  }
  connection.tailProbeEnd = connection.nxt;
}

/** Makes the peer say what its window is: an old sequence number that it must answer. */
export function sendWindowProbe(connection: Connection): void {
  if (!emitSegment(connection, sequenceAdd(connection.una, -1), 0, 0, TCP_ACK, 0))
    connection.environment.markDirty(connection);
}

export function sendReset(connection: Connection): void {
  if (emitReset(connection)) connection.environment.counters.resetsSent += 1;
}

/** After the user took bytes: tell the peer when the window opened enough, and let the buffer grow with use. */
export function advertiseAfterRead(connection: Connection): void {
  if (!mayReceive(connection.state)) return;
  tuneReceiveBuffer(connection);
  const promised = distance(connection.advertisedEdge, connection.receiveNext);
  const opened = connection.receive.free - promised;
  if (opened >= Math.min(2 * connection.segmentBytes, connection.receive.limit >> 1)) {
    // Half the buffer at once when the sender is fast; at once when it is stalled.
    if (promised < 2 * connection.segmentBytes || opened * 4 >= connection.receive.limit) {
      connection.ackNow = true;
      connection.environment.markDirty(connection);
    }
  }
}

/** Doubles the limit when the user read more than half of it within a round trip. */
function tuneReceiveBuffer(connection: Connection): void {
  const now = connection.environment.instant.us;
  const limits = connection.environment.limits;
  if (connection.receive.limit >= limits.tcpReceiveBytesMax) return;
  const round = connection.rtt.smoothedUs === 0 ? 100_000 : connection.rtt.smoothedUs;
  if (now - connection.tuneAt > round) {
    if (connection.tuneBytes * 2 >= connection.receive.limit)
      connection.receive.limit = Math.min(2 * connection.receive.limit, limits.tcpReceiveBytesMax);
    connection.tuneAt = now;
    connection.tuneBytes = 0;
  }
}
