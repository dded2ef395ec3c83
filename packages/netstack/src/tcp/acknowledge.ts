// What an acceptable acknowledgment does (RFC 9293 3.10.7.4 fifth; RFC 2018, 2883, 5681, 6298, 6675, 8985).

import { EVENT_WRITABLE } from '../events.js';
import { NEVER } from '../timers.js';
import { TCP_ECE, TCP_FIN, TCP_SYN } from '../wire/tcp.js';
import type { Connection } from './connection.js';
import { enterRecoveryIfLost, leaveRecoveryIfDone, undoIfSpurious } from './recovery.js';
import { RECORD_AMBIGUOUS, RECORD_LOST, RECORD_SACKED } from './scoreboard.js';
import type { Segment } from './segment.js';
import { distance, isAfter, isBefore } from './sequence.js';
import { armRetransmission, detectByRack } from './timeouts.js';

const DUPLICATE_ACKS = 3;

/** Preconditions: ack <= nxt. One below una brings no progress, but its SACK blocks are news. */
export function processAcknowledgment(connection: Connection, segment: Segment, now: number): void {
  const board = connection.board;
  const advance = Math.max(0, distance(segment.acknowledgment, connection.una));
  const renoBefore = connection.renoSackedBytes;
  const inFlightBefore = connection.pipeBytes;
  const lostBefore = board.lostBytes;
  const windowChanged = updateSendWindow(connection, segment);
  const isDuplicate =
    advance === 0 &&
    segment.acknowledgment === connection.una &&
    segment.payloadBytes === 0 &&
    !windowChanged &&
    board.count > 0 &&
    (segment.flags & (TCP_SYN | TCP_FIN)) === 0;

  let sampleSentAt = -1;
  let resentAt = -1;
  let delivered = 0;
  // Cumulative part.
  if (advance > 0) {
    while (board.count > 0) {
      const overlap = distance(segment.acknowledgment, board.start(0));
      if (overlap <= 0) break;
      const length = board.length(0);
      if (overlap < length) board.split(0, overlap);
      const flags = board.flags(0);
      if ((flags & RECORD_SACKED) === 0) {
        delivered += board.length(0);
        connection.rack.delivered(board.sentAt(0), board.end(0), flags, connection.rtt.minUs, now);
        if ((flags & RECORD_AMBIGUOUS) === 0) sampleSentAt = board.sentAt(0);
        else resentAt = Math.max(resentAt, board.sentAt(0));
      }
      board.shift();
    }
    // What lay behind a hole arrived long before this ACK: it says nothing about the round trip (Karn).
    if (resentAt >= 0) sampleSentAt = -1;
    connection.send.drop(advance);
    connection.una = segment.acknowledgment;
    connection.retries = 0;
    connection.rtt.backoff = 0;
    connection.userTimeoutAt = NEVER;
    connection.environment.events.post(connection, EVENT_WRITABLE);
  }
  // Selective part.
  let sawDuplicateSack = false;
  if (connection.selectiveAck && segment.options.sackCount > 0) {
    sawDuplicateSack = isDuplicateSack(connection, segment);
    const sacked = markSacked(connection, segment, sawDuplicateSack ? 1 : 0, now);
    delivered += sacked;
    if (sacked > 0) sampleSentAt = Math.max(sampleSentAt, connection.environment.sackSampleSentAt);
    if (sawDuplicateSack && !isBefore(connection.una, connection.dsackRoundEnd)) {
      connection.rack.needless();
      connection.dsackRoundEnd = connection.nxt;
    }
  }
  sampleRoundTrip(connection, segment, sampleSentAt, resentAt, now);
  if (connection.tailProbeOut) settleTailProbe(connection, segment, sawDuplicateSack, now);
  const undone =
    advance > 0 && connection.recovery !== 'open' && undoIfSpurious(connection, echoOf(segment));

  if (!undone) {
    if (connection.selectiveAck) {
      if (board.sackedBytes > 0 || board.lostBytes > 0 || connection.recovery !== 'open')
        detectByRack(connection, now);
    } else detectByDuplicates(connection, isDuplicate, advance);
  }
  enterRecoveryIfLost(connection, now);
  adjustWindow(
    connection,
    segment,
    advance,
    delivered,
    inFlightBefore,
    board.lostBytes > lostBefore,
    renoBefore,
    now,
  );
  leaveRecoveryIfDone(connection);
  if (advance > 0 || delivered > 0) armRetransmission(connection, now);
  connection.growSendBuffer();
  connection.environment.markDirty(connection);
}

function echoOf(segment: Segment): number {
  return segment.options.hasTimestamp ? segment.options.timestampEcho : 0;
}

/** RFC 9293 3.10.7.4: only newer segments may update the window. True when it changed. */
function updateSendWindow(connection: Connection, segment: Segment): boolean {
  const isNewer =
    isBefore(connection.windowSequence, segment.sequence) ||
    (connection.windowSequence === segment.sequence &&
      !isAfter(connection.windowAcknowledgment, segment.acknowledgment));
  if (!isNewer) return false;
  const window = segment.window << connection.sendScale;
  const changed = window !== connection.sendWindow;
  connection.sendWindow = window;
  connection.windowSequence = segment.sequence;
  connection.windowAcknowledgment = segment.acknowledgment;
  if (window > connection.sendWindowMax) connection.sendWindowMax = window;
  return changed;
}

/** RFC 2883: the first block lies below the ACK, or inside the second block. */
function isDuplicateSack(connection: Connection, segment: Segment): boolean {
  const options = segment.options;
  if (!isAfter(options.sackEnd[0], connection.una)) return true;
  if (options.sackCount < 2) return false;
  return (
    !isBefore(options.sackStart[0], options.sackStart[1]) &&
    !isAfter(options.sackEnd[0], options.sackEnd[1])
  );
}

function markSacked(
  connection: Connection,
  segment: Segment,
  firstBlock: number,
  now: number,
): number {
  const board = connection.board;
  const options = segment.options;
  let sacked = 0;
  connection.environment.sackSampleSentAt = -1;
  for (let block = firstBlock; block < options.sackCount; block++) {
    const start = options.sackStart[block];
    const end = options.sackEnd[block];
    // A block must lie in what is in flight; others are stale or forged.
    if (!isBefore(start, end) || isBefore(start, connection.una) || isAfter(end, connection.nxt))
      continue;
    board.cutAt(start);
    board.cutAt(end);
    for (let i = board.find(start); i < board.count && isBefore(board.start(i), end); i++) {
      const flags = board.flags(i);
      if ((flags & RECORD_SACKED) !== 0) continue;
      sacked += board.length(i);
      connection.rack.delivered(board.sentAt(i), board.end(i), flags, connection.rtt.minUs, now);
      if (
        (flags & RECORD_AMBIGUOUS) === 0 &&
        board.sentAt(i) > connection.environment.sackSampleSentAt
      )
        connection.environment.sackSampleSentAt = board.sentAt(i);
      board.markSacked(i);
    }
  }
  return sacked;
}

function sampleRoundTrip(
  connection: Connection,
  segment: Segment,
  sentAt: number,
  resentAt: number,
  now: number,
): void {
  if (sentAt >= 0) {
    connection.rtt.sample(now - sentAt, now);
    return;
  }
  // Retransmissions were acknowledged: the echoed timestamp tells which copy (RFC 7323 4). Only the last one counts: an
  // echo of an earlier copy comes with an ACK that was itself lost and sent again, and would feed the timeout to itself.
  if (resentAt < 0 || !connection.timestamps || echoOf(segment) === 0) return;
  const elapsedMs = distance(connection.timestampNow(now), echoOf(segment));
  if (elapsedMs >= 0 && elapsedMs * 1000 <= now - resentAt + 1000)
    connection.rtt.sample(Math.max(now - resentAt, 1), now);
}

/** RFC 8985 7.4: when a probe by retransmission filled a hole, the loss still counts for congestion. */
function settleTailProbe(
  connection: Connection,
  segment: Segment,
  sawDuplicateSack: boolean,
  now: number,
): void {
  if (isBefore(segment.acknowledgment, connection.tailProbeEnd)) return;
  connection.tailProbeOut = false;
  if (!connection.tailProbeIsRetransmission || sawDuplicateSack || connection.recovery !== 'open')
    return;
  // An echo older than the probe: the original arrived.
  if (connection.timestamps && undoneByEcho(connection, segment)) return;
  connection.congestion.congestion(connection.congestion.windowBytes, connection.segmentBytes, now);
  connection.congestion.windowBytes = connection.congestion.thresholdBytes;
}

function undoneByEcho(connection: Connection, segment: Segment): boolean {
  const echo = echoOf(segment);
  return (
    echo !== 0 &&
    connection.firstRetransmitStamp !== 0 &&
    isBefore(echo, connection.firstRetransmitStamp & ~1)
  );
}

/** Without SACK: three duplicate ACKs, then NewReno's partial ACKs (RFC 6582). */
function detectByDuplicates(connection: Connection, isDuplicate: boolean, advance: number): void {
  const board = connection.board;
  if (isDuplicate) {
    connection.duplicateAcks += 1;
    const most = Math.max(0, board.outstandingBytes - board.lostBytes);
    connection.renoSackedBytes = Math.min(
      connection.renoSackedBytes + connection.segmentBytes,
      most,
    );
    if (connection.duplicateAcks === DUPLICATE_ACKS && connection.recovery === 'open')
      board.markLost(0);
    return;
  }
  if (advance <= 0) return;
  connection.duplicateAcks = 0;
  if (connection.recovery !== 'recovery') {
    connection.renoSackedBytes = 0;
    return;
  }
  connection.renoSackedBytes = Math.max(
    0,
    connection.renoSackedBytes - Math.max(0, advance - connection.segmentBytes),
  );
  if (
    isBefore(connection.una, connection.recoveryPoint) &&
    board.count > 0 &&
    (board.flags(0) & RECORD_LOST) === 0
  )
    board.markLost(0);
}

function adjustWindow(
  connection: Connection,
  segment: Segment,
  advance: number,
  delivered: number,
  inFlightBefore: number,
  newLoss: boolean,
  renoBefore: number,
  now: number,
): void {
  const congestion = connection.congestion;
  if (connection.recovery === 'recovery') {
    if (connection.selectiveAck && delivered === 0) return;
    const counted = connection.selectiveAck
      ? delivered
      : Math.max(delivered, connection.segmentBytes);
    congestion.windowBytes = connection.reduction.window(
      counted,
      connection.pipeBytes,
      congestion.thresholdBytes,
      connection.segmentBytes,
      advance > 0 && !newLoss,
    );
    return;
  }
  if (connection.ecn && (segment.flags & TCP_ECE) !== 0) {
    if (!connection.ecnReduced || !isBefore(connection.una, connection.ecnReducedPoint)) {
      congestion.congestion(inFlightBefore, connection.segmentBytes, now);
      congestion.windowBytes = congestion.thresholdBytes;
      connection.ecnReduced = true;
      connection.ecnReducedPoint = connection.nxt;
      connection.windowReducedPending = true;
    }
    return;
  }
  if (advance <= 0) return;
  const slowStart = congestion.windowBytes < congestion.thresholdBytes;
  // In slow start the window may grow to twice what was ever in flight in the last round (RFC 7661's concern).
  const limited =
    connection.windowLimited ||
    connection.recovery === 'loss' ||
    (slowStart && congestion.windowBytes < 2 * connection.flightMaxBytes);
  // What SACK blocks or duplicate ACKs reported before has been counted.
  const grown = connection.selectiveAck
    ? delivered
    : Math.max(connection.segmentBytes, advance - renoBefore);
  congestion.acknowledged(
    Math.min(grown, advance),
    connection.segmentBytes,
    now,
    connection.rtt.smoothedUs,
    limited,
  );
}
