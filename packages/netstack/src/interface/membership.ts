// Group membership: reports to routers when a group is joined or queried for (IGMPv2, MLDv1).
// A query is answered for each group after a random delay up to the one that it names.

import type { Random } from '../contract.js';
import { Timer, type TimerQueue } from '../timers.js';
import { ALL_ROUTERS_V6, type IpAddress, ipv4 } from '../wire/address.js';
import {
  emitIgmp,
  emitMld,
  IGMP_BYTES,
  IGMP_LEAVE,
  IGMP_QUERY,
  IGMP_REPORT_V2,
  MLD_BYTES,
  parseIgmp,
  parseMld,
} from '../wire/group-membership.js';
import { ICMPV6_MLD_DONE, ICMPV6_MLD_QUERY, ICMPV6_MLD_REPORT } from '../wire/icmp.js';
import { PROTOCOL_ICMPV6, PROTOCOL_IGMP } from '../wire/ipv4.js';
import type { NetworkInterface } from './interface.js';
import type { IpOutput } from './ip-output.js';
import type { IcmpError, IncomingPacket, PacketSink } from './packet.js';
import { groupMac } from './paths.js';

const ALL_ROUTERS_V4: IpAddress = ipv4(224, 0, 0, 2);
const PENDING_MAX = 64;

export class Membership implements PacketSink {
  readonly #output: IpOutput;
  readonly #timers: TimerQueue;
  readonly #random: Random;
  #pending = 0;

  constructor(output: IpOutput, timers: TimerQueue, random: Random) {
    this.#output = output;
    this.#timers = timers;
    this.#random = random;
  }

  join(networkInterface: NetworkInterface, group: IpAddress): void {
    if (networkInterface.join(group)) this.#report(networkInterface, group);
  }

  leave(networkInterface: NetworkInterface, group: IpAddress): void {
    if (!networkInterface.leave(group)) return;
    if (group.isV4) this.#sendIgmp(networkInterface, IGMP_LEAVE, group, ALL_ROUTERS_V4);
    else this.#sendMld(networkInterface, ICMPV6_MLD_DONE, group, ALL_ROUTERS_V6);
  }

  /** IGMP arrives here; MLD by `mld`. */
  deliver(packet: IncomingPacket): boolean {
    const message = parseIgmp(packet.buffer, packet.payloadAt, packet.end);
    if (
      message === undefined ||
      message.type !== IGMP_QUERY ||
      packet.networkInterface === undefined
    )
      return true;
    const delayUs = (message.responseDelay === 0 ? 100 : message.responseDelay) * 100_000;
    this.#answer(packet.networkInterface, true, message.group, delayUs);
    return true;
  }

  error(_error: IcmpError): void {}

  mld(packet: IncomingPacket): void {
    const message = parseMld(packet.buffer, packet.payloadAt, packet.end);
    if (
      message === undefined ||
      message.type !== ICMPV6_MLD_QUERY ||
      packet.networkInterface === undefined
    )
      return;
    this.#answer(packet.networkInterface, false, message.group, message.responseDelayMs * 1000);
  }

  #answer(
    networkInterface: NetworkInterface,
    isV4: boolean,
    wanted: IpAddress,
    delayMaxUs: number,
  ): void {
    for (const group of networkInterface.groups) {
      if (group.isV4 !== isV4) continue;
      if (!wanted.isUnspecified && !wanted.equals(group)) continue;
      if (this.#pending >= PENDING_MAX) return;
      this.#pending += 1;
      const timer = new Timer(() => {
        this.#pending -= 1;
        if (networkInterface.listensTo(group)) this.#report(networkInterface, group);
      });
      const delay = delayMaxUs === 0 ? 0 : (this.#random.word() >>> 1) % delayMaxUs;
      this.#timers.set(timer, this.#output.now + delay);
    }
  }

  #report(networkInterface: NetworkInterface, group: IpAddress): void {
    if (networkInterface.isLoopback) return;
    if (group.isV4) this.#sendIgmp(networkInterface, IGMP_REPORT_V2, group, group);
    else this.#sendMld(networkInterface, ICMPV6_MLD_REPORT, group, group);
  }

  #sendIgmp(
    networkInterface: NetworkInterface,
    type: number,
    group: IpAddress,
    to: IpAddress,
  ): void {
    const source = networkInterface.sourceFor(to);
    if (source === undefined) return;
    const neighbour = networkInterface.neighbours?.permanent(to, groupMac(to));
    const opened = this.#output.openVia(
      networkInterface,
      neighbour,
      networkInterface.mtu,
      source,
      to,
      PROTOCOL_IGMP,
      IGMP_BYTES,
      0xc0,
      1,
      true,
      0,
    );
    if (opened !== 'open') return;
    emitIgmp({ type, responseDelay: 0, group }, this.#output.buffer, this.#output.payloadAt);
    this.#output.commit(0);
  }

  #sendMld(
    networkInterface: NetworkInterface,
    type: number,
    group: IpAddress,
    to: IpAddress,
  ): void {
    const source = networkInterface.sourceFor(to);
    if (source === undefined || !source.isLinkLocal) return;
    const neighbour = networkInterface.neighbours?.permanent(to, groupMac(to));
    const opened = this.#output.openVia(
      networkInterface,
      neighbour,
      networkInterface.mtu,
      source,
      to,
      PROTOCOL_ICMPV6,
      MLD_BYTES,
      0,
      1,
      true,
      0,
    );
    if (opened !== 'open') return;
    emitMld({ type, responseDelayMs: 0, group }, this.#output.buffer, this.#output.payloadAt);
    this.#output.finishChecksum(2);
    this.#output.commit(0);
  }
}
