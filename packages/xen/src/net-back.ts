/** netback over any peer: frames from the frontend go to `peer`, `deliver` brings frames to it. */
import { XenFaultKind } from './fault.js';
import type { GrantMapper } from './grants.js';
import { PAGE_BYTES } from './memory.js';
import {
  NET_CHAIN_MAX,
  NET_CHECKSUM_BLANK,
  NET_DATA_VALIDATED,
  NET_EXTRA_GSO,
  NET_EXTRA_INFO,
  NET_EXTRA_MORE,
  NET_FRAME_BYTES_MAX,
  NET_GSO_TCP4,
  NET_GSO_TCP6,
  NET_MORE_DATA,
  NET_QUEUES_MAX,
  NET_RECEIVE_SLOT_BYTES,
  NET_STATUS_ERROR,
  NET_STATUS_NULL,
  NET_STATUS_OK,
  NET_TRANSMIT_SLOT_BYTES,
} from './net-protocol.js';
import { BackRing } from './ring.js';
import { type BackendPlatform, XenbusLink, XenbusState } from './xenbus.js';

export interface FramePeer {
  /** `segmentBytes` is not 0 for a frame that the receiver has to cut; `isChecksumBlank` for one to finish. */
  frame(queue: number, frame: Uint8Array, isChecksumBlank: boolean, segmentBytes: number): void;
}

export interface NetBackOptions {
  /** Absolute: `/local/domain/0/backend/vif/1/0`. */
  readonly path: string;
  readonly queueCountMax: number;
  readonly peer: FramePeer;
}

class Queue {
  readonly transmit: BackRing;
  readonly receive: BackRing;
  readonly port: number;
  readonly refs: readonly number[];

  constructor(transmit: BackRing, receive: BackRing, port: number, refs: readonly number[]) {
    this.transmit = transmit;
    this.receive = receive;
    this.port = port;
    this.refs = refs;
  }
}

export class NetBack {
  badFrames = 0;
  readonly #platform: BackendPlatform;
  readonly #options: NetBackOptions;
  #link: XenbusLink | undefined = undefined;
  #mapper: GrantMapper | undefined = undefined;
  readonly #queues: Queue[] = [];
  readonly #frame: Uint8Array = new Uint8Array(NET_FRAME_BYTES_MAX + 1);
  readonly #refs: number[] = [];
  readonly #offsets: number[] = [];
  readonly #sizes: number[] = [];
  readonly #ids: number[] = [];

  constructor(platform: BackendPlatform, options: NetBackOptions) {
    this.#platform = platform;
    this.#options = options;
  }

  start(): boolean {
    const { store, sink } = this.#platform;
    const link = XenbusLink.open(store, sink, this.#options.path, 'frontend');
    if (link === undefined) return false;
    this.#link = link;
    const flags = ['feature-rx-copy', 'feature-sg', 'feature-gso-tcpv4', 'feature-gso-tcpv6'];
    flags.push('feature-ipv6-csum-offload');
    for (const flag of flags) {
      if (!store.write(`${link.path}/${flag}`, '1', 0)) return false;
    }
    const most = `${this.#options.queueCountMax}`;
    if (!store.write(`${link.path}/multi-queue-max-queues`, most, 0)) return false;
    return link.setState(XenbusState.InitWait);
  }

  isConnected(): boolean {
    return this.#queues.length > 0;
  }

  poll(): void {
    const link = this.#link;
    if (link === undefined) return;
    let changed = false;
    while (this.#platform.store.nextEvent() !== undefined) changed = true;
    if (changed) this.#follow(link);
    for (let i = 0; i < this.#queues.length; i += 1) {
      if (this.#serve(i)) continue;
      this.#disconnect();
      link.setState(XenbusState.Closing);
      return;
    }
  }

  stop(): void {
    const link = this.#link;
    if (link === undefined) return;
    link.setState(XenbusState.Closing);
    this.#disconnect();
    link.setState(XenbusState.Closed);
    link.close();
    this.#link = undefined;
  }

  /** A frame for the frontend; false when it has not posted enough pages, and the frame is lost. */
  deliver(
    index: number,
    frame: Uint8Array,
    isChecksumBlank: boolean,
    segmentBytes: number,
  ): boolean {
    const queue = index < this.#queues.length ? this.#queues[index] : undefined;
    const mapper = this.#mapper;
    if (queue === undefined || mapper === undefined || frame.length === 0) return false;
    const pages = Math.trunc((frame.length + PAGE_BYTES - 1) / PAGE_BYTES);
    const extra = segmentBytes > 0 ? 1 : 0;
    if (queue.receive.pending() < pages + extra) return false;
    const { memory } = this.#platform;
    for (let i = 0; i < pages; i += 1) {
      const request = queue.receive.takeRequestSlot();
      const id = memory.load16(request);
      const ref = memory.load32(request + 4);
      let gso: number = -1;
      if (i === 0 && extra === 1) gso = memory.load16(queue.receive.takeRequestSlot());
      const part = Math.min(PAGE_BYTES, frame.length - i * PAGE_BYTES);
      const address = mapper.map(ref, false);
      if (address >= 0) {
        memory.copyIn(address, frame, i * PAGE_BYTES, part);
        mapper.unmap(ref);
      }
      let flags = i + 1 < pages ? NET_MORE_DATA : 0;
      if (i === 0)
        flags |= isChecksumBlank ? NET_CHECKSUM_BLANK | NET_DATA_VALIDATED : NET_DATA_VALIDATED;
      if (gso >= 0) flags |= NET_EXTRA_INFO;
      const at = queue.receive.takeResponseSlot();
      memory.store16(at, id);
      memory.store16(at + 2, 0);
      memory.store16(at + 4, flags);
      memory.store16(at + 6, address >= 0 ? part : NET_STATUS_ERROR);
      if (gso >= 0) this.#writeExtra(queue, frame, segmentBytes);
    }
    if (queue.receive.publish()) this.#platform.events.notify(queue.port);
    return true;
  }

  #writeExtra(queue: Queue, frame: Uint8Array, segmentBytes: number): void {
    const { memory } = this.#platform;
    const at = queue.receive.takeResponseSlot();
    const isIpv6 = frame.length > 14 && frame[12] === 0x86 && frame[13] === 0xdd;
    memory.store8(at, NET_EXTRA_GSO);
    memory.store8(at + 1, 0);
    memory.store16(at + 2, segmentBytes);
    memory.store8(at + 4, isIpv6 ? NET_GSO_TCP6 : NET_GSO_TCP4);
    memory.store8(at + 5, 0);
    memory.store16(at + 6, 0);
  }

  #follow(link: XenbusLink): void {
    const state = link.otherState();
    if (state === XenbusState.Initialised || state === XenbusState.Connected) {
      if (this.#queues.length === 0 && !this.#connect(link)) {
        this.#disconnect();
        link.setState(XenbusState.Closing);
      }
      return;
    }
    if (state === XenbusState.Closing || state === XenbusState.Closed) {
      if (this.#queues.length === 0) return;
      this.#disconnect();
      link.setState(XenbusState.Closed);
    } else if (state === XenbusState.Initialising && this.#queues.length === 0) {
      link.setState(XenbusState.InitWait);
    }
  }

  #connect(link: XenbusLink): boolean {
    const count = link.otherNumber('multi-queue-num-queues', 1);
    if (count < 1 || count > Math.min(this.#options.queueCountMax, NET_QUEUES_MAX)) {
      return link.fail(XenFaultKind.BadStoreValue, count);
    }
    if (!link.otherFlag('request-rx-copy')) return link.fail(XenFaultKind.BadStoreValue, 0);
    const mapper = this.#platform.mapperFor(link.otherDomain);
    this.#mapper = mapper;
    for (let i = 0; i < count; i += 1) {
      const at = count > 1 ? `queue-${i}/` : '';
      const refs = [
        link.otherNumber(`${at}tx-ring-ref`, -1),
        link.otherNumber(`${at}rx-ring-ref`, -1),
      ];
      const remote = link.otherNumber(`${at}event-channel`, -1);
      if (Math.min(refs[0], refs[1], remote) < 0) return link.fail(XenFaultKind.BadStoreValue, i);
      const transmit = mapper.map(refs[0], false);
      if (transmit < 0) return link.fail(XenFaultKind.BadGrant, refs[0]);
      const receive = mapper.map(refs[1], false);
      if (receive < 0) {
        mapper.unmap(refs[0]);
        return link.fail(XenFaultKind.BadGrant, refs[1]);
      }
      const port = this.#platform.events.bindInterdomain(link.otherDomain, remote);
      const name = `${link.path} queue ${i}`;
      const { memory, sink } = this.#platform;
      const out = new BackRing(memory, transmit, PAGE_BYTES, NET_TRANSMIT_SLOT_BYTES, name, sink);
      const into = new BackRing(memory, receive, PAGE_BYTES, NET_RECEIVE_SLOT_BYTES, name, sink);
      out.attach();
      into.attach();
      this.#queues.push(new Queue(out, into, port, refs));
      if (port < 0) return link.fail(XenFaultKind.BadStoreValue, remote);
    }
    return link.setState(XenbusState.Connected);
  }

  #disconnect(): void {
    for (const queue of this.#queues) {
      for (const ref of queue.refs) this.#mapper?.unmap(ref);
      if (queue.port >= 0) this.#platform.events.close(queue.port);
    }
    this.#queues.length = 0;
    this.#mapper = undefined;
  }

  /** False after a fault of the queue. */
  #serve(index: number): boolean {
    const queue = this.#queues[index];
    const ring = queue.transmit;
    for (let budget = ring.size * 2; budget > 0; budget -= 1) {
      const pending = ring.pending();
      if (pending === 0) {
        if (ring.publish()) this.#platform.events.notify(queue.port);
        if (ring.fault !== undefined || !ring.enableEvents()) break;
        continue;
      }
      if (!this.#takeFrame(index, queue, pending)) return false;
    }
    if (ring.publish()) this.#platform.events.notify(queue.port);
    return ring.fault === undefined && queue.receive.fault === undefined;
  }

  /** One frame: slots are copied and checked, then answered in order. False: the frontend cannot be followed. */
  #takeFrame(index: number, queue: Queue, pending: number): boolean {
    const { memory } = this.#platform;
    const ring = queue.transmit;
    let left = pending;
    let total = 0;
    let rest = 0;
    let segmentBytes = 0;
    let extras = 0;
    let isBlank = false;
    let count = 0;
    for (let more = true; more; count += 1) {
      if (left === 0 || count >= NET_CHAIN_MAX) return ring.fail(XenFaultKind.BadChain, count);
      const at = ring.takeRequestSlot();
      left -= 1;
      const flags = memory.load16(at + 6);
      this.#refs[count] = memory.load32(at);
      this.#offsets[count] = memory.load16(at + 4);
      this.#ids[count] = memory.load16(at + 8);
      this.#sizes[count] = memory.load16(at + 10);
      if (count === 0) {
        total = this.#sizes[0];
        isBlank = (flags & NET_CHECKSUM_BLANK) !== 0;
        while ((flags & NET_EXTRA_INFO) !== 0) {
          if (left === 0 || extras >= 4) return ring.fail(XenFaultKind.BadChain, extras);
          const extra = ring.takeRequestSlot();
          left -= 1;
          extras += 1;
          if (memory.load8(extra) === NET_EXTRA_GSO) segmentBytes = memory.load16(extra + 2);
          if ((memory.load8(extra + 1) & NET_EXTRA_MORE) === 0) break;
        }
      } else rest += this.#sizes[count];
      more = (flags & NET_MORE_DATA) !== 0;
    }
    // The first slot's size is the frame's: its own part is what the others leave.
    this.#sizes[0] = total - rest;
    const done = this.#sizes[0] >= 0 && this.#gather(count);
    if (done) {
      this.#options.peer.frame(index, this.#frame.subarray(0, total), isBlank, segmentBytes);
    } else this.badFrames += 1;
    for (let i = 0; i < count; i += 1) {
      this.#respond(ring, this.#ids[i], done ? NET_STATUS_OK : NET_STATUS_ERROR);
      for (let j = 0; i === 0 && j < extras; j += 1) this.#respond(ring, 0, NET_STATUS_NULL);
    }
    return true;
  }

  #respond(ring: BackRing, id: number, status: number): void {
    const at = ring.takeResponseSlot();
    this.#platform.memory.store16(at, id);
    this.#platform.memory.store16(at + 2, status);
  }

  #gather(count: number): boolean {
    const mapper = this.#mapper;
    if (mapper === undefined) return false;
    let at = 0;
    for (let i = 0; i < count; i += 1) {
      const size = this.#sizes[i];
      if (this.#offsets[i] + size > PAGE_BYTES || at + size > this.#frame.length) return false;
      const address = mapper.map(this.#refs[i], true);
      if (address < 0) return false;
      this.#platform.memory.copyOut(address + this.#offsets[i], this.#frame, at, size);
      mapper.unmap(this.#refs[i]);
      at += size;
    }
    return true;
  }
}
