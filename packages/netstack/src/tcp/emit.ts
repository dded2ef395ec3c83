// One segment of a connection onto the wire: options, header, data, checksum.

import { NEVER } from '../timers.js';
import { ECN_ECT0, IPV4_HEADER_BYTES, PROTOCOL_TCP } from '../wire/ipv4.js';
import { IPV6_HEADER_BYTES } from '../wire/ipv6.js';
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
import { TCP_OPTIONS_BYTES_MAX, type TcpOptions } from '../wire/tcp-options.js';
import type { Connection } from './connection.js';
import { setFastOpen } from './fast-open.js';
import { distance, sequenceAdd } from './sequence.js';

const NO_COOKIE: Uint8Array = new Uint8Array(0);

/** MSS that we announce: what fits our link, not the path. */
export function localMss(connection: Connection): number {
  const header = connection.remoteAddress.isV4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
  const byLink = Math.min(connection.path.networkInterface.mtu - header - TCP_HEADER_BYTES, 65535);
  return connection.segmentBytesMax === 0 ? byLink : Math.min(byLink, connection.segmentBytesMax);
}

/** Options of any segment but a SYN. */
function fillOptions(connection: Connection, options: TcpOptions, now: number): void {
  options.clear();
  if (connection.timestamps) {
    options.hasTimestamp = true;
    options.timestampValue = connection.timestampNow(now);
    options.timestampEcho = connection.timestampRecent;
  }
  if (connection.selectiveAck) fillSack(connection, options);
}

/** The duplicate that arrived first (RFC 2883), then the ranges most recently touched. */
function fillSack(connection: Connection, options: TcpOptions): void {
  let count = 0;
  if (connection.duplicateSackPending) {
    options.sackStart[0] = connection.duplicateSackStart;
    options.sackEnd[0] = connection.duplicateSackEnd;
    count = 1;
  }
  const receive = connection.receive;
  const ranges = receive.rangeCount;
  if (count === 0 && ranges === 0) return;
  const most = connection.timestamps ? 3 : 4;
  for (let rank = 0; rank < ranges && count < most; rank++) {
    const index = receive.recentRange(rank);
    if (index < 0) break;
    options.sackStart[count] = receive.rangeStart(index);
    options.sackEnd[count] = receive.rangeEnd(index);
    count += 1;
  }
  options.sackCount = count;
}

function fillSynOptions(
  connection: Connection,
  options: TcpOptions,
  now: number,
  isAnswer: boolean,
): void {
  const environment = connection.environment;
  options.clear();
  options.mss = localMss(connection);
  if (isAnswer ? connection.timestamps : environment.timestamps) {
    options.hasTimestamp = true;
    options.timestampValue = connection.timestampNow(now);
    options.timestampEcho = connection.timestampRecent;
  }
  options.sackPermitted = isAnswer ? connection.selectiveAck : environment.selectiveAck;
  const scaling = isAnswer ? connection.scaling : environment.windowScaling;
  if (scaling) options.windowScale = connection.receiveScale;
  if (isAnswer) {
    if (connection.fastOpenCookie !== undefined)
      setFastOpen(options, connection.fastOpenCookie, connection.fastOpenExperimental);
  } else if (connection.fastOpen && connection.synRetries === 0) {
    const known = environment.fastOpen.known(connection.remoteAddress);
    if (known === undefined) setFastOpen(options, NO_COOKIE, false);
    else setFastOpen(options, known.bytes, known.experimental);
  }
}

/**
 * The window field, and the promise that goes with it. Never takes back what was promised; small steps are held back
 * until they are worth a segment (RFC 9293 3.8.6.2.2).
 */
export function chooseWindow(connection: Connection): number {
  const receive = connection.receive;
  const scale = connection.receiveScale;
  const promised = distance(connection.advertisedEdge, connection.receiveNext);
  const free = receive.free;
  let window = Math.max(promised, 0);
  const step = Math.min(connection.segmentBytes, receive.limit >> 1);
  if (free - window >= step) window = free;
  let field = Math.min(window >> scale, 0xffff);
  // Rounding down must not take back a promise of less than one unit.
  if (field << scale < promised && field < 0xffff && (field + 1) << scale <= free) field += 1;
  const edge = sequenceAdd(connection.receiveNext, field << scale);
  if (distance(edge, connection.advertisedEdge) > 0) connection.advertisedEdge = edge;
  return field;
}

/**
 * Sends one segment with `length` bytes from the send buffer, starting at `sequence`. `dataOffset` is where that lies in
 * the buffer. `segmentBytes` not 0: the device cuts it into pieces of this size. False: the device has no room.
 */
export function emitSegment(
  connection: Connection,
  sequence: number,
  dataOffset: number,
  length: number,
  flags: number,
  segmentBytes: number,
): boolean {
  const environment = connection.environment;
  const now = environment.instant.us;
  const options = environment.options;
  const isSyn = (flags & TCP_SYN) !== 0;
  if (isSyn) fillSynOptions(connection, options, now, (flags & TCP_ACK) !== 0);
  else fillOptions(connection, options, now);
  const path = environment.paths.refresh(connection.path);
  if (path === undefined) {
    connection.softError = 'unreachable';
    return false;
  }
  connection.path = path;
  const headerBytes = TCP_HEADER_BYTES + options.byteLength;
  let allFlags = flags;
  let trafficClass = connection.trafficClass & 0xfc;
  if (connection.ecn && !isSyn) {
    if (length > 0) trafficClass |= ECN_ECT0;
    if (connection.echoCongestion) allFlags |= TCP_ECE;
    if (connection.windowReducedPending && length > 0) allFlags |= TCP_CWR;
  }
  const output = environment.output;
  const opened = output.openVia(
    path.networkInterface,
    path.neighbour,
    path.mtu(now),
    connection.localAddress,
    connection.remoteAddress,
    PROTOCOL_TCP,
    headerBytes + length,
    trafficClass,
    connection.hopLimit,
    // Don't fragment, unless the segment is larger than the path allows (the MTU shrank after it was first sent).
    segmentBytes > 0 || fits(headerBytes + length, path.mtu(now), connection),
    segmentBytes,
  );
  if (opened !== 'open') return false;
  const window = isSyn ? Math.min(connection.receive.free, 0xffff) : chooseWindow(connection);
  if (isSyn) connection.advertisedEdge = sequenceAdd(connection.receiveNext, window);
  const { buffer, payloadAt } = output;
  options.emit(buffer, payloadAt + TCP_HEADER_BYTES);
  writeTcpHeader(
    buffer,
    payloadAt,
    connection.localPort,
    connection.remotePort,
    sequence,
    (allFlags & TCP_ACK) !== 0 ? connection.receiveNext : 0,
    allFlags,
    window,
    0,
    headerBytes,
  );
  if (length > 0) connection.send.copy(dataOffset, length, buffer, payloadAt + headerBytes);
  output.finishChecksum(16);
  output.commit(headerBytes);
  environment.counters.segmentsOut += 1;
  if ((allFlags & TCP_CWR) !== 0 && length > 0) connection.windowReducedPending = false;
  if ((allFlags & TCP_ACK) !== 0) acknowledgmentSent(connection);
  if (length > 0 || (flags & (TCP_SYN | TCP_FIN)) !== 0) connection.lastSentAt = now;
  return true;
}

function fits(tcpBytes: number, mtu: number, connection: Connection): boolean {
  return tcpBytes + (connection.remoteAddress.isV4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES) <= mtu;
}

/** Every segment with an acknowledgment settles what was owed. */
function acknowledgmentSent(connection: Connection): void {
  connection.ackNow = false;
  connection.bytesToAcknowledge = 0;
  connection.delayedAckAt = NEVER;
  connection.duplicateSackPending = false;
  connection.lastAckSent = connection.receiveNext;
  if (connection.quickAcks > 0) connection.quickAcks -= 1;
}

/** An empty acknowledgment. */
export function emitAck(connection: Connection): boolean {
  return emitSegment(connection, connection.nxt, 0, 0, TCP_ACK, 0);
}

export function emitReset(connection: Connection): boolean {
  return emitSegment(connection, connection.nxt, 0, 0, TCP_RST | TCP_ACK, 0);
}

/** Largest payload of one segment with the options that it would carry now. */
export function payloadMax(connection: Connection): number {
  if (connection.receive.rangeCount === 0 && !connection.duplicateSackPending)
    return connection.segmentBytes;
  if (!connection.selectiveAck) return connection.segmentBytes;
  const options = connection.environment.options;
  fillOptions(connection, options, connection.environment.instant.us);
  const extra =
    Math.min(options.byteLength, TCP_OPTIONS_BYTES_MAX) - (connection.timestamps ? 12 : 0);
  return Math.max(8, connection.segmentBytes - extra);
}
