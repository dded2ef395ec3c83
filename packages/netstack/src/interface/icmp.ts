// ICMP and ICMPv6: echo replies, errors we send (rate-limited, never about errors or groups), errors we receive.

import type { Limits } from '../limits.js';
import { RateLimit } from '../rate-limit.js';
import type { Instant } from '../timers.js';
import { copyBytes, read16, readUnsigned32, write16, write32 } from '../wire/bytes.js';
import { foldSum } from '../wire/checksum.js';
import {
  ICMP_HEADER_BYTES,
  ICMPV4_ECHO_REPLY,
  ICMPV4_ECHO_REQUEST,
  ICMPV4_PARAMETER_PROBLEM,
  ICMPV4_TIME_EXCEEDED,
  ICMPV4_UNREACHABLE,
  ICMPV6_ECHO_REPLY,
  ICMPV6_ECHO_REQUEST,
  ICMPV6_PACKET_TOO_BIG,
  ICMPV6_PARAMETER_PROBLEM,
  ICMPV6_TIME_EXCEEDED,
  ICMPV6_UNREACHABLE,
  IcmpView,
  isIcmpv4Error,
  UNREACHABLE_FRAGMENTATION_NEEDED,
  UNREACHABLE_PORT,
  UNREACHABLE_PROTOCOL,
  V6_UNREACHABLE_PORT,
} from '../wire/icmp.js';
import { Ipv4View, PROTOCOL_ICMP, PROTOCOL_ICMPV6, pseudoHeaderSum } from '../wire/ipv4.js';
import { ExtensionWalk, Ipv6View, walkExtensions } from '../wire/ipv6.js';
import type { IpInput } from './ip-input.js';
import type { IpOutput } from './ip-output.js';
import { IcmpError, type IcmpErrorKind, type IncomingPacket, type PacketSink } from './packet.js';
import type { Paths } from './paths.js';

const QUOTE_V4_BYTES_MAX = 576 - 20 - ICMP_HEADER_BYTES;
const QUOTE_V6_BYTES_MAX = 1280 - 40 - ICMP_HEADER_BYTES;

/** ICMPv6 types handled by others: neighbour discovery and multicast listener discovery. */
export interface Icmpv6Extension {
  /** False when the type is not its own. The checksum was good. */
  message(packet: IncomingPacket, type: number): boolean;
}

export class Icmp implements PacketSink {
  readonly #paths: Paths;
  readonly #output: IpOutput;
  readonly #input: IpInput;
  readonly #instant: Instant;
  readonly #errorsLimit: RateLimit;
  readonly #view: IcmpView = new IcmpView();
  readonly #quoted4: Ipv4View = new Ipv4View();
  readonly #quoted6: Ipv6View = new Ipv6View();
  readonly #walk: ExtensionWalk = new ExtensionWalk();
  readonly #error: IcmpError = new IcmpError();
  readonly #extension: Icmpv6Extension;

  constructor(
    paths: Paths,
    output: IpOutput,
    input: IpInput,
    instant: Instant,
    limits: Limits,
    extension: Icmpv6Extension,
  ) {
    this.#paths = paths;
    this.#output = output;
    this.#input = input;
    this.#instant = instant;
    this.#errorsLimit = new RateLimit(limits.icmpErrorsPerSecondMax);
    this.#extension = extension;
  }

  deliver(packet: IncomingPacket): boolean {
    const view = this.#view;
    if (!view.over(packet.buffer, packet.payloadAt, packet.end)) return true;
    if (packet.isV4 !== (packet.protocol === PROTOCOL_ICMP)) return true;
    if (!this.#checksumIsGood(packet)) return true;
    const type = view.type;
    if (packet.isV4) {
      if (type === ICMPV4_ECHO_REQUEST) this.#reply(packet, ICMPV4_ECHO_REPLY);
      else if (isIcmpv4Error(type)) this.#received(packet);
      return true;
    }
    if (type === ICMPV6_ECHO_REQUEST) this.#reply(packet, ICMPV6_ECHO_REPLY);
    else if (type < 128) this.#received(packet);
    else this.#extension.message(packet, type);
    return true;
  }

  /** Errors about ICMP itself interest nobody here. */
  error(_error: IcmpError): void {}

  #checksumIsGood(packet: IncomingPacket): boolean {
    const length = packet.end - packet.payloadAt;
    const checksummer = packet.networkInterface?.checksummer;
    if (checksummer === undefined) return false;
    // Our own loopback leaves ICMPv6 checksums unfinished, as an offloading device would.
    if (packet.networkInterface?.isLoopback === true && packet.checksumIsKnownGood) return true;
    let sum = checksummer.sum(packet.buffer, packet.payloadAt, length);
    if (!packet.isV4)
      sum += pseudoHeaderSum(packet.source, packet.destination, PROTOCOL_ICMPV6, length);
    if (foldSum(sum) === 0xffff) return true;
    if (packet.networkInterface !== undefined) packet.networkInterface.counters.checksumErrors += 1;
    return false;
  }

  #reply(packet: IncomingPacket, type: number): void {
    if (packet.isV4 && packet.isMulticast) return;
    const path = this.#paths.lookup(packet.source);
    if (path === undefined) return;
    const length = packet.end - packet.payloadAt;
    const from = packet.isMulticast ? path.source : packet.destination.clone();
    const opened = this.#output.open(
      path,
      from,
      packet.protocol,
      length,
      packet.trafficClass & 0xfc,
      64,
      false,
    );
    if (opened !== 'open') return;
    const at = this.#output.payloadAt;
    copyBytes(this.#output.buffer, at, packet.buffer, packet.payloadAt, length);
    this.#output.buffer[at] = type;
    write16(this.#output.buffer, at + 2, 0);
    this.#seal(packet.isV4, length);
    this.#output.commit(ICMP_HEADER_BYTES);
  }

  /** ICMPv4 has no pseudo header, so offload does not fit: both are summed here. */
  #seal(isV4: boolean, length: number): void {
    if (!isV4) {
      this.#output.finishChecksum(2);
      return;
    }
    const { buffer, payloadAt } = this.#output;
    let sum = 0;
    for (let i = 0; i + 1 < length; i += 2) sum += read16(buffer, payloadAt + i);
    if ((length & 1) !== 0) sum += buffer[payloadAt + length - 1] << 8;
    write16(buffer, payloadAt + 2, ~foldSum(sum) & 0xffff);
  }

  portUnreachable(packet: IncomingPacket): void {
    if (packet.isV4) this.sendError(packet, ICMPV4_UNREACHABLE, UNREACHABLE_PORT, 0);
    else this.sendError(packet, ICMPV6_UNREACHABLE, V6_UNREACHABLE_PORT, 0);
  }

  protocolUnreachable(packet: IncomingPacket): void {
    if (packet.isV4) this.sendError(packet, ICMPV4_UNREACHABLE, UNREACHABLE_PROTOCOL, 0);
    else this.sendError(packet, ICMPV6_PARAMETER_PROBLEM, 1, 6);
  }

  /** Answers a packet with an error that quotes its beginning. */
  sendError(packet: IncomingPacket, type: number, code: number, word: number): void {
    if (packet.isMulticast || packet.source.isUnspecified || packet.source.isMulticast) return;
    if (packet.packetAt === packet.payloadAt) return;
    if (this.#isErrorItself(packet)) return;
    if (!this.#errorsLimit.allow(this.#instant.us)) return;
    const path = this.#paths.lookup(packet.source);
    if (path === undefined) return;
    const quoteMax = packet.isV4 ? QUOTE_V4_BYTES_MAX : QUOTE_V6_BYTES_MAX;
    const quote = Math.min(packet.end - packet.packetAt, quoteMax);
    const length = ICMP_HEADER_BYTES + quote;
    const protocol = packet.isV4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6;
    if (
      this.#output.open(path, packet.destination.clone(), protocol, length, 0xc0, 64, false) !==
      'open'
    )
      return;
    const at = this.#output.payloadAt;
    const buffer = this.#output.buffer;
    buffer[at] = type;
    buffer[at + 1] = code;
    write16(buffer, at + 2, 0);
    write32(buffer, at + 4, word);
    copyBytes(buffer, at + ICMP_HEADER_BYTES, packet.buffer, packet.packetAt, quote);
    this.#seal(packet.isV4, length);
    this.#output.commit(ICMP_HEADER_BYTES);
  }

  #isErrorItself(packet: IncomingPacket): boolean {
    if (packet.protocol !== PROTOCOL_ICMP && packet.protocol !== PROTOCOL_ICMPV6) return false;
    if (packet.end - packet.payloadAt < 1) return true;
    const type = packet.buffer[packet.payloadAt];
    return packet.protocol === PROTOCOL_ICMP ? isIcmpv4Error(type) : type < 128;
  }

  #received(packet: IncomingPacket): void {
    const view = this.#view;
    const error = this.#error;
    error.kind = packet.isV4 ? kindOfV4(view.type, view.code) : kindOfV6(view.type, view.code);
    error.mtu = 0;
    if (error.kind === 'too-big')
      error.mtu = packet.isV4
        ? read16(packet.buffer, view.at + 6)
        : readUnsigned32(packet.buffer, view.at + 4);
    const transport = packet.isV4
      ? this.#quotedV4(view.bodyAt, packet)
      : this.#quotedV6(view.bodyAt, packet);
    if (transport < 0) return;
    const protocol = this.#walk.protocol;
    if (packet.end - transport < 8) return;
    error.sourcePort = read16(packet.buffer, transport);
    error.destinationPort = read16(packet.buffer, transport + 2);
    error.sequence = readUnsigned32(packet.buffer, transport + 4) | 0;
    // Only believe errors about packets that we can have sent.
    if (this.#paths.ownerOf(error.source) === undefined) return;
    this.#input.sink(protocol)?.error(error);
  }

  /** Offset of the quoted transport header, -1 when it is not there. Leaves the protocol in the walk. */
  #quotedV4(at: number, packet: IncomingPacket): number {
    if (packet.end - at < 20 || packet.buffer[at] >>> 4 !== 4) return -1;
    const view = this.#quoted4;
    view.buffer = packet.buffer;
    view.at = at;
    if (view.headerBytes < 20 || view.fragmentOffset !== 0) return -1;
    this.#error.source.readV4(packet.buffer, at + 12);
    this.#error.destination.readV4(packet.buffer, at + 16);
    this.#walk.protocol = view.protocol;
    return at + view.headerBytes;
  }

  #quotedV6(at: number, packet: IncomingPacket): number {
    if (packet.end - at < 40 || packet.buffer[at] >>> 4 !== 6) return -1;
    const view = this.#quoted6;
    view.buffer = packet.buffer;
    view.at = at;
    view.end = packet.end;
    this.#error.source.readV6(packet.buffer, at + 8);
    this.#error.destination.readV6(packet.buffer, at + 24);
    walkExtensions(view, this.#walk);
    return this.#walk.problem === -1 ? this.#walk.at : -1;
  }
}

function kindOfV4(type: number, code: number): IcmpErrorKind {
  if (type === ICMPV4_TIME_EXCEEDED) return 'time-exceeded';
  if (type === ICMPV4_PARAMETER_PROBLEM) return 'other';
  if (type !== ICMPV4_UNREACHABLE) return 'other';
  if (code === UNREACHABLE_FRAGMENTATION_NEEDED) return 'too-big';
  if (code === UNREACHABLE_PORT) return 'port-unreachable';
  if (code === UNREACHABLE_PROTOCOL) return 'protocol-unreachable';
  return 'unreachable';
}

function kindOfV6(type: number, code: number): IcmpErrorKind {
  if (type === ICMPV6_PACKET_TOO_BIG) return 'too-big';
  if (type === ICMPV6_TIME_EXCEEDED) return 'time-exceeded';
  if (type === ICMPV6_UNREACHABLE)
    return code === V6_UNREACHABLE_PORT ? 'port-unreachable' : 'unreachable';
  if (type === ICMPV6_PARAMETER_PROBLEM && code === 1) return 'protocol-unreachable';
  return 'other';
}
