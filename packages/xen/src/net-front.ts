/**
 * netfront: sends and receives Ethernet frames; `capabilities`, `reserve` and `commit` have the shape of netstack's
 * `LinkDevice`. Buffers are pages that stay granted while connected (read-only for sending), so no grant is made per
 * frame, and nothing but frames ever lies in them. Frames are copied out before anybody looks at them.
 */
import { XenFaultKind } from './fault.js';
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
  NET_TRANSMIT_SLOT_BYTES,
} from './net-protocol.js';
import { FrontRing } from './ring.js';
import { XenbusLink, XenbusState, type XenPlatform } from './xenbus.js';

export interface NetFrontOptions {
  /** `device/vif/0`, relative to the domain's folder. */
  readonly path: string;
  readonly queueCountMax: number;
  /** Pages per queue and direction; at most 256. */
  readonly receiveBuffers: number;
  readonly transmitBuffers: number;
  readonly mtu: number;
}

/** What a frame asks of the device; netstack's `TransmitOffload` has these fields. */
export interface FrameOffload {
  readonly needsChecksum: boolean;
  readonly segmentBytes: number;
}

export interface NetCapabilities {
  readonly medium: 'ethernet';
  readonly mtu: number;
  readonly mac: Uint8Array;
  readonly checksumTransmit: boolean;
  readonly checksumReceive: boolean;
  readonly segmentationBytesMax: number;
}

const UNUSED = 0xffff;

/** Rings, buffers and port of one queue. */
class Queue {
  readonly transmit: FrontRing;
  readonly receive: FrontRing;
  readonly port: number;
  readonly refs: number[] = [];
  readonly transmitPages: number;
  readonly receivePages: number;
  readonly transmitRefs: number[] = [];
  readonly receiveRefs: number[] = [];
  readonly freeTransmit: number[] = [];
  /** By id: 1 while a transmit slot with this page is out. */
  readonly transmitOut: Uint8Array;
  /** By slot: which page was posted there. */
  readonly posted: Uint16Array;
  readonly freeReceive: number[] = [];

  constructor(
    transmit: FrontRing,
    receive: FrontRing,
    port: number,
    transmitPages: number,
    receivePages: number,
    transmitCount: number,
  ) {
    this.transmit = transmit;
    this.receive = receive;
    this.port = port;
    this.transmitPages = transmitPages;
    this.receivePages = receivePages;
    this.transmitOut = new Uint8Array(transmitCount);
    this.posted = new Uint16Array(receive.size).fill(UNUSED);
  }
}

export class NetFront {
  capabilities: NetCapabilities;
  receivedFrames = 0;
  transmittedFrames = 0;
  readonly #platform: XenPlatform;
  readonly #options: NetFrontOptions;
  #link: XenbusLink | undefined = undefined;
  readonly #queues: Queue[] = [];
  readonly #taken: { address: number; count: number }[] = [];
  readonly #stage: Uint8Array = new Uint8Array(NET_FRAME_BYTES_MAX + 1);
  readonly #frame: Uint8Array = new Uint8Array(NET_FRAME_BYTES_MAX + 1);
  #queue = 0;
  #needPages = 0;
  #isSkipped = false;

  private constructor(platform: XenPlatform, options: NetFrontOptions) {
    this.#platform = platform;
    this.#options = options;
    this.capabilities = noCapabilities(options.mtu);
  }

  static open(platform: XenPlatform, options: NetFrontOptions): NetFront | undefined {
    const front = new NetFront(platform, options);
    return front.reconnect() ? front : undefined;
  }

  isConnected(): boolean {
    return this.#queues.length > 0 && this.#link !== undefined && this.#link.fault === undefined;
  }

  queueCount(): number {
    return this.#queues.length;
  }

  stuckGrants(): number {
    return this.#platform.grants.stuckCount();
  }

  reconnect(): boolean {
    if (this.#link !== undefined) this.close();
    if (this.#connect()) return true;
    this.#link?.closeConnection(this.#platform.waiter);
    this.#release();
    return false;
  }

  close(): void {
    const link = this.#link;
    if (link === undefined) return;
    link.closeConnection(this.#platform.waiter);
    this.#release();
  }

  selectQueue(index: number): void {
    if (this.#queues.length > 0) this.#queue = index % this.#queues.length;
  }

  /** Lends a buffer for one frame of at most `bytes`, or undefined when nothing is free. */
  reserve(bytes: number): Uint8Array | undefined {
    const queue = this.#current();
    if (queue === undefined || bytes > NET_FRAME_BYTES_MAX) return undefined;
    if (bytes > PAGE_BYTES && this.capabilities.segmentationBytesMax === 0) return undefined;
    this.#needPages = Math.trunc((bytes + PAGE_BYTES - 1) / PAGE_BYTES);
    if (queue.freeTransmit.length < this.#needPages) this.#reclaim(queue);
    if (queue.freeTransmit.length < this.#needPages) return undefined;
    if (queue.transmit.freeCount() < this.#needPages + 1) return undefined;
    return this.#stage.subarray(0, bytes);
  }

  /** Sends the first `bytes` of the buffer lent last. Not visible to the backend before `flush`. */
  commit(bytes: number, offload: FrameOffload): void {
    const queue = this.#current();
    const count = Math.trunc((bytes + PAGE_BYTES - 1) / PAGE_BYTES);
    if (queue === undefined || count === 0 || count > this.#needPages) return;
    this.#needPages = 0;
    const { memory } = this.#platform;
    for (let i = 0; i < count; i += 1) {
      const id = queue.freeTransmit.pop();
      if (id === undefined) return;
      const part = Math.min(PAGE_BYTES, bytes - i * PAGE_BYTES);
      memory.copyIn(queue.transmitPages + id * PAGE_BYTES, this.#stage, i * PAGE_BYTES, part);
      let flags = i + 1 < count ? NET_MORE_DATA : 0;
      if (i === 0 && offload.needsChecksum) flags |= NET_CHECKSUM_BLANK | NET_DATA_VALIDATED;
      if (i === 0 && offload.segmentBytes > 0) flags |= NET_EXTRA_INFO;
      const at = queue.transmit.takeRequestSlot();
      memory.store32(at, queue.transmitRefs[id]);
      memory.store16(at + 4, 0);
      memory.store16(at + 6, flags);
      memory.store16(at + 8, id);
      memory.store16(at + 10, i === 0 ? bytes : part);
      queue.transmitOut[id] = 1;
      if (i === 0 && offload.segmentBytes > 0) this.#writeExtra(queue, offload.segmentBytes);
    }
    this.transmittedFrames += 1;
  }

  flush(): void {
    const queue = this.#current();
    if (queue?.transmit.publish() === true) this.#platform.events.notify(queue.port);
  }

  /** The next received frame, or undefined. The view is overwritten by the next call. */
  receive(): Uint8Array | undefined {
    // Frames that the backend marked bad are skipped; a ring holds no more than 512.
    for (let tries = 0; tries < 512; tries += 1) {
      this.#isSkipped = false;
      const frame = this.#receiveOne();
      if (!this.#isSkipped) return frame;
    }
    return undefined;
  }

  #receiveOne(): Uint8Array | undefined {
    const queue = this.#current();
    if (queue === undefined) return undefined;
    const ring = queue.receive;
    let pending = ring.pending();
    if (pending === 0) {
      if (ring.fault !== undefined) this.#fail(XenFaultKind.IndexAhead, 0);
      return undefined;
    }
    const { memory } = this.#platform;
    let frameBytes = 0;
    let isBad = false;
    for (let fragment = 0; fragment < NET_CHAIN_MAX; fragment += 1) {
      if (pending === 0) return this.#fail(XenFaultKind.BadChain, fragment);
      const slot = ring.responseConsumer & (ring.size - 1);
      const at = ring.takeResponseSlot();
      pending -= 1;
      const id = memory.load16(at);
      const offset = memory.load16(at + 2);
      const flags = memory.load16(at + 4);
      const status = memory.load16(at + 6);
      const page = queue.posted[slot];
      if (id !== slot || page === UNUSED) return this.#fail(XenFaultKind.BadId, id);
      queue.posted[slot] = UNUSED;
      queue.freeReceive.push(page);
      if (status >= 0x8000) isBad = true;
      else if (offset + status > PAGE_BYTES || frameBytes + status > this.#frame.length) {
        return this.#fail(XenFaultKind.BadLength, offset + status);
      } else {
        const address = queue.receivePages + page * PAGE_BYTES + offset;
        memory.copyOut(address, this.#frame, frameBytes, status);
        frameBytes += status;
      }
      if (fragment === 0 && (flags & NET_EXTRA_INFO) !== 0) {
        const extras = this.#takeExtras(queue, pending);
        if (extras < 0) return this.#fail(XenFaultKind.BadChain, pending);
        pending -= extras;
      }
      if ((flags & NET_MORE_DATA) !== 0) continue;
      if (isBad || frameBytes === 0) {
        this.#isSkipped = true;
        return undefined;
      }
      this.receivedFrames += 1;
      return this.#frame.subarray(0, frameBytes);
    }
    return this.#fail(XenFaultKind.BadChain, NET_CHAIN_MAX);
  }

  /** Post free pages again. */
  refill(): void {
    const queue = this.#current();
    if (queue === undefined) return;
    this.#post(queue);
    if (queue.receive.publish()) this.#platform.events.notify(queue.port);
  }

  /** True when something is there already, so that the caller must not sleep. */
  enableEvents(): boolean {
    const queue = this.#current();
    return queue?.receive.enableEvents() === true;
  }

  #current(): Queue | undefined {
    return this.isConnected() ? this.#queues[this.#queue] : undefined;
  }

  #takeExtras(queue: Queue, pending: number): number {
    const { memory } = this.#platform;
    const ring = queue.receive;
    for (let count = 0; count < Math.min(4, pending); count += 1) {
      const slot = ring.responseConsumer & (ring.size - 1);
      const at = ring.takeResponseSlot();
      const type = memory.load8(at);
      const flags = memory.load8(at + 1);
      const page = queue.posted[slot];
      if (page === UNUSED) return -1;
      queue.posted[slot] = UNUSED;
      queue.freeReceive.push(page);
      if (type === 0 || type > 5) return -1;
      if ((flags & NET_EXTRA_MORE) === 0) return count + 1;
    }
    return -1;
  }

  #writeExtra(queue: Queue, segmentBytes: number): void {
    const { memory } = this.#platform;
    const isIpv6 = this.#stage[12] === 0x86 && this.#stage[13] === 0xdd;
    const at = queue.transmit.takeRequestSlot();
    memory.store8(at, NET_EXTRA_GSO);
    memory.store8(at + 1, 0);
    memory.store16(at + 2, segmentBytes);
    memory.store8(at + 4, isIpv6 ? NET_GSO_TCP6 : NET_GSO_TCP4);
    memory.store8(at + 5, 0);
    memory.store16(at + 6, 0);
    memory.store32(at + 8, 0);
  }

  /** Pages of sent frames come back; an extra-info slot is answered too, with a status of its own. */
  #reclaim(queue: Queue): void {
    const { memory } = this.#platform;
    for (let count = queue.transmit.pending(); count > 0; count -= 1) {
      const at = queue.transmit.takeResponseSlot();
      const id = memory.load16(at);
      const status = memory.load16(at + 2);
      if (status === 1) continue;
      if (id >= queue.transmitOut.length || queue.transmitOut[id] === 0) {
        this.#fail(XenFaultKind.BadId, id);
        return;
      }
      queue.transmitOut[id] = 0;
      queue.freeTransmit.push(id);
    }
    if (queue.transmit.fault !== undefined) this.#fail(XenFaultKind.IndexAhead, 0);
  }

  #post(queue: Queue): void {
    const { memory } = this.#platform;
    while (queue.freeReceive.length > 0 && queue.receive.freeCount() > 0) {
      const page = queue.freeReceive.pop();
      if (page === undefined) return;
      const slot = queue.receive.requestProducer & (queue.receive.size - 1);
      const at = queue.receive.takeRequestSlot();
      queue.posted[slot] = page;
      memory.store16(at, slot);
      memory.store16(at + 2, 0);
      memory.store32(at + 4, queue.receiveRefs[page]);
    }
  }

  #connect(): boolean {
    const { store, sink, waiter, events } = this.#platform;
    const link = XenbusLink.open(store, sink, this.#options.path, 'backend');
    if (link === undefined) return false;
    this.#link = link;
    link.setState(XenbusState.Initialising);
    if (!link.waitForOffer(waiter)) return false;
    if (!link.otherFlag('feature-rx-copy')) return link.fail(XenFaultKind.BadStoreValue, 0);
    const mac = parseMac(store.read(`${link.path}/mac`, 0) ?? '');
    if (mac === undefined) return link.fail(XenFaultKind.BadStoreValue, 1);
    const offered = Math.max(1, link.otherNumber('multi-queue-max-queues', 1));
    const count = Math.min(offered, this.#options.queueCountMax, NET_QUEUES_MAX);
    for (let i = 0; i < count; i += 1) if (!this.#makeQueue(link, i)) return false;
    const canSegment =
      link.otherFlag('feature-sg') &&
      link.otherFlag('feature-gso-tcpv4') &&
      link.otherFlag('feature-gso-tcpv6');
    const hasChecksum =
      !link.otherFlag('feature-no-csum-offload') && link.otherFlag('feature-ipv6-csum-offload');
    this.capabilities = {
      medium: 'ethernet',
      mtu: this.#options.mtu,
      mac,
      checksumTransmit: hasChecksum,
      checksumReceive: true,
      segmentationBytesMax: canSegment ? NET_FRAME_BYTES_MAX : 0,
    };
    const written = store.transact(10, (transaction) => this.#announce(link, transaction));
    if (!written) return link.fail(XenFaultKind.BadStoreValue, 2);
    for (const queue of this.#queues) {
      this.#post(queue);
      queue.receive.publish();
    }
    link.setState(XenbusState.Connected);
    if (!link.waitForConnection(waiter)) return false;
    for (const queue of this.#queues) events.notify(queue.port);
    return true;
  }

  #makeQueue(link: XenbusLink, index: number): boolean {
    const { memory, events, sink } = this.#platform;
    const { transmitBuffers, receiveBuffers } = this.#options;
    const transmitRing = this.#take(1);
    const receiveRing = this.#take(1);
    const transmitPages = this.#take(transmitBuffers);
    const receivePages = this.#take(receiveBuffers);
    const port = events.allocateUnbound(link.otherDomain);
    if (Math.min(transmitRing, receiveRing, transmitPages, receivePages, port) < 0) {
      if (port >= 0) events.close(port);
      return link.fail(XenFaultKind.NoMemory, index);
    }
    const name = `${link.path} queue ${index}`;
    const transmit = new FrontRing(
      memory,
      transmitRing,
      PAGE_BYTES,
      NET_TRANSMIT_SLOT_BYTES,
      name,
      sink,
    );
    const receive = new FrontRing(
      memory,
      receiveRing,
      PAGE_BYTES,
      NET_RECEIVE_SLOT_BYTES,
      name,
      sink,
    );
    transmit.initialise(0);
    receive.initialise(0);
    const queue = new Queue(transmit, receive, port, transmitPages, receivePages, transmitBuffers);
    this.#queues.push(queue);
    let done = this.#grant(link, transmitRing, 1, false, queue.refs);
    done = done && this.#grant(link, receiveRing, 1, false, queue.refs);
    done = done && this.#grant(link, transmitPages, transmitBuffers, true, queue.transmitRefs);
    done = done && this.#grant(link, receivePages, receiveBuffers, false, queue.receiveRefs);
    if (!done) return link.fail(XenFaultKind.NoMemory, index);
    for (let i = 0; i < transmitBuffers; i += 1) queue.freeTransmit.push(i);
    for (let i = 0; i < receiveBuffers; i += 1) queue.freeReceive.push(i);
    return true;
  }

  #take(count: number): number {
    const address = this.#platform.pages.takePages(count);
    if (address >= 0) this.#taken.push({ address, count });
    return address;
  }

  #grant(
    link: XenbusLink,
    address: number,
    count: number,
    readOnly: boolean,
    refs: number[],
  ): boolean {
    for (let i = 0; i < count; i += 1) {
      const frame = Math.trunc(address / PAGE_BYTES) + i;
      const ref = this.#platform.grants.grant(link.otherDomain, frame, readOnly);
      if (ref < 0) return false;
      refs.push(ref);
    }
    return true;
  }

  #announce(link: XenbusLink, transaction: number): boolean {
    const { store } = this.#platform;
    const path = link.path;
    const isMulti = this.#queues.length > 1;
    if (isMulti) {
      const count = `${this.#queues.length}`;
      if (!store.write(`${path}/multi-queue-num-queues`, count, transaction)) return false;
    }
    for (let i = 0; i < this.#queues.length; i += 1) {
      const at = isMulti ? `${path}/queue-${i}` : path;
      const queue = this.#queues[i];
      if (!store.write(`${at}/tx-ring-ref`, `${queue.refs[0]}`, transaction)) return false;
      if (!store.write(`${at}/rx-ring-ref`, `${queue.refs[1]}`, transaction)) return false;
      if (!store.write(`${at}/event-channel`, `${queue.port}`, transaction)) return false;
    }
    const flags = ['request-rx-copy', 'feature-rx-notify', 'feature-sg', 'feature-gso-tcpv4'];
    flags.push('feature-gso-tcpv6', 'feature-ipv6-csum-offload');
    for (const flag of flags) {
      if (!store.write(`${path}/${flag}`, '1', transaction)) return false;
    }
    return store.write(`${path}/feature-no-csum-offload`, '0', transaction);
  }

  #fail(kind: XenFaultKind, detail: number): undefined {
    this.#link?.fail(kind, detail);
    this.#link?.setState(XenbusState.Closing);
    return undefined;
  }

  #release(): void {
    const { grants, pages, events } = this.#platform;
    const refs: number[] = [];
    const taken: number[] = [];
    for (const queue of this.#queues) {
      events.close(queue.port);
      for (const list of [queue.refs, queue.transmitRefs, queue.receiveRefs]) {
        for (const ref of list) refs.push(ref);
      }
    }
    for (const { address, count } of this.#taken) {
      for (let i = 0; i < count; i += 1) taken.push(address + i * PAGE_BYTES);
    }
    grants.release(refs, taken, pages);
    this.#queues.length = 0;
    this.#queue = 0;
    this.#taken.length = 0;
    this.#link?.close();
    this.#link = undefined;
  }
}

function noCapabilities(mtu: number): NetCapabilities {
  return {
    medium: 'ethernet',
    mtu,
    mac: new Uint8Array(6),
    checksumTransmit: false,
    checksumReceive: false,
    segmentationBytesMax: 0,
  };
}

/** `00:16:3e:01:02:03`; undefined for anything else. */
export function parseMac(text: string): Uint8Array | undefined {
  const parts = text.split(':');
  if (parts.length !== 6) return undefined;
  const mac = new Uint8Array(6);
  for (let i = 0; i < 6; i += 1) {
    const part = parts[i];
    if (part.length < 1 || part.length > 2) return undefined;
    let value = 0;
    for (let j = 0; j < part.length; j += 1) {
      const digit = '0123456789abcdef'.indexOf(part.charAt(j).toLowerCase());
      if (digit < 0) return undefined;
      value = value * 16 + digit;
    }
    mac[i] = value;
  }
  return mac;
}
