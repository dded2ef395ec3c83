// Runs a packetdrill script against the stack on virtual time. The stack sits on an IP link whose other end is the
// script: packets it injects arrive at their time, packets it expects must leave at theirs.
//
// Differences from the original tool, all deliberate: PSH is not compared (a hint whose placement differs with
// segmentation offload); one expected packet may match several of ours that together carry the same bytes, since the
// original sees segments before the network card cuts them; sysctls are mapped where this stack has the choice.

import type { LinkCapabilities, LinkDevice } from '../../src/contract.js';
import type { NetError } from '../../src/events.js';
import type { NetworkInterface } from '../../src/interface/interface.js';
import { Stack } from '../../src/stack.js';
import type { Connection } from '../../src/tcp/connection.js';
import type { TcpListener } from '../../src/tcp/listener.js';
import { TcpState } from '../../src/tcp/state.js';
import { SeededRandom } from '../../src/testing/random.js';
import { type IpAddress, ipv4, parseIpv6 } from '../../src/wire/address.js';
import { finishChecksum, sumBytes } from '../../src/wire/checksum.js';
import { MAC_ZERO } from '../../src/wire/ethernet.js';
import {
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  pseudoHeaderSum,
  writeIpv4Header,
} from '../../src/wire/ipv4.js';
import { writeIpv6Header } from '../../src/wire/ipv6.js';
import { emitTcp, parseTcp, type TcpHeader } from '../../src/wire/tcp.js';
import { TcpOptions } from '../../src/wire/tcp-options.js';
import {
  type Event,
  type Packet,
  parseScript,
  type Script,
  ScriptError,
  type When,
} from './parse.js';

const START_US = 10_000_000;
const LOCAL_PORT = 8080;
const REMOTE_PORT = 36000;
const FLAGS: { [letter: string]: number } = {
  F: 1,
  S: 2,
  R: 4,
  P: 8,
  '.': 16,
  U: 32,
  E: 64,
  W: 128,
};
const ERRNO: { [K in NetError]?: string } = {
  refused: 'ECONNREFUSED',
  reset: 'ECONNRESET',
  'timed-out': 'ETIMEDOUT',
  unreachable: 'EHOSTUNREACH',
  aborted: 'ECONNRESET',
};

/** The script asks for something that this interpreter or stack does not have. */
export class Unsupported extends Error {}
/** The stack did something else than the script says. */
export class Mismatch extends Error {}

interface Sent {
  readonly at: number;
  readonly header: TcpHeader;
  readonly payloadBytes: number;
  readonly trafficClass: number;
}

class ScriptDevice implements LinkDevice {
  readonly capabilities: LinkCapabilities = {
    medium: 'ip',
    mtu: 1500,
    mac: MAC_ZERO,
    checksumTransmit: false,
    checksumReceive: false,
    segmentationBytesMax: 0,
  };
  readonly sent: Sent[] = [];
  readonly #buffer = new Uint8Array(2048);
  now = 0;

  reserve(): Uint8Array {
    return this.#buffer;
  }

  commit(bytes: number): void {
    const v4 = this.#buffer[0] >>> 4 === 4;
    if (this.#buffer[v4 ? 9 : 6] !== PROTOCOL_TCP) return;
    const at = v4 ? 20 : 40;
    const header = parseTcp(this.#buffer, at, bytes);
    if (header === undefined) throw new Mismatch('the stack sent a malformed segment');
    const headerBytes = (this.#buffer[at + 12] >>> 4) << 2;
    const trafficClass = v4
      ? this.#buffer[1]
      : ((this.#buffer[0] & 15) << 4) | (this.#buffer[1] >>> 4);
    this.sent.push({ at: this.now, header, payloadBytes: bytes - at - headerBytes, trafficClass });
  }
}

interface Descriptor {
  listener: TcpListener | undefined;
  connection: Connection | undefined;
  nonblocking: boolean;
  bound: boolean;
  readonly options: ((c: Connection) => void)[];
  connectReported: boolean;
  corkedByMore?: boolean;
  readShut?: boolean;
}

function letters(flags: number): string {
  return Object.entries(FLAGS)
    .filter(([letter, bit]) => letter !== 'P' && (flags & bit) !== 0)
    .map(([letter]) => letter)
    .join('');
}

export class Runner {
  readonly #script: Script;
  readonly #device = new ScriptDevice();
  readonly #stack: Stack;
  readonly #interface: NetworkInterface;
  readonly #local: IpAddress;
  readonly #remote: IpAddress;
  readonly #fds = new Map<number, Descriptor>();
  readonly #toleranceUs: number;
  #now = START_US;
  #scriptTime = 0;
  #localPort = LOCAL_PORT;
  // Scripts count from the initial sequence numbers, except in SYNs, which state them.
  #localIsn: number | undefined;
  #scriptIsn = 0;
  #remoteIsn = 0;
  #remoteKnown = false;
  #stampOffset: number | undefined;

  constructor(source: string, v6: boolean) {
    this.#script = parseScript(source);
    this.#toleranceUs = Number(this.#script.options.get('tolerance_usecs') ?? 4000);
    const shell = this.#script.setup.join('\n') + ' ';
    const sysctl = (name: string, standard: string): string =>
      new RegExp(`${name}[= "]+([^\\s"\`]+)`).exec(shell)?.[1] ?? standard;
    this.#stack = new Stack({
      random: new SeededRandom(1),
      slowStartAfterIdle: sysctl('tcp_slow_start_after_idle', '0') !== '0',
      ecn: Number(sysctl('tcp_ecn', '0')) >= 1,
      timestamps: sysctl('tcp_timestamps', '1') !== '0',
      selectiveAck: sysctl('tcp_sack', '1') !== '0',
      windowScaling: sysctl('tcp_window_scaling', '1') !== '0',
      congestion: sysctl('tcp_congestion_control', 'cubic') === 'reno' ? 'reno' : 'cubic',
      limits: {
        tcpReceiveBytesMax: 15 * 1024 * 1024,
        tcpReceiveBytesInitial: 65536,
        tcpSendBytesInitial: 262144,
        tcpSynRetriesMax: 5,
      },
    });
    // The key that the public scripts configure.
    this.#stack.tcp.environment.fastOpen.setKey(0xa1a1a1a1, 0xb2b2b2b2, 0xc3c3c3c3, 0xd4d4d4d4);
    this.#stack.advance(this.#now);
    this.#local = v6 ? parseIpv6('fd3d:fa7b:d17d::1')! : ipv4(192, 168, 0, 1);
    this.#remote = v6 ? parseIpv6('fd3d:fa7b:d17d:8888::1')! : ipv4(192, 0, 2, 1);
    this.#interface = this.#stack.addInterface(this.#device, {
      addresses: [{ address: this.#local, bits: v6 ? 48 : 16 }],
      ...(v6 ? { gatewayV6: parseIpv6('fd3d:fa7b:d17d::2')! } : { gateway: ipv4(192, 168, 0, 2) }),
      ipv6: false,
    });
  }

  run(): void {
    for (const event of this.#script.events) {
      try {
        this.#event(event);
      } catch (error) {
        if (error instanceof Mismatch) throw new Mismatch(`line ${event.line}: ${error.message}`);
        if (error instanceof Unsupported)
          throw new Unsupported(`line ${event.line}: ${error.message}`);
        throw error;
      }
    }
  }

  #timeOf(when: When): number {
    if (when.kind === 'absolute') return when.us;
    return when.kind === 'any' ? this.#scriptTime : this.#scriptTime + when.us;
  }

  /** Runs the stack up to a moment, or to the first packet that it sends. */
  #advance(toUs: number, stopAtPacket: boolean): void {
    for (;;) {
      this.#device.now = this.#now;
      const next = this.#stack.poll(this.#now);
      if (stopAtPacket && this.#device.sent.length > 0) return;
      if (next > toUs) break;
      this.#now = Math.max(this.#now, next);
    }
    this.#now = Math.max(this.#now, toUs);
    this.#device.now = this.#now;
    this.#stack.poll(this.#now);
  }

  #event(event: Event): void {
    const time = this.#timeOf(event.when);
    if (event.type === 'expect') {
      this.#finishBlocked(time);
      this.#expect(event.packet, event.when, time);
      return;
    }
    this.#finishBlocked(time);
    this.#scriptTime = time;
    this.#advance(START_US + time, false);
    if (event.type === 'inject') this.#inject(event.packet);
    else if (event.type === 'assert') this.#assert(event.code);
    else if (event.type === 'shell') {
      if (!/sysctl_restore/.test(event.code))
        throw new Unsupported(`shell command: ${event.code.trim()}`);
    } else this.#call(event, time);
    this.#device.now = this.#now;
    this.#stack.poll(this.#now);
  }

  // Packets.

  #expect(packet: Packet, when: When, time: number): void {
    if (packet.icmp !== undefined) throw new Unsupported('expected ICMP');
    const latest =
      when.untilUs === undefined
        ? time
        : when.kind === 'relative'
          ? this.#scriptTime + when.untilUs
          : when.untilUs;
    const limit =
      when.kind === 'any' ? this.#now + 120_000_000 : START_US + latest + this.#toleranceUs;
    if (this.#device.sent.length === 0) this.#advance(limit, true);
    const first = this.#device.sent.shift();
    if (first === undefined) throw new Mismatch(`nothing was sent; expected ${this.#show(packet)}`);
    const at = first.at - START_US;
    if (when.kind !== 'any' && (at < time - this.#toleranceUs || at > latest + this.#toleranceUs))
      throw new Mismatch(
        `sent at ${at / 1e6}, expected at ${time / 1e6}: ${this.#describe(first)}`,
      );
    this.#scriptTime =
      when.kind === 'any' ? Math.max(this.#scriptTime, at) : when.untilUs === undefined ? time : at;
    this.#compare(packet, first);
  }

  #compare(packet: Packet, first: Sent): void {
    const isSyn = (first.header.flags & 2) !== 0;
    if (isSyn) {
      this.#localIsn = first.header.sequence;
      this.#scriptIsn = packet.start;
    }
    const wrong = (what: string): never => {
      throw new Mismatch(`${what}: sent ${this.#describe(first)}, expected ${this.#show(packet)}`);
    };
    const base = isSyn ? this.#scriptIsn : 0;
    const relative = (sequence: number): number =>
      ((sequence - (this.#localIsn ?? 0) + base) | 0) >>> 0;
    let last = first;
    const start = relative(first.header.sequence);
    if ((first.header.flags & 4) === 0 || packet.start !== 0)
      if (start !== packet.start) wrong('sequence');
    let end = start + first.payloadBytes;
    while (end < packet.end) {
      if (this.#device.sent.length === 0) this.#advance(this.#now + this.#toleranceUs, true);
      const more = this.#device.sent[0];
      if (more === undefined || relative(more.header.sequence) !== end) wrong('length');
      this.#device.sent.shift();
      last = more;
      end += more.payloadBytes;
    }
    if (end !== packet.end) {
      // Ours was larger than the script's: what is over stays to be matched.
      if (end < packet.end || packet.end === packet.start) wrong('length');
      this.#device.sent.unshift({
        ...last,
        payloadBytes: end - packet.end,
        header: { ...last.header, sequence: (packet.end + (this.#localIsn ?? 0)) | 0 },
      });
    }
    const wanted = [...packet.flags]
      .filter((l) => l !== 'P' && l !== '-')
      .reduce((sum, l) => sum | FLAGS[l], 0);
    const flags = last.header.flags & ~8;
    if (end === packet.end ? flags !== wanted : (flags & ~1) !== (wanted & ~1)) wrong('flags');
    if (
      packet.ack !== undefined &&
      (last.header.flags & 16) !== 0 &&
      ((last.header.acknowledgment - (isSyn ? 0 : this.#remoteIsn)) | 0) >>> 0 !== packet.ack
    )
      wrong('acknowledgment');
    if (packet.window !== undefined && last.header.window !== packet.window) wrong('window');
    if (packet.ecn !== undefined) {
      const codes: { [name: string]: number } = { noecn: 0, ect1: 1, ect0: 2, ce: 3 };
      if (packet.ecn in codes && (last.trafficClass & 3) !== codes[packet.ecn]) wrong('ECN');
    }
    this.#compareOptions(packet, last.header.options, wrong);
  }

  #compareOptions(packet: Packet, options: TcpOptions, wrong: (what: string) => never): void {
    if (packet.options === undefined) return;
    const live = this.#optionNames(options);
    const script = packet.options.filter((o) => o !== 'nop' && o !== 'eol' && o !== '');
    if (live.length !== script.length) wrong('options');
    for (const option of script) {
      const stamp = /^TS val (\d+) ecr (\d+)/.exec(option);
      if (stamp !== null) {
        if (!options.hasTimestamp) wrong('timestamp');
        this.#stampOffset ??= (options.timestampValue - Number(stamp[1])) | 0;
        if (options.timestampEcho >>> 0 !== Number(stamp[2])) wrong('timestamp echo');
        continue;
      }
      const sack = /^sack ([\d: ]+)$/.exec(option);
      if (sack !== null) {
        const blocks = sack[1].trim().split(/\s+/);
        const ours: string[] = [];
        for (let i = 0; i < options.sackCount; i++)
          ours.push(
            `${(options.sackStart[i] - this.#remoteIsn) >>> 0}:${(options.sackEnd[i] - this.#remoteIsn) >>> 0}`,
          );
        if (ours.join() !== blocks.join()) wrong(`SACK blocks ${ours.join(' ')}`);
        continue;
      }
      const fastOpen = /^(FO|FOEXP)\s*(\w*)$/.exec(option);
      const wanted =
        fastOpen === null ? option : `${fastOpen[1]} ${this.#cookieHex(fastOpen[2])}`.trim();
      if (!live.includes(wanted.replace(/\s+/g, ' '))) wrong('options');
    }
  }

  #optionNames(options: TcpOptions): string[] {
    const names: string[] = [];
    if (options.mss !== 0) names.push(`mss ${options.mss}`);
    if (options.sackPermitted) names.push('sackOK');
    if (options.hasTimestamp)
      names.push(`TS val ${options.timestampValue} ecr ${options.timestampEcho >>> 0}`);
    if (options.windowScale >= 0) names.push(`wscale ${options.windowScale}`);
    if (options.sackCount > 0) names.push(`sack of ${options.sackCount}`);
    if (options.fastOpenBytes >= 0) {
      const cookie = Buffer.from(options.fastOpenCookie.slice(0, options.fastOpenBytes)).toString(
        'hex',
      );
      names.push(`${options.fastOpenExperimental ? 'FOEXP' : 'FO'} ${cookie}`.trim());
    }
    return names;
  }

  #inject(packet: Packet): void {
    if (packet.icmp !== undefined) {
      this.#injectIcmp(packet.icmp);
      return;
    }
    if (packet.ack !== undefined && this.#localIsn === undefined) this.#localIsn = 0;
    const options = new TcpOptions();
    for (const option of packet.options ?? []) this.#injectOption(option, options);
    const flags = [...packet.flags].filter((l) => l !== '-').reduce((sum, l) => sum | FLAGS[l], 0);
    if ((flags & 2) !== 0 && !this.#remoteKnown) {
      this.#remoteIsn = packet.start | 0;
      this.#remoteKnown = true;
    }
    const payload = packet.end - packet.start;
    const buffer = new Uint8Array(200 + payload);
    const ipBytes = this.#local.isV4 ? 20 : 40;
    const headerBytes = emitTcp(
      {
        sourcePort: REMOTE_PORT,
        destinationPort: this.#localPort,
        sequence: (packet.start + ((flags & 2) === 0 ? this.#remoteIsn : 0)) | 0,
        acknowledgment:
          (flags & 16) === 0
            ? 0
            : ((packet.ack ?? 0) +
                (this.#localIsn ?? 0) -
                ((flags & 2) === 0 ? 0 : this.#scriptIsn)) |
              0,
        flags,
        window: packet.window ?? 65535,
        urgentPointer: packet.urgent ?? 0,
        options,
      },
      buffer,
      ipBytes,
    );
    const length = headerBytes + payload;
    const trafficClass =
      packet.ecn === 'ce' ? 3 : packet.ecn === 'ect0' ? 2 : packet.ecn === 'ect1' ? 1 : 0;
    if (this.#local.isV4)
      writeIpv4Header(
        buffer,
        0,
        this.#remote,
        this.#local,
        PROTOCOL_TCP,
        length,
        trafficClass,
        64,
        0,
        true,
      );
    else
      writeIpv6Header(
        buffer,
        0,
        this.#remote,
        this.#local,
        PROTOCOL_TCP,
        length,
        trafficClass,
        64,
        0,
      );
    const sum = finishChecksum(
      pseudoHeaderSum(this.#remote, this.#local, PROTOCOL_TCP, length) +
        sumBytes(buffer, ipBytes, length),
    );
    buffer[ipBytes + 16] = sum >>> 8;
    buffer[ipBytes + 17] = sum & 0xff;
    this.#device.now = this.#now;
    this.#stack.receive(this.#interface, buffer, this.#now, 0, ipBytes + length);
  }

  #injectOption(option: string, options: TcpOptions): void {
    const [name, value] = option.split(/\s+/);
    if (name === 'mss') options.mss = Number(value);
    else if (name === 'wscale') options.windowScale = Number(value);
    else if (name === 'sackOK') options.sackPermitted = true;
    else if (name === 'TS') {
      const stamp = /TS val (\d+) ecr (\d+)/.exec(option);
      if (stamp === null) throw new Unsupported(option);
      options.hasTimestamp = true;
      options.timestampValue = Number(stamp[1]) | 0;
      options.timestampEcho =
        Number(stamp[2]) === 0 ? 0 : (Number(stamp[2]) + (this.#stampOffset ?? 0)) | 0;
    } else if (name === 'sack') {
      for (const block of option.slice(4).trim().split(/\s+/)) {
        const [start, end] = block.split(':').map(Number);
        options.sackStart[options.sackCount] = (start + (this.#localIsn ?? 0)) | 0;
        options.sackEnd[options.sackCount] = (end + (this.#localIsn ?? 0)) | 0;
        options.sackCount += 1;
      }
    } else if (name === 'FO' || name === 'FOEXP') {
      const cookie = Buffer.from(this.#cookieHex(value ?? ''), 'hex');
      if (cookie.length > 16) throw new Unsupported(option);
      options.fastOpenCookie.set(cookie);
      options.fastOpenBytes = cookie.length;
      options.fastOpenExperimental = name === 'FOEXP';
    } else if (name !== 'nop' && name !== 'eol' && name !== '')
      throw new Unsupported(`option ${option}`);
  }

  #injectIcmp(icmp: NonNullable<Packet['icmp']>): void {
    if (!this.#local.isV4) throw new Unsupported('ICMPv6 in scripts');
    const codes: { [name: string]: number } = {
      net_unreachable: 0,
      host_unreachable: 1,
      protocol_unreachable: 2,
      port_unreachable: 3,
      frag_needed: 4,
    };
    if (icmp.type !== 'unreachable' || !(icmp.code in codes))
      throw new Unsupported(`icmp ${icmp.type} ${icmp.code}`);
    const buffer = new Uint8Array(56);
    writeIpv4Header(buffer, 0, this.#remote, this.#local, PROTOCOL_ICMP, 36, 0, 64, 0, true);
    buffer[20] = 3;
    buffer[21] = codes[icmp.code];
    buffer[26] = icmp.mtu >>> 8;
    buffer[27] = icmp.mtu & 0xff;
    writeIpv4Header(buffer, 28, this.#local, this.#remote, PROTOCOL_TCP, 1000, 0, 64, 0, true);
    const sequence = (icmp.start + (this.#localIsn ?? 0)) | 0;
    new DataView(buffer.buffer).setUint16(48, this.#localPort);
    new DataView(buffer.buffer).setUint16(50, REMOTE_PORT);
    new DataView(buffer.buffer).setInt32(52, sequence);
    const sum = finishChecksum(sumBytes(buffer, 20, 36));
    buffer[22] = sum >>> 8;
    buffer[23] = sum & 0xff;
    this.#stack.receive(this.#interface, buffer, this.#now);
  }

  // System calls.

  /** Calls that sleep: tried again whenever something happened, judged when they should return. */
  /** `TFO_COOKIE` in scripts stands for the cookie that the server makes for this client: ours. */
  #cookieHex(text: string): string {
    if (text !== 'TFO_COOKIE') return text;
    return Buffer.from(
      this.#stack.tcp.environment.fastOpen.cookieFor(this.#remote, this.#local),
    ).toString('hex');
  }

  readonly #constants = new Map<string, number>();

  readonly #blocked: { event: Extract<Event, { type: 'call' }>; endUs: number; done: number }[] =
    [];

  #tryBlocked(): void {
    for (const call of this.#blocked) {
      const { name, args, result } = call.event;
      if (call.done < 0) continue;
      if (name === 'write' || name === 'send') {
        const left = Number(args[2]) - call.done;
        const outcome = this.#invoke(name, [args[0], args[1], String(left)], result);
        if (Number(outcome) > 0) call.done += Number(outcome);
        if (call.done === Number(result)) call.done = -1;
        continue;
      }
      const outcome = this.#invoke(name, args, result);
      const waits = ['-1 EAGAIN', '-1 EINPROGRESS', '-1 EALREADY'].includes(outcome);
      if (waits) continue;
      const wanted = call.event.error === undefined ? result : `${result} ${call.event.error}`;
      if (outcome !== wanted) throw new Mismatch(`${name} returned ${outcome}, expected ${wanted}`);
      call.done = -1;
    }
  }

  #finishBlocked(time: number): void {
    this.#tryBlocked();
    while (this.#blocked.length > 0 && this.#blocked[0].endUs < time) {
      const call = this.#blocked[0];
      this.#advance(START_US + call.endUs, false);
      this.#tryBlocked();
      this.#blocked.shift();
      if (call.done >= 0)
        throw new Mismatch(`${call.event.name} still blocks at ${call.endUs / 1e6}`);
    }
  }

  #call(event: Extract<Event, { type: 'call' }>, time: number): void {
    if (event.when.returnUs !== undefined) {
      // A blocking call: its outcome is judged when it returns.
      const end = event.when.kind === 'relative' ? time + event.when.returnUs : event.when.returnUs;
      this.#blocked.push({ event, endUs: end, done: 0 });
      this.#tryBlocked();
      return;
    }
    const outcome = this.#invoke(event.name, event.args, event.result);
    const wanted =
      event.result === '...'
        ? outcome
        : event.error === undefined
          ? event.result
          : `${event.result} ${event.error}`;
    if (outcome !== wanted && Number(outcome) !== Number(wanted))
      throw new Mismatch(`${event.name} returned ${outcome}, expected ${wanted}`);
  }

  #descriptor(text: string): Descriptor {
    const descriptor = this.#fds.get(Number(text));
    if (descriptor === undefined) throw new Unsupported(`descriptor ${text}`);
    return descriptor;
  }

  #invoke(name: string, args: readonly string[], result: string): string {
    const [first] = args;
    switch (name) {
      case 'socket': {
        if (!args[1].includes('SOCK_STREAM')) throw new Unsupported('not a stream socket');
        const nonblocking = args[1].includes('SOCK_NONBLOCK');
        this.#fds.set(Number(result), {
          listener: undefined,
          connection: undefined,
          nonblocking,
          bound: false,
          options: [],
          connectReported: false,
        });
        return result;
      }
      case 'bind':
        this.#descriptor(first).bound = true;
        return '0';
      case 'listen': {
        const outcome = this.#stack.tcpListen(undefined, LOCAL_PORT, Math.max(1, Number(args[1])));
        if (outcome.error !== undefined) return '-1 EADDRINUSE';
        outcome.listener.fastOpen = true;
        this.#descriptor(first).listener = outcome.listener;
        return '0';
      }
      case 'accept':
      case 'accept4': {
        const listening = this.#descriptor(first);
        const connection = listening.listener?.accept();
        if (connection === undefined) return '-1 EAGAIN';
        for (const option of listening.options) option(connection);
        const nonblocking = args[3]?.includes('SOCK_NONBLOCK') ?? false;
        this.#fds.set(Number(result), {
          listener: undefined,
          connection,
          nonblocking,
          bound: true,
          options: [],
          connectReported: true,
        });
        return result;
      }
      case 'connect':
        return this.#connect(this.#descriptor(first));
      case 'write':
      case 'send':
        return this.#write(this.#descriptor(first), Number(args[2]), args[3] ?? '0');
      case 'sendto':
        if (args[3]?.includes('MSG_FASTOPEN'))
          return this.#sendFastOpen(this.#descriptor(first), Number(args[2]));
        return this.#write(this.#descriptor(first), Number(args[2]), args[3] ?? '0');
      case 'sendmsg': {
        const lengths = [...args[1].matchAll(/\{\s*[^,{}]*,\s*(\d+)\s*\}/g)].map((m) =>
          Number(m[1]),
        );
        return this.#write(
          this.#descriptor(first),
          lengths.reduce((a, b) => a + b, 0),
          args[2] ?? '0',
        );
      }
      case 'ioctl': {
        if (args[1] !== 'SIOCINQ') throw new Unsupported(`ioctl ${args[1]}`);
        const have = this.#descriptor(first).connection?.readable;
        if (Number(/\d+/.exec(args[2])?.[0]) !== have) throw new Mismatch(`SIOCINQ is ${have}`);
        return '0';
      }
      case 'read':
      case 'recv':
        return this.#read(this.#descriptor(first), Number(args[2]));
      case 'close':
        return this.#close(Number(first));
      case 'shutdown': {
        const c = this.#descriptor(first).connection;
        if (c === undefined || c.state === TcpState.Closed) return '-1 ENOTCONN';
        if (!args[1].includes('SHUT_WR')) this.#descriptor(first).readShut = true;
        if (!args[1].includes('SHUT_RD') || args[1].includes('SHUT_RDWR')) c.shutdown();
        return '0';
      }
      case 'fcntl':
        if (args[1] === 'F_GETFL') return result;
        if (args[1] === 'F_SETFL')
          this.#descriptor(first).nonblocking = args[2].includes('O_NONBLOCK');
        return '0';
      case 'setsockopt':
        return this.#setsockopt(this.#descriptor(first), args);
      case 'getsockopt': {
        const d = this.#descriptor(first);
        if (args[2] === 'SO_SNDBUF' || args[2] === 'TCP_MAXSEG') {
          const have =
            args[2] === 'SO_SNDBUF' ? d.connection?.send.limit : d.connection?.segmentBytes;
          if (Number(/\d+/.exec(args[3])?.[0]) !== have)
            throw new Mismatch(`${args[2]} is ${have}`);
          return '0';
        }
        if (args[2] !== 'SO_ERROR') throw new Unsupported(`getsockopt ${args[2]}`);
        const wanted = args[3].replace(/[[\]]/g, '');
        const error = d.connection?.error;
        const have = error === undefined ? '0' : (ERRNO[error] ?? error);
        if (wanted !== '...' && wanted !== have)
          throw new Mismatch(`SO_ERROR is ${have}, expected ${wanted}`);
        return '0';
      }
      default:
        throw new Unsupported(`system call ${name}`);
    }
  }

  #connect(d: Descriptor): string {
    const c = d.connection;
    if (c !== undefined) {
      if (c.error !== undefined) return `-1 ${ERRNO[c.error] ?? c.error}`;
      if (!c.isConnected) return '-1 EALREADY';
      const before = d.connectReported;
      d.connectReported = true;
      return before ? '-1 EISCONN' : '0';
    }
    const outcome = this.#stack.tcpConnect(
      this.#remote,
      REMOTE_PORT,
      undefined,
      d.bound ? LOCAL_PORT : 0,
    );
    if (outcome.connection === undefined) return `-1 ${outcome.error}`;
    d.connection = outcome.connection;
    this.#localPort = outcome.connection.localPort;
    this.#remoteKnown = false;
    for (const option of d.options) option(outcome.connection);
    return '-1 EINPROGRESS';
  }

  /** Connects and sends in one: with a known cookie the data goes in the SYN, else the SYN asks for one. */
  #sendFastOpen(d: Descriptor, length: number): string {
    const known = this.#stack.tcp.environment.fastOpen.known(this.#remote) !== undefined;
    if (d.connection !== undefined) return this.#write(d, length, '0');
    const outcome = this.#connect(d);
    const c = d.connection as Connection | undefined;
    if (c === undefined) return outcome;
    c.fastOpen = true;
    if (!known) return '-1 EINPROGRESS';
    return String(c.write(new Uint8Array(length)));
  }

  #write(d: Descriptor, length: number, flags: string): string {
    const c = d.connection;
    if (flags.includes('ZEROCOPY') || flags.includes('MSG_EOR')) throw new Unsupported(flags);
    if (c === undefined) return '-1 ENOTCONN';
    if (c.error !== undefined) return `-1 ${c.error === 'reset' ? 'ECONNRESET' : 'EPIPE'}`;
    if (c.finQueued || c.state === TcpState.Closed) return '-1 EPIPE';
    if (flags.includes('MSG_MORE') && !c.cork) {
      c.setCork(true);
      d.corkedByMore = true;
    } else if (!flags.includes('MSG_MORE') && d.corkedByMore === true) {
      c.setCork(false);
      d.corkedByMore = false;
    }
    const count = c.write(new Uint8Array(length));
    if (count === 0 && length > 0) return '-1 EAGAIN';
    return String(count);
  }

  #read(d: Descriptor, length: number): string {
    const c = d.connection;
    if (c === undefined) return '-1 ENOTCONN';
    const count = c.read(new Uint8Array(length));
    if (count > 0) return String(count);
    if (c.error !== undefined) return `-1 ${ERRNO[c.error] ?? c.error}`;
    return c.isAtEnd || d.readShut === true ? '0' : '-1 EAGAIN';
  }

  #close(fd: number): string {
    const d = this.#fds.get(fd);
    if (d === undefined) return '-1 EBADF';
    d.listener?.close();
    d.connection?.close();
    this.#fds.delete(fd);
    return '0';
  }

  #setsockopt(d: Descriptor, args: readonly string[]): string {
    const value = Number(/-?\d+/.exec(args[3])?.[0] ?? 0);
    const apply = (change: (c: Connection) => void): string => {
      if (d.connection !== undefined) change(d.connection);
      else d.options.push(change);
      return '0';
    };
    switch (args[2]) {
      case 'SO_REUSEADDR':
      case 'IP_FREEBIND':
        return '0';
      case 'TCP_FASTOPEN':
        return '0';
      case 'TCP_NODELAY':
        return apply((c) => c.setNoDelay(value !== 0));
      case 'TCP_CORK':
        return apply((c) => c.setCork(value !== 0));
      case 'SO_SNDBUF':
        return apply((c) => {
          c.send.limit = Math.max(2 * value, 4096);
        });
      case 'SO_KEEPALIVE':
        return apply((c) => c.setKeepalive(value !== 0));
      case 'TCP_MAXSEG':
        if (d.listener !== undefined || d.bound) throw new Unsupported('TCP_MAXSEG on a listener');
        return apply((c) => {
          c.segmentBytesMax = value;
          c.updateSegmentBytes();
        });
      case 'TCP_KEEPIDLE':
        return apply((c) => {
          c.keepaliveIdleUs = value * 1_000_000;
          if (c.keepalive) c.setKeepalive(true);
        });
      case 'TCP_KEEPINTVL':
        return apply((c) => {
          c.keepaliveIntervalUs = value * 1_000_000;
        });
      case 'TCP_KEEPCNT':
        return apply((c) => {
          c.keepaliveProbesMax = value;
        });
      case 'TCP_USER_TIMEOUT':
        return apply((c) => {
          c.userTimeoutUs = value * 1000;
        });
      case 'TCP_CONGESTION':
        return apply((c) => {
          if (!c.setCongestion(args[3].replace(/["[\]]/g, ''))) throw new Unsupported(args[3]);
        });
      default:
        throw new Unsupported(`setsockopt ${args[2]}`);
    }
  }

  // Assertions about tcp_info.

  #assert(code: string): void {
    const c = [...this.#fds.values()]
      .map((d) => d.connection)
      .filter((x) => x !== undefined)
      .pop();
    if (c === undefined) throw new Unsupported('assertion without a connection');
    const segments = (bytes: number) => Math.ceil(bytes / c.segmentBytes);
    const info: { [name: string]: number } = {
      tcpi_snd_cwnd: Math.trunc(c.congestion.windowBytes / c.segmentBytes),
      tcpi_snd_ssthresh:
        c.congestion.thresholdBytes === 0x7fffffff
          ? 0x7fffffff
          : Math.trunc(c.congestion.thresholdBytes / c.segmentBytes),
      tcpi_unacked: segments(c.board.outstandingBytes),
      tcpi_sacked: segments(c.board.sackedBytes),
      tcpi_lost: segments(c.board.lostBytes),
      tcpi_retrans: segments(c.board.retransmittedBytes),
      tcpi_ca_state:
        c.recovery === 'open'
          ? c.ecnReduced && ((c.una - c.ecnReducedPoint) | 0) < 0
            ? 2
            : c.board.sackedBytes > 0 || c.duplicateAcks > 0
              ? 1
              : 0
          : c.recovery === 'recovery'
            ? 3
            : 4,
      tcpi_state: [7, 2, 3, 1, 4, 5, 8, 11, 9, 6][c.state],
      tcpi_options:
        (c.timestamps ? 1 : 0) |
        (c.selectiveAck ? 2 : 0) |
        (c.scaling ? 4 : 0) |
        (c.ecn ? 8 : 0) |
        (c.acceptedEarly ? 32 : 0),
      tcpi_rto: c.rtt.timeoutUs,
      tcpi_rtt: c.rtt.smoothedUs,
      tcpi_backoff: c.rtt.backoff,
      tcpi_snd_mss: c.segmentBytes,
      tcpi_unread: c.receive.readable,
      TCP_CA_Open: 0,
      TCP_CA_Disorder: 1,
      TCP_CA_CWR: 2,
      TCP_CA_Recovery: 3,
      TCP_CA_Loss: 4,
      TCPI_OPT_TIMESTAMPS: 1,
      TCPI_OPT_SACK: 2,
      TCPI_OPT_WSCALE: 4,
      TCPI_OPT_ECN: 8,
      TCPI_OPT_SYN_DATA: 32,
    };
    for (const [name, value] of this.#constants) info[name] = value;
    for (const statement of code.split(/[\n;]/).map((s) => s.replace(/#.*/, '').trim())) {
      if (statement === '' || statement.startsWith('print')) continue;
      const constant = /^([A-Z_]+)\s*=\s*(0x[0-9a-f]+|\d+)$/i.exec(statement);
      if (constant !== null) {
        this.#constants.set(constant[1], Number(constant[2]));
        info[constant[1]] = Number(constant[2]);
        continue;
      }
      const claim = /^assert\s+([^,]*?)(,.*)?$/.exec(statement);
      if (claim === null) throw new Unsupported(`python: ${statement}`);
      const expression = claim[1]
        .replace(/\band\b/g, '&&')
        .replace(/\bor\b/g, '||')
        .replace(/\bnot\b/g, '!');
      const names = expression.match(/[A-Za-z_]\w*/g) ?? [];
      for (const name of names) if (!(name in info)) throw new Unsupported(`python name ${name}`);
      const holds = new Function(...Object.keys(info), `return (${expression});`)(
        ...Object.values(info),
      );
      if (holds !== true) {
        const values = [...new Set(names)]
          .filter((n) => n.startsWith('tcpi'))
          .map((n) => `${n} is ${info[n]}`);
        throw new Mismatch(`${claim[1]}: ${values.join(', ')}`);
      }
    }
  }

  #show(packet: Packet): string {
    return `${packet.flags} ${packet.start}:${packet.end}(${packet.end - packet.start}) ack ${packet.ack ?? '-'} <${packet.options?.join(',') ?? '...'}>`;
  }

  #describe(sent: Sent): string {
    const start = ((sent.header.sequence - (this.#localIsn ?? 0)) | 0) >>> 0;
    return `${letters(sent.header.flags)} ${start}:${start + sent.payloadBytes}(${sent.payloadBytes}) ack ${(sent.header.acknowledgment - this.#remoteIsn) >>> 0} win ${sent.header.window} <${this.#optionNames(sent.header.options).join(',')}> at ${(sent.at - START_US) / 1e6}`;
  }
}

export type Outcome = { readonly status: 'pass' | 'fail' | 'unsupported'; readonly detail: string };

export function runScript(source: string, v6 = false): Outcome {
  try {
    new Runner(source, v6).run();
    return { status: 'pass', detail: '' };
  } catch (error) {
    if (error instanceof Mismatch) return { status: 'fail', detail: error.message };
    if (error instanceof Unsupported || error instanceof ScriptError)
      return { status: 'unsupported', detail: error.message };
    return {
      status: 'fail',
      detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
}
