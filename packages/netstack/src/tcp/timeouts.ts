// The timers of a connection. Each purpose has its own deadline field; one timer in the stack's heap stands for the
// earliest. Deadlines that move later do not touch the heap: the timer fires, finds nothing due and arms itself again.

import { EVENT_CLOSED, EVENT_READABLE, EVENT_WRITABLE, type NetError } from '../events.js';
import { NEVER } from '../timers.js';
import type { Connection } from './connection.js';
import { enterRecoveryIfLost } from './recovery.js';
import { RECORD_SACKED } from './scoreboard.js';
import { isOpening, TcpState } from './state.js';
import { sendReset, sendTailProbe, sendWindowProbe } from './transmit.js';

const TAIL_PROBE_MIN_US = 2_000;
/** The peer may delay its ACK for a lone segment (RFC 8985 7.2). */
const WORST_DELAYED_ACK_US = 200_000;

export function reschedule(connection: Connection): void {
  if (connection.state === TcpState.Closed) return;
  const next = Math.min(
    connection.retransmitAt,
    connection.reorderAt,
    connection.delayedAckAt,
    connection.persistAt,
    connection.keepaliveAt,
    connection.finalAt,
    connection.userTimeoutAt,
    connection.corkAt,
  );
  const timer = connection.timer;
  if (timer.place >= 0 && timer.deadline <= next && next !== NEVER) return;
  connection.environment.timers.set(timer, next);
}

export function timerFired(connection: Connection, now: number): void {
  if (connection.finalAt <= now) {
    closeConnection(connection, undefined);
    return;
  }
  if (connection.userTimeoutAt <= now) {
    fail(connection, 'timed-out');
    return;
  }
  if (connection.delayedAckAt <= now) {
    connection.delayedAckAt = NEVER;
    connection.ackNow = true;
  }
  if (connection.corkAt <= now) {
    connection.corkAt = NEVER;
    connection.pushPending = true;
  }
  if (connection.persistAt <= now) persistFired(connection, now);
  if (connection.reorderAt <= now) {
    connection.reorderAt = NEVER;
    detectByRack(connection, now);
    enterRecoveryIfLost(connection, now);
  }
  if (connection.keepaliveAt <= now) keepaliveFired(connection, now);
  if (connection.state !== TcpState.Closed && connection.retransmitAt <= now)
    retransmitFired(connection, now);
  if (connection.state === TcpState.Closed) return;
  connection.environment.markDirty(connection);
  reschedule(connection);
}

/** Runs RACK and keeps its timer. */
export function detectByRack(connection: Connection, now: number): void {
  const segments = Math.trunc(
    (connection.board.sackedBytes + connection.segmentBytes - 1) / connection.segmentBytes,
  );
  const window = connection.rack.windowUs(
    connection.rtt.minUs,
    connection.rtt.smoothedUs,
    connection.recovery !== 'open',
    segments,
  );
  const wait = connection.rack.detect(connection.board, window, now);
  connection.reorderAt = wait > 0 ? now + wait : NEVER;
}

/** Arms the retransmission timer, or the tail-loss probe that may come before it (RFC 8985 7.2). */
export function armRetransmission(connection: Connection, now: number): void {
  if (connection.board.count === 0) {
    connection.retransmitAt = NEVER;
    connection.userTimeoutAt = NEVER;
    return;
  }
  if (connection.userTimeoutUs > 0 && connection.userTimeoutAt === NEVER)
    connection.userTimeoutAt = now + connection.userTimeoutUs;
  const timeout = now + connection.rtt.timeoutUs;
  connection.retransmitAt = timeout;
  connection.retransmitIsTailProbe = false;
  const probes =
    connection.selectiveAck && connection.recovery === 'open' && !connection.tailProbeOut;
  if (!probes || connection.rtt.smoothedUs === 0 || connection.board.sackedBytes > 0) return;
  // The probe never comes later than the timeout would; then it takes its place.
  let wait = Math.max(2 * connection.rtt.smoothedUs, TAIL_PROBE_MIN_US);
  if (connection.board.outstandingBytes <= connection.segmentBytes) wait += WORST_DELAYED_ACK_US;
  connection.retransmitAt = Math.min(now + wait, timeout);
  connection.retransmitIsTailProbe = true;
}

/** The window is closed (or too small to use) and nothing is in flight that would bring an ACK. */
export function armPersist(connection: Connection, now: number): void {
  const waits =
    !connection.finSent &&
    (connection.send.length > 0 || connection.finQueued) &&
    connection.board.count === 0;
  if (
    !waits ||
    connection.windowLeft >= Math.max(1, Math.min(connection.send.length, connection.segmentBytes))
  ) {
    connection.persistAt = NEVER;
    connection.persistBackoff = 0;
    return;
  }
  if (connection.persistAt !== NEVER) return;
  connection.persistAt = now + persistUs(connection);
}

function persistUs(connection: Connection): number {
  let wait = connection.rtt.timeoutUs;
  const most = connection.environment.limits.tcpRetransmitMaxUs;
  for (let i = 0; i < connection.persistBackoff && wait < most; i++) wait *= 2;
  return Math.min(wait, most);
}

function persistFired(connection: Connection, now: number): void {
  connection.persistBackoff += 1;
  connection.persistAt = now + persistUs(connection);
  // An orphan does not keep probing for ever (RFC 9293 3.8.6.1 lets a live one do so).
  if (
    connection.closedByUser &&
    connection.persistBackoff > connection.environment.limits.tcpRetriesMax
  ) {
    fail(connection, 'timed-out');
    return;
  }
  sendWindowProbe(connection);
}

function keepaliveFired(connection: Connection, now: number): void {
  if (
    !connection.keepalive ||
    isOpening(connection.state) ||
    connection.state === TcpState.TimeWait
  ) {
    connection.keepaliveAt = NEVER;
    return;
  }
  const idle = now - connection.lastReceivedAt;
  if (connection.keepaliveProbes === 0 && idle < connection.keepaliveIdleUs) {
    connection.keepaliveAt = connection.lastReceivedAt + connection.keepaliveIdleUs;
    return;
  }
  if (connection.board.count > 0) {
    // Data in flight tests the path by itself.
    connection.keepaliveAt = now + connection.keepaliveIdleUs;
    return;
  }
  if (connection.keepaliveProbes >= connection.keepaliveProbesMax) {
    fail(connection, 'timed-out');
    return;
  }
  connection.keepaliveProbes += 1;
  connection.keepaliveAt = now + connection.keepaliveIntervalUs;
  sendWindowProbe(connection);
}

function retransmitFired(connection: Connection, now: number): void {
  const environment = connection.environment;
  const limits = environment.limits;
  if (isOpening(connection.state)) {
    connection.synRetries += 1;
    if (connection.synRetries > limits.tcpSynRetriesMax) {
      closeConnection(connection, connection.softError ?? 'timed-out');
      return;
    }
    connection.rtt.backoff += 1;
    connection.synPending = true;
    connection.retransmitAt = now + connection.rtt.timeoutUs;
    return;
  }
  if (connection.board.count === 0) {
    connection.retransmitAt = NEVER;
    return;
  }
  if (connection.retransmitIsTailProbe) {
    connection.retransmitIsTailProbe = false;
    sendTailProbe(connection, now);
    connection.tailProbeOut = true;
    connection.retransmitAt = now + connection.rtt.timeoutUs;
    return;
  }
  connection.retries += 1;
  if (connection.retries > limits.tcpRetriesMax) {
    fail(connection, connection.softError ?? 'timed-out');
    return;
  }
  environment.counters.timeouts += 1;
  timeoutRecovery(connection, now);
}

/** RFC 6298 5.4-5.7 and RFC 5681 3.1: everything in flight counts as lost, the window restarts at one segment. */
function timeoutRecovery(connection: Connection, now: number): void {
  const board = connection.board;
  const first = connection.recovery !== 'loss';
  const inFlight = board.outstandingBytes;
  if (first) {
    connection.undoWindow = connection.congestion.windowBytes;
    connection.undoThreshold = connection.congestion.thresholdBytes;
    connection.undoPossible = true;
    connection.firstRetransmitStamp = 0;
  }
  // The receiver forgot what it had SACKed if the first run is SACKed but was not acknowledged.
  if ((board.flags(0) & RECORD_SACKED) !== 0) board.forgetSacks();
  board.markAllLost();
  connection.congestion.timeout(inFlight, connection.segmentBytes, now, first);
  connection.recovery = 'loss';
  connection.recoveryPoint = connection.nxt;
  connection.duplicateAcks = 0;
  connection.renoSackedBytes = 0;
  connection.forceRetransmit = true;
  connection.tailProbeOut = false;
  connection.reorderAt = NEVER;
  connection.rtt.backoff += 1;
  connection.retransmitAt = now + connection.rtt.timeoutUs;
  // The path may have changed: ask for the next hop again after repeated silence.
  if (connection.retries >= 3) connection.updateSegmentBytes();
}

function fail(connection: Connection, error: NetError): void {
  sendReset(connection);
  closeConnection(connection, error);
}

export function enterTimeWait(connection: Connection, now: number): void {
  connection.state = TcpState.TimeWait;
  connection.retransmitAt = NEVER;
  connection.persistAt = NEVER;
  connection.corkAt = NEVER;
  connection.reorderAt = NEVER;
  connection.keepaliveAt = NEVER;
  connection.userTimeoutAt = NEVER;
  connection.board.clear();
  connection.send.release();
  connection.finalAt = now + connection.environment.limits.tcpTimeWaitUs;
  connection.environment.events.post(connection, EVENT_CLOSED);
  reschedule(connection);
}

/** The end: the tuple is free, memory goes back, the user hears of it. Bytes not yet read stay readable. */
export function closeConnection(connection: Connection, error: NetError | undefined): void {
  if (connection.state === TcpState.Closed) return;
  const environment = connection.environment;
  const wasOpening = connection.state === TcpState.SynReceived;
  connection.state = TcpState.Closed;
  connection.error ??= error;
  environment.timers.clear(connection.timer);
  environment.table.remove(connection);
  connection.board.clear();
  connection.send.release();
  connection.receive.dropRanges();
  if (connection.receive.readable === 0 || connection.closedByUser) connection.receive.release();
  const listener = connection.listener;
  if (listener !== undefined) listener.forget(connection, wasOpening);
  environment.events.post(connection, EVENT_CLOSED | EVENT_READABLE | EVENT_WRITABLE);
}

/** A keep-alive was answered, or anything else arrived. */
export function heardFromPeer(connection: Connection, now: number): void {
  connection.lastReceivedAt = now;
  if (connection.keepaliveProbes > 0) {
    connection.keepaliveProbes = 0;
    connection.keepaliveAt = now + connection.keepaliveIdleUs;
  }
}
