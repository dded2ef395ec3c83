// A segment arrives at a connection (RFC 9293 3.10.7.3 and 3.10.7.4, RFC 5961, RFC 7323).

import { EVENT_CONNECTED, EVENT_END, EVENT_READABLE, EVENT_WRITABLE } from '../events.js';
import { NEVER } from '../timers.js';
import { TCP_ACK, TCP_CWR, TCP_ECE, TCP_FIN, TCP_RST, TCP_SYN, TCP_URG } from '../wire/tcp.js';
import { processAcknowledgment } from './acknowledge.js';
import type { Connection } from './connection.js';
import { emitAck } from './emit.js';
import type { Segment } from './segment.js';
import { distance, isAfter, isBefore, sequenceAdd } from './sequence.js';
import { afterFinAcknowledged, afterRemoteFin, mayReceive, TcpState } from './state.js';
import { closeConnection, enterTimeWait, heardFromPeer, reschedule } from './timeouts.js';
import { sendReset } from './transmit.js';

/** 24 days: beyond it the peer's timestamp clock may have wrapped (RFC 7323 5.5). */
const TIMESTAMP_VALID_US = 24 * 86_400 * 1_000_000;

/** What the caller does when the connection cannot answer by itself. */
export type SegmentVerdict = 'done' | 'reset';

export function segmentArrives(
  connection: Connection,
  segment: Segment,
  now: number,
): SegmentVerdict {
  if (connection.state === TcpState.SynSent) return arrivesInSynSent(connection, segment, now);
  heardFromPeer(connection, now);
  if (!passesPaws(connection, segment, now)) return 'done';
  if (!isAcceptable(connection, segment)) {
    answerUnacceptable(connection, segment, now);
    return 'done';
  }
  if ((segment.flags & TCP_RST) !== 0) {
    arrivesReset(connection, segment, now);
    return 'done';
  }
  if ((segment.flags & TCP_SYN) !== 0) {
    if (connection.state === TcpState.SynReceived && segment.sequence === connection.initialReceive)
      return crossedSyn(connection, segment, now);
    challenge(connection, now);
    return 'done';
  }
  if ((segment.flags & TCP_ACK) === 0) return 'done';
  if (connection.state === TcpState.SynReceived) {
    const acknowledgesSyn =
      isAfter(segment.acknowledgment, connection.una) &&
      !isAfter(segment.acknowledgment, connection.nxt);
    if (!acknowledgesSyn) return 'reset';
    if (!establish(connection, segment, now)) return 'done';
  }
  if (!acknowledgmentIsSane(connection, segment, now)) return 'done';
  rememberTimestamp(connection, segment, now);
  if (!isBefore(segment.acknowledgment, connection.una) || segment.options.sackCount > 0)
    processAcknowledgment(connection, segment, now);
  // The FIN is the last thing in flight, so an acknowledgment of everything acknowledges it.
  if (connection.finSent && connection.una === connection.nxt) finAcknowledged(connection, now);
  if (connection.state !== TcpState.Closed) takeData(connection, segment, now);
  reschedule(connection);
  return 'done';
}

/** RFC 9293 3.10.7.3. */
function arrivesInSynSent(connection: Connection, segment: Segment, now: number): SegmentVerdict {
  const hasAck = (segment.flags & TCP_ACK) !== 0;
  if (
    hasAck &&
    (!isAfter(segment.acknowledgment, connection.initialSend) ||
      isAfter(segment.acknowledgment, connection.nxt))
  )
    return (segment.flags & TCP_RST) !== 0 ? 'done' : 'reset';
  if ((segment.flags & TCP_RST) !== 0) {
    if (hasAck) closeConnection(connection, 'refused');
    return 'done';
  }
  if ((segment.flags & TCP_SYN) === 0) return 'done';
  heardFromPeer(connection, now);
  negotiate(connection, segment, now);
  if (hasAck && segment.options.fastOpenBytes > 0)
    connection.environment.fastOpen.remember(connection.remoteAddress, segment.options);
  if (hasAck) {
    if (connection.environment.ecn && (segment.flags & (TCP_ECE | TCP_CWR)) === TCP_ECE)
      connection.ecn = true;
    connection.state = TcpState.SynReceived;
    if (establish(connection, segment, now)) {
      connection.ackNow = true;
      connection.environment.markDirty(connection);
    }
  } else {
    // Simultaneous open.
    connection.state = TcpState.SynReceived;
    connection.synPending = true;
    connection.environment.markDirty(connection);
  }
  reschedule(connection);
  return 'done';
}

/** Reads a SYN's options and sets the receive sequence space. */
export function negotiate(connection: Connection, segment: Segment, now: number): void {
  const environment = connection.environment;
  const options = segment.options;
  connection.initialReceive = segment.sequence;
  connection.receiveNext = sequenceAdd(segment.sequence, 1);
  connection.advertisedEdge = connection.receiveNext;
  connection.lastAckSent = connection.receiveNext;
  if (options.mss !== 0) connection.peerMss = Math.max(options.mss, 64);
  connection.timestamps = environment.timestamps && options.hasTimestamp;
  if (connection.timestamps) {
    connection.timestampRecent = options.timestampValue;
    connection.timestampRecentAt = now;
  }
  connection.selectiveAck = environment.selectiveAck && options.sackPermitted;
  connection.scaling = environment.windowScaling && options.windowScale >= 0;
  connection.sendScale = connection.scaling ? options.windowScale : 0;
  if (!connection.scaling) connection.receiveScale = 0;
  // The window of a SYN is never scaled.
  connection.sendWindow = segment.window;
  connection.sendWindowMax = segment.window;
  connection.windowSequence = segment.sequence;
  connection.windowAcknowledgment = segment.acknowledgment;
  connection.updateSegmentBytes();
}

/** Our SYN is acknowledged. False: the connection did not survive it. */
function establish(connection: Connection, segment: Segment, now: number): boolean {
  const environment = connection.environment;
  // Data that went with the SYN and was not taken is sent again like any other.
  const taken = Math.min(
    distance(segment.acknowledgment, connection.initialSend) - 1,
    connection.synDataBytes,
  );
  if (taken > 0) connection.send.drop(taken);
  connection.una = sequenceAdd(connection.initialSend, 1 + taken);
  connection.nxt = connection.una;
  connection.smallSegmentEnd = connection.una;
  connection.recoveryPoint = connection.una;
  connection.dsackRoundEnd = connection.una;
  connection.synAcknowledged = true;
  connection.synPending = false;
  connection.retransmitAt = NEVER;
  connection.rtt.backoff = 0;
  const retried = connection.synRetries > 0;
  if (!retried && connection.synSentAt >= 0) connection.rtt.sample(now - connection.synSentAt, now);
  const initial = environment.limits.tcpInitialWindowSegments * connection.segmentBytes;
  // RFC 5681 3.1: a lost SYN starts with one segment.
  connection.congestion.windowBytes =
    retried && connection.synRetries > 1 ? connection.segmentBytes : initial;
  const isSynAck = (segment.flags & TCP_SYN) !== 0;
  connection.sendWindow = isSynAck ? segment.window : segment.window << connection.sendScale;
  connection.sendWindowMax = connection.sendWindow;
  connection.windowSequence = segment.sequence;
  connection.windowAcknowledgment = segment.acknowledgment;
  connection.state = TcpState.Established;
  if (connection.finQueued) connection.state = TcpState.FinWait1;
  connection.tuneAt = now;
  if (connection.keepalive) connection.keepaliveAt = now + connection.keepaliveIdleUs;
  if (
    connection.listener !== undefined &&
    !connection.acceptedEarly &&
    !connection.listener.established(connection)
  )
    return false;
  environment.events.post(connection, EVENT_CONNECTED | EVENT_WRITABLE);
  environment.markDirty(connection);
  return true;
}

/** A SYN that repeats the one we know: our SYN-ACK got lost, or both sides opened at once. */
function crossedSyn(connection: Connection, segment: Segment, now: number): SegmentVerdict {
  const acknowledges = (segment.flags & TCP_ACK) !== 0 && segment.acknowledgment === connection.nxt;
  if (acknowledges) {
    if (establish(connection, segment, now)) connection.ackNow = true;
  } else connection.synPending = true;
  connection.environment.markDirty(connection);
  reschedule(connection);
  return 'done';
}

/** RFC 7323 5.3. */
function passesPaws(connection: Connection, segment: Segment, now: number): boolean {
  if (!connection.timestamps || !segment.options.hasTimestamp || (segment.flags & TCP_RST) !== 0)
    return true;
  if (!isBefore(segment.options.timestampValue, connection.timestampRecent)) return true;
  if (now - connection.timestampRecentAt > TIMESTAMP_VALID_US) return true;
  // A retransmitted SYN may carry an older clock; it gets its answer below.
  connection.environment.counters.pawsDropped += 1;
  noteDuplicate(connection, segment);
  answerLimited(connection, now);
  return false;
}

/** RFC 7323 4.3: only from a segment that covers the last acknowledgment sent. */
function rememberTimestamp(connection: Connection, segment: Segment, now: number): void {
  if (!connection.timestamps || !segment.options.hasTimestamp) return;
  if (isAfter(segment.sequence, connection.lastAckSent)) return;
  if (
    isBefore(segment.options.timestampValue, connection.timestampRecent) &&
    now - connection.timestampRecentAt <= TIMESTAMP_VALID_US
  )
    return;
  connection.timestampRecent = segment.options.timestampValue;
  connection.timestampRecentAt = now;
}

/** RFC 9293 3.10.7.4 first, with the window that was promised. */
function isAcceptable(connection: Connection, segment: Segment): boolean {
  const window = Math.max(0, distance(connection.advertisedEdge, connection.receiveNext));
  const start = distance(segment.sequence, connection.receiveNext);
  const end = start + segment.length;
  // Without payload nothing has to be stored: a bare ACK or FIN may stand right at the edge, as after a full window.
  if (segment.payloadBytes === 0 && start >= 0) return start <= window;
  return start < window && end > 0;
}

function answerUnacceptable(connection: Connection, segment: Segment, now: number): void {
  if ((segment.flags & TCP_RST) !== 0) return;
  connection.environment.counters.outOfWindow += 1;
  if ((segment.flags & TCP_SYN) !== 0) {
    const isRepeat =
      connection.state === TcpState.SynReceived && segment.sequence === connection.initialReceive;
    if (isRepeat && (segment.flags & TCP_ACK) === 0) {
      connection.synPending = true;
      connection.environment.markDirty(connection);
      return;
    }
    if (isRepeat && segment.acknowledgment === connection.nxt) {
      crossedSyn(connection, segment, now);
      return;
    }
    challenge(connection, now);
    return;
  }
  if (connection.state === TcpState.TimeWait && (segment.flags & TCP_FIN) !== 0)
    connection.finalAt = now + connection.environment.limits.tcpTimeWaitUs;
  if (connection.state === TcpState.SynReceived) {
    connection.synPending = true;
    connection.environment.markDirty(connection);
    return;
  }
  // The window may be full while its acknowledgment part is still worth having.
  const start = distance(segment.sequence, connection.receiveNext);
  if (
    start === 0 &&
    (segment.flags & TCP_ACK) !== 0 &&
    acknowledgmentIsSane(connection, segment, now)
  ) {
    if (!isBefore(segment.acknowledgment, connection.una))
      processAcknowledgment(connection, segment, now);
    if (connection.finSent && connection.una === connection.nxt) finAcknowledged(connection, now);
    if (connection.state === TcpState.Closed) return;
  }
  noteDuplicate(connection, segment);
  emitOrOwe(connection);
  reschedule(connection);
}

/** Remembers a duplicate for the first SACK block of the next ACK (RFC 2883). */
function noteDuplicate(connection: Connection, segment: Segment): void {
  if (!connection.selectiveAck || segment.payloadBytes === 0) return;
  const end = sequenceAdd(segment.sequence, segment.payloadBytes);
  if (!isBefore(segment.sequence, connection.receiveNext)) return;
  connection.duplicateSackPending = true;
  connection.duplicateSackStart = segment.sequence;
  connection.duplicateSackEnd = isAfter(end, connection.receiveNext) ? connection.receiveNext : end;
}

/** RFC 5961 3.2: only an exact sequence number resets. */
function arrivesReset(connection: Connection, segment: Segment, now: number): void {
  // RFC 1337: a reset must not cut TIME-WAIT short.
  if (connection.state === TcpState.TimeWait) return;
  if (segment.sequence !== connection.receiveNext) {
    challenge(connection, now);
    return;
  }
  const refused =
    connection.state === TcpState.SynReceived &&
    connection.listener === undefined &&
    !connection.acceptedEarly;
  closeConnection(connection, refused ? 'refused' : 'reset');
}

function challenge(connection: Connection, now: number): void {
  if (!connection.environment.challengeLimit.allow(now)) return;
  connection.environment.counters.challengeAcks += 1;
  emitOrOwe(connection);
}

function answerLimited(connection: Connection, now: number): void {
  if (connection.environment.challengeLimit.allow(now)) emitOrOwe(connection);
}

/** An ACK now, not at the next poll: each out-of-order segment deserves its own (RFC 5681 4.2). */
function emitOrOwe(connection: Connection): void {
  if (emitAck(connection)) return;
  connection.ackNow = true;
  connection.environment.markDirty(connection);
}

/** RFC 5961 5.2: an ACK of what was never sent, or from long ago, is answered and dropped. */
function acknowledgmentIsSane(connection: Connection, segment: Segment, now: number): boolean {
  const ahead = distance(segment.acknowledgment, connection.nxt) > 0;
  const behind =
    distance(connection.una, segment.acknowledgment) > Math.max(connection.sendWindowMax, 65535);
  if (!ahead && !behind) return true;
  challenge(connection, now);
  return false;
}

function finAcknowledged(connection: Connection, now: number): void {
  const before = connection.state;
  const after = afterFinAcknowledged(before);
  if (after === before) return;
  connection.state = after;
  if (after === TcpState.TimeWait) enterTimeWait(connection, now);
  else if (after === TcpState.Closed) {
    connection.state = before;
    closeConnection(connection, undefined);
  } else if (connection.closedByUser)
    connection.finalAt = now + connection.environment.limits.tcpFinWait2Us;
}

function takeData(connection: Connection, segment: Segment, now: number): void {
  if (connection.ecn) {
    if ((segment.flags & TCP_CWR) !== 0) connection.echoCongestion = false;
    if (segment.congestionExperienced) connection.echoCongestion = true;
  }
  if (segment.length === 0) return;
  if (!mayReceive(connection.state)) {
    // Everything that the peer had to say is behind its FIN.
    noteDuplicate(connection, segment);
    if (connection.state === TcpState.TimeWait && (segment.flags & TCP_FIN) !== 0)
      connection.finalAt = now + connection.environment.limits.tcpTimeWaitUs;
    emitOrOwe(connection);
    return;
  }
  if (
    connection.closedByUser &&
    segment.payloadBytes > 0 &&
    isAfter(sequenceAdd(segment.sequence, segment.payloadBytes), connection.receiveNext)
  ) {
    // Nobody will read it (RFC 9293 3.6.1).
    sendReset(connection);
    closeConnection(connection, 'aborted');
    return;
  }
  if ((segment.flags & TCP_URG) !== 0) noteUrgent(connection, segment);
  if ((segment.flags & TCP_FIN) !== 0) {
    connection.finSeen = true;
    connection.finSequence = sequenceAdd(segment.sequence, segment.payloadBytes);
  }
  const before = connection.receiveNext;
  const inOrder = storePayload(connection, segment);
  const finInOrder =
    connection.finSeen &&
    !connection.finConsumed &&
    connection.finSequence === connection.receiveNext;
  if (finInOrder) consumeFin(connection, now);
  scheduleAcknowledgment(
    connection,
    distance(connection.receiveNext, before),
    inOrder,
    finInOrder,
    now,
  );
}

/** True when the segment was the next one expected. */
function storePayload(connection: Connection, segment: Segment): boolean {
  let sequence = segment.sequence;
  let at = segment.payloadAt;
  let length = segment.payloadBytes;
  const overlap = distance(connection.receiveNext, sequence);
  if (overlap > 0) {
    noteDuplicate(connection, segment);
    sequence = connection.receiveNext;
    at += overlap;
    length -= overlap;
  }
  if (length <= 0) return overlap === 0;
  // Never beyond a FIN.
  if (connection.finSeen) length = Math.min(length, distance(connection.finSequence, sequence));
  const offset = distance(sequence, connection.receiveNext);
  const advance = connection.receive.insert(
    connection.receiveNext,
    sequence,
    segment.buffer,
    at,
    length,
  );
  if (advance > 0) {
    connection.receiveNext = sequenceAdd(connection.receiveNext, advance);
    connection.environment.events.post(connection, EVENT_READABLE);
  }
  if (offset > 0) connection.environment.counters.outOfOrder += 1;
  return offset === 0 && overlap <= 0;
}

function consumeFin(connection: Connection, now: number): void {
  connection.finConsumed = true;
  connection.receiveNext = sequenceAdd(connection.receiveNext, 1);
  connection.receive.dropRanges();
  const finAcked = connection.finSent && connection.una === connection.nxt;
  const after = afterRemoteFin(connection.state, finAcked);
  connection.state = after;
  connection.environment.events.post(connection, EVENT_READABLE | EVENT_END);
  if (after === TcpState.TimeWait) enterTimeWait(connection, now);
}

/** RFC 9293 3.8.6.3, RFC 5681 4.2: at least every second segment, at once around gaps, else within the delay. */
function scheduleAcknowledgment(
  connection: Connection,
  advance: number,
  inOrder: boolean,
  fin: boolean,
  now: number,
): void {
  if (!inOrder) {
    emitOrOwe(connection);
    return;
  }
  connection.bytesToAcknowledge += advance;
  const gaps = connection.receive.rangeCount > 0;
  const must =
    fin ||
    gaps ||
    advance <= 0 ||
    connection.quickAcks > 0 ||
    connection.echoCongestion ||
    connection.bytesToAcknowledge >= 2 * connection.segmentBytes;
  if (must) {
    connection.ackNow = true;
    connection.environment.markDirty(connection);
  } else if (connection.delayedAckAt === NEVER)
    connection.delayedAckAt = now + connection.environment.limits.tcpDelayedAckUs;
}

function noteUrgent(connection: Connection, segment: Segment): void {
  const pointer = sequenceAdd(segment.sequence, segment.urgentPointer);
  if (!isAfter(pointer, connection.receiveNext)) return;
  if (connection.urgentPending && !isAfter(pointer, connection.urgentSequence)) return;
  connection.urgentPending = true;
  connection.urgentSequence = pointer;
}
