/**
 * Network driver: sends and receives Ethernet frames. `reserve`/`commit` and `capabilities` have the shape of
 * netstack's `LinkDevice`; received frames are copied out of shared memory before anybody looks at them.
 */
import { BufferList, Completion } from './buffer-list.js';
import { DeviceSession, type RingPreference } from './device-session.js';
import { type FaultSink, VirtioFaultKind } from './fault.js';
import { Features } from './features.js';
import type { DmaAllocator, GuestMemory } from './memory.js';
import {
  NET_CHECKSUM,
  NET_CONFIG_MTU,
  NET_CONFIG_PAIRS,
  NET_CONFIG_STATUS,
  NET_CONTROL_CLASS_MULTI_QUEUE,
  NET_CONTROL_CLASS_RECEIVE,
  NET_CONTROL_OK,
  NET_CONTROL_QUEUE,
  NET_CONTROL_RECEIVE,
  NET_CONTROL_SET_PAIRS,
  NET_GSO_NONE,
  NET_GSO_TCP4,
  NET_GSO_TCP6,
  NET_GUEST_CHECKSUM,
  NET_GUEST_TSO4,
  NET_GUEST_TSO6,
  NET_HEADER_BYTES,
  NET_HEADER_NEEDS_CHECKSUM,
  NET_HOST_TSO4,
  NET_HOST_TSO6,
  NET_LEGACY_HEADER_BYTES,
  NET_MAC,
  NET_MERGE_BUFFERS,
  NET_MTU,
  NET_MULTI_QUEUE,
  NET_STATUS,
  NET_STATUS_LINK_UP,
} from './net-protocol.js';
import { AddResult, type DriverQueue } from './queue.js';
import { NO_VECTOR, type RegisterWindow, type Transport } from './transport.js';
import type { Waiter } from './waiter.js';

export interface NetDriverOptions {
  readonly name: string;
  readonly memory: GuestMemory;
  readonly allocator: DmaAllocator;
  readonly sink: FaultSink;
  readonly rings: RingPreference;
  readonly waiter: Waiter;
  readonly pairsMax: number;
  readonly receiveBuffers: number;
  readonly transmitBuffers: number;
  /** Buffers of 64 KiB for segmentation offload; 0 turns it off. */
  readonly largeBuffers: number;
  readonly acceptLargeReceive: boolean;
  /** Used when the device has no address of its own. */
  readonly fallbackMac: Uint8Array;
}

/** What a frame asks of the device; netstack's `TransmitOffload` has these fields. */
export interface FrameOffload {
  readonly needsChecksum: boolean;
  readonly checksumStart: number;
  readonly checksumOffset: number;
  readonly segmentBytes: number;
  readonly headerBytes: number;
}

export interface NetCapabilities {
  readonly medium: 'ethernet';
  readonly mtu: number;
  readonly mac: Uint8Array;
  readonly checksumTransmit: boolean;
  readonly checksumReceive: boolean;
  readonly segmentationBytesMax: number;
}

const ETHERNET_BYTES = 14;
const RECEIVE_BYTES = 2048;
const LARGE_BYTES = 65536 + 32;
const CONTROL_BYTES = 64;

/** One direction of one pair: a queue, its buffers and which of them are free. */
class TransmitSide {
  readonly queue: DriverQueue;
  readonly freeSmall: number[] = [];
  readonly freeLarge: number[] = [];

  constructor(queue: DriverQueue) {
    this.queue = queue;
  }
}

export class NetDriver {
  readonly session: DeviceSession;
  readonly capabilities: NetCapabilities;
  readonly pairCount: number;
  receivedFrames = 0;
  transmittedFrames = 0;
  readonly #options: NetDriverOptions;
  readonly #headerBytes: number;
  readonly #merges: boolean;
  readonly #receive: DriverQueue[] = [];
  readonly #transmit: TransmitSide[] = [];
  #control: DriverQueue | undefined = undefined;
  #controlIndex = 0;
  #controlArea = -1;
  readonly #smallBytes: number;
  #receiveArea = -1;
  #transmitArea = -1;
  #largeArea = -1;
  readonly #stage: Uint8Array = new Uint8Array(NET_HEADER_BYTES + LARGE_BYTES);
  readonly #header: Uint8Array = new Uint8Array(NET_HEADER_BYTES);
  readonly #headerView: DataView;
  readonly #frame: Uint8Array = new Uint8Array(LARGE_BYTES);
  #frameBytes = 0;
  #pair = 0;
  readonly #buffers: BufferList = new BufferList();
  readonly #completion: Completion = new Completion();

  private constructor(session: DeviceSession, options: NetDriverOptions, config: NetConfig) {
    const features = session.features;
    this.session = session;
    this.#options = options;
    this.#merges = features.has(NET_MERGE_BUFFERS);
    const isShort = session.transport.isLegacy() && !this.#merges;
    this.#headerBytes = isShort ? NET_LEGACY_HEADER_BYTES : NET_HEADER_BYTES;
    this.#headerView = new DataView(this.#header.buffer);
    this.pairCount = features.has(NET_MULTI_QUEUE) ? Math.min(config.pairs, options.pairsMax) : 1;
    const mtu = features.has(NET_MTU) ? Math.min(config.mtu, RECEIVE_BYTES - 64) : 1500;
    this.#smallBytes = Math.trunc((NET_HEADER_BYTES + ETHERNET_BYTES + mtu + 63) / 64) * 64;
    const canSegment = features.has(NET_HOST_TSO4) && features.has(NET_HOST_TSO6);
    this.capabilities = {
      medium: 'ethernet',
      mtu,
      mac: features.has(NET_MAC) ? config.mac : options.fallbackMac,
      checksumTransmit: features.has(NET_CHECKSUM),
      checksumReceive: features.has(NET_GUEST_CHECKSUM),
      segmentationBytesMax: canSegment && options.largeBuffers > 0 ? 65535 : 0,
    };
  }

  /** Undefined after a fault, which the sink has. */
  static open(transport: Transport, options: NetDriverOptions): NetDriver | undefined {
    let wanted = Features.of([NET_CHECKSUM, NET_GUEST_CHECKSUM, NET_MTU, NET_MAC]);
    wanted = wanted.with(NET_MERGE_BUFFERS).with(NET_STATUS);
    if (options.largeBuffers > 0) wanted = wanted.with(NET_HOST_TSO4).with(NET_HOST_TSO6);
    if (options.pairsMax > 1) wanted = wanted.with(NET_MULTI_QUEUE);
    wanted = wanted.with(NET_CONTROL_QUEUE).with(NET_CONTROL_RECEIVE);
    // Large receive needs merged buffers: 64 KiB for each posted buffer would be a waste.
    if (options.acceptLargeReceive && transport.readDeviceFeatures().has(NET_MERGE_BUFFERS)) {
      wanted = wanted.with(NET_GUEST_TSO4).with(NET_GUEST_TSO6);
    }
    const session = DeviceSession.open(transport, {
      name: options.name,
      memory: options.memory,
      allocator: options.allocator,
      sink: options.sink,
      wanted,
      required: new Features(0, 0),
      rings: options.rings,
    });
    if (session === undefined) return undefined;
    const config = new NetConfig();
    if (!session.readConfig((window) => config.read(window))) return undefined;
    if (!config.check(session)) return undefined;
    const driver = new NetDriver(session, options, config);
    if (!driver.#createQueues(config) || !session.start()) return undefined;
    for (let pair = 0; pair < driver.pairCount; pair += 1) driver.#fillReceive(pair);
    if (driver.pairCount > 1 && !driver.#setPairs(driver.pairCount)) return undefined;
    return driver;
  }

  isLinkUp(): boolean {
    if (!this.session.features.has(NET_STATUS)) return true;
    return (this.session.transport.config.load16(NET_CONFIG_STATUS) & NET_STATUS_LINK_UP) !== 0;
  }

  /** Which pair the caller's CPU uses from now on. */
  selectPair(pair: number): void {
    this.#pair = pair % this.pairCount;
  }

  /** Lends a buffer for one frame of at most `bytes`, or undefined when nothing is free. */
  reserve(bytes: number): Uint8Array | undefined {
    if (this.session.fault !== undefined) return undefined;
    const side = this.#transmit[this.#pair];
    const isSmall = bytes + NET_HEADER_BYTES <= this.#smallBytes;
    if (!isSmall && bytes > LARGE_BYTES - NET_HEADER_BYTES) return undefined;
    const free = isSmall ? side.freeSmall : side.freeLarge;
    if (free.length === 0) this.reclaim();
    if (free.length === 0 || side.queue.freeCount() < 2) return undefined;
    return this.#stage.subarray(NET_HEADER_BYTES, NET_HEADER_BYTES + bytes);
  }

  /** Sends the first `bytes` of the buffer lent last. Not visible to the device before `flush`. */
  commit(bytes: number, offload: FrameOffload): void {
    const side = this.#transmit[this.#pair];
    const isSmall = bytes + NET_HEADER_BYTES <= this.#smallBytes;
    const free = isSmall ? side.freeSmall : side.freeLarge;
    if (free.length === 0) return;
    const token = free[free.length - 1];
    const address = this.#transmitAddress(token);
    this.#writeHeader(offload);
    const memory = this.#options.memory;
    memory.copyIn(address, this.#header, 0, this.#headerBytes);
    memory.copyIn(address + this.#headerBytes, this.#stage, NET_HEADER_BYTES, bytes);
    this.#buffers.clear();
    // Legacy devices want the header in a descriptor of its own (5.1.6.6.1).
    if (this.session.transport.isLegacy()) {
      this.#buffers.addReadable(address, this.#headerBytes);
      this.#buffers.addReadable(address + this.#headerBytes, bytes);
    } else this.#buffers.addReadable(address, this.#headerBytes + bytes);
    if (side.queue.add(this.#buffers, token) !== AddResult.Added) return;
    free.pop();
    this.transmittedFrames += 1;
  }

  /** Show committed frames to the device; one notification for all of them. */
  flush(): void {
    const index = this.#pair * 2 + 1;
    if (this.#transmit[this.#pair].queue.publish()) this.session.notify(index);
  }

  /** Take sent buffers back. */
  reclaim(): void {
    const side = this.#transmit[this.#pair];
    while (side.queue.poll(this.#completion)) {
      const token = this.#completion.token;
      if (token >= this.#options.transmitBuffers * this.pairCount) side.freeLarge.push(token);
      else side.freeSmall.push(token);
    }
    this.#checkQueue(side.queue);
  }

  /**
   * The next received frame, or undefined. The view is the driver's and is overwritten by the next call.
   * Received buffers go back to the device; call `refill` when the batch is through.
   */
  receive(): Uint8Array | undefined {
    if (this.session.fault !== undefined) return undefined;
    const queue = this.#receive[this.#pair];
    if (!queue.poll(this.#completion)) {
      this.#checkQueue(queue);
      return undefined;
    }
    const memory = this.#options.memory;
    const address = this.#receiveArea + this.#completion.token * RECEIVE_BYTES;
    const written = this.#completion.writtenBytes;
    if (written < this.#headerBytes) {
      this.session.fail(VirtioFaultKind.LengthTooShort, written);
      return undefined;
    }
    memory.copyOut(address, this.#header, 0, this.#headerBytes);
    const count = this.#merges ? this.#headerView.getUint16(10, true) : 1;
    this.#frameBytes = 0;
    if (!this.#append(address + this.#headerBytes, written - this.#headerBytes)) return undefined;
    this.#repost(this.#completion.token);
    if (count === 0) {
      this.session.fail(VirtioFaultKind.ProtocolMalformed, count);
      return undefined;
    }
    for (let i = 1; i < count; i += 1) {
      // All buffers of a frame are used together (5.1.6.4.1): a missing one is a lie, not a delay.
      if (!queue.poll(this.#completion)) {
        this.session.fail(VirtioFaultKind.ProtocolMalformed, count);
        return undefined;
      }
      const next = this.#receiveArea + this.#completion.token * RECEIVE_BYTES;
      if (!this.#append(next, this.#completion.writtenBytes)) return undefined;
      this.#repost(this.#completion.token);
    }
    this.receivedFrames += 1;
    return this.#frame.subarray(0, this.#frameBytes);
  }

  /** Show reposted buffers to the device. */
  refill(): void {
    if (this.#receive[this.#pair].publish()) this.session.notify(this.#pair * 2);
  }

  /** True when something is there already, so that the caller must not sleep. */
  enableInterrupts(): boolean {
    return this.#receive[this.#pair].enableInterrupts();
  }

  disableInterrupts(): void {
    this.#receive[this.#pair].disableInterrupts();
  }

  setPromiscuous(isOn: boolean): boolean {
    if (!this.session.features.has(NET_CONTROL_RECEIVE)) return false;
    return this.#command(NET_CONTROL_CLASS_RECEIVE, 0, isOn ? 1 : 0, 1);
  }

  #createQueues(config: NetConfig): boolean {
    const options = this.#options;
    const size = Math.max(options.receiveBuffers, options.transmitBuffers * 2);
    for (let pair = 0; pair < this.pairCount; pair += 1) {
      const receive = this.session.createQueue(pair * 2, size, NO_VECTOR);
      const transmit = this.session.createQueue(pair * 2 + 1, size, NO_VECTOR);
      if (receive === undefined || transmit === undefined) return false;
      transmit.disableInterrupts();
      this.#receive.push(receive);
      this.#transmit.push(new TransmitSide(transmit));
    }
    if (this.session.features.has(NET_CONTROL_QUEUE)) {
      this.#controlIndex = this.session.features.has(NET_MULTI_QUEUE) ? config.pairs * 2 : 2;
      this.#control = this.session.createQueue(this.#controlIndex, 4, NO_VECTOR);
      this.#controlArea = options.allocator.allocate(CONTROL_BYTES, 64);
      if (this.#control === undefined) return false;
    }
    const small = options.transmitBuffers * this.pairCount;
    const large =
      this.capabilities.segmentationBytesMax > 0 ? options.largeBuffers * this.pairCount : 0;
    const receiveBytes = options.receiveBuffers * this.pairCount * RECEIVE_BYTES;
    this.#receiveArea = options.allocator.allocate(receiveBytes, 64);
    this.#transmitArea = options.allocator.allocate(small * this.#smallBytes, 64);
    this.#largeArea = large > 0 ? options.allocator.allocate(large * LARGE_BYTES, 64) : 0;
    if (this.#receiveArea < 0 || this.#transmitArea < 0 || this.#largeArea < 0) {
      return this.session.fail(VirtioFaultKind.NoMemory, receiveBytes);
    }
    for (let token = 0; token < small; token += 1) {
      this.#transmit[token % this.pairCount].freeSmall.push(token);
    }
    for (let i = 0; i < large; i += 1) this.#transmit[i % this.pairCount].freeLarge.push(small + i);
    return true;
  }

  #transmitAddress(token: number): number {
    const small = this.#options.transmitBuffers * this.pairCount;
    if (token < small) return this.#transmitArea + token * this.#smallBytes;
    return this.#largeArea + (token - small) * LARGE_BYTES;
  }

  #fillReceive(pair: number): void {
    const first = pair * this.#options.receiveBuffers;
    this.#pair = pair;
    for (let i = 0; i < this.#options.receiveBuffers; i += 1) this.#repost(first + i);
    this.refill();
    this.#pair = 0;
  }

  #repost(token: number): void {
    const address = this.#receiveArea + token * RECEIVE_BYTES;
    this.#buffers.clear();
    if (this.session.transport.isLegacy() && !this.#merges) {
      this.#buffers.addWritable(address, this.#headerBytes);
      this.#buffers.addWritable(address + this.#headerBytes, RECEIVE_BYTES - this.#headerBytes);
    } else this.#buffers.addWritable(address, RECEIVE_BYTES);
    this.#receive[this.#pair].add(this.#buffers, token);
  }

  #append(address: number, bytes: number): boolean {
    if (bytes > this.#frame.length - this.#frameBytes) {
      return this.session.fail(VirtioFaultKind.LengthTooLong, this.#frameBytes + bytes);
    }
    this.#options.memory.copyOut(address, this.#frame, this.#frameBytes, bytes);
    this.#frameBytes += bytes;
    return true;
  }

  #writeHeader(offload: FrameOffload): void {
    const view = this.#headerView;
    let gso = NET_GSO_NONE;
    if (offload.segmentBytes > 0) {
      const etherType =
        this.#stage[NET_HEADER_BYTES + 12] * 256 + this.#stage[NET_HEADER_BYTES + 13];
      gso = etherType === 0x86dd ? NET_GSO_TCP6 : NET_GSO_TCP4;
    }
    view.setUint8(0, offload.needsChecksum ? NET_HEADER_NEEDS_CHECKSUM : 0);
    view.setUint8(1, gso);
    view.setUint16(2, offload.segmentBytes > 0 ? offload.headerBytes : 0, true);
    view.setUint16(4, offload.segmentBytes, true);
    view.setUint16(6, offload.needsChecksum ? offload.checksumStart : 0, true);
    view.setUint16(8, offload.needsChecksum ? offload.checksumOffset : 0, true);
    view.setUint16(10, 0, true);
  }

  #setPairs(count: number): boolean {
    const done = this.#command(NET_CONTROL_CLASS_MULTI_QUEUE, NET_CONTROL_SET_PAIRS, count, 2);
    if (done) return true;
    return this.session.fail(VirtioFaultKind.ProtocolMalformed, count);
  }

  /** One control command with a little-endian argument; waits for the answer. */
  #command(group: number, command: number, value: number, valueBytes: number): boolean {
    const control = this.#control;
    if (control === undefined || this.#controlArea < 0) return false;
    const memory = this.#options.memory;
    memory.store8(this.#controlArea, group);
    memory.store8(this.#controlArea + 1, command);
    memory.store16(this.#controlArea + 2, value);
    memory.store8(this.#controlArea + 8, 0xff);
    this.#buffers.clear();
    this.#buffers.addReadable(this.#controlArea, 2);
    this.#buffers.addReadable(this.#controlArea + 2, valueBytes);
    this.#buffers.addWritable(this.#controlArea + 8, 1);
    if (control.add(this.#buffers, 0) !== AddResult.Added) return false;
    if (control.publish()) this.session.notify(this.#controlIndex);
    while (!control.poll(this.#completion)) {
      if (control.fault !== undefined) {
        this.#checkQueue(control);
        return false;
      }
      if (!control.enableInterrupts() && !this.#options.waiter.waitForDevice()) {
        if (control.poll(this.#completion)) break;
        return this.session.fail(VirtioFaultKind.ResetTimeout, group);
      }
    }
    return memory.load8(this.#controlArea + 8) === NET_CONTROL_OK;
  }

  #checkQueue(queue: DriverQueue): void {
    if (queue.fault !== undefined) this.session.fail(queue.fault.kind, queue.fault.detail);
  }
}

class NetConfig {
  readonly mac: Uint8Array = new Uint8Array(6);
  pairs = 1;
  mtu = 1500;

  read(window: RegisterWindow): void {
    for (let i = 0; i < 6; i += 1) this.mac[i] = window.load8(i);
    this.pairs = window.load16(NET_CONFIG_PAIRS);
    this.mtu = window.load16(NET_CONFIG_MTU);
  }

  check(session: DeviceSession): boolean {
    const features = session.features;
    if (features.has(NET_MTU) && this.mtu < 68) {
      return session.fail(VirtioFaultKind.ConfigInvalid, NET_CONFIG_MTU);
    }
    const hasPairs = features.has(NET_MULTI_QUEUE);
    if (hasPairs && (this.pairs < 1 || this.pairs > 0x8000 || !features.has(NET_CONTROL_QUEUE))) {
      return session.fail(VirtioFaultKind.ConfigInvalid, NET_CONFIG_PAIRS);
    }
    return true;
  }
}
