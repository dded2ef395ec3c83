/** Device side of virtio-net: frames go to a peer and come from it through `deliver`. */
import { DeviceChain } from './device-chain.js';
import type { DeviceCore, DeviceModel } from './device-core.js';
import { FEATURE_VERSION_1, Features } from './features.js';
import type { GuestMemory } from './memory.js';
import {
  NET_CHECKSUM,
  NET_CONFIG_BYTES,
  NET_CONFIG_MTU,
  NET_CONFIG_PAIRS,
  NET_CONFIG_STATUS,
  NET_CONTROL_CLASS_MULTI_QUEUE,
  NET_CONTROL_CLASS_RECEIVE,
  NET_CONTROL_OK,
  NET_CONTROL_QUEUE,
  NET_CONTROL_RECEIVE,
  NET_GUEST_CHECKSUM,
  NET_HEADER_BYTES,
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
import { type DeviceQueue, TakeResult } from './queue.js';
import { DeviceType } from './transport.js';

export interface FramePeer {
  /** `header` is the 12-byte virtio header as the driver wrote it (checksum and segmentation requests). */
  frame(header: Uint8Array, frame: Uint8Array): void;
}

export interface NetModelOptions {
  readonly mac: Uint8Array;
  readonly mtu: number;
  readonly pairs: number;
  readonly queueSize: number;
  readonly mergeBuffers: boolean;
  readonly peer: FramePeer;
}

const FRAME_BYTES_MAX = 65550;
const MERGE_BUFFERS_MAX = 64;

export class NetModel implements DeviceModel {
  readonly deviceType: number = DeviceType.Net;
  readonly features: Features;
  readonly queueSizes: readonly number[];
  readonly configBytes: number = NET_CONFIG_BYTES;
  activePairs = 1;
  isPromiscuous = false;
  readonly #options: NetModelOptions;
  readonly #memory: GuestMemory;
  readonly #config: Uint8Array = new Uint8Array(NET_CONFIG_BYTES);
  readonly #chain: DeviceChain = new DeviceChain();
  readonly #merge: DeviceChain[] = [];
  #core: DeviceCore | undefined = undefined;
  #queues: (DeviceQueue | undefined)[] = [];
  #headerBytes: number = NET_HEADER_BYTES;
  #merges = false;
  #controlIndex = 2;

  constructor(memory: GuestMemory, options: NetModelOptions) {
    this.#memory = memory;
    this.#options = options;
    let features = Features.of([NET_CHECKSUM, NET_GUEST_CHECKSUM, NET_MTU, NET_MAC, NET_STATUS]);
    features = features.with(NET_HOST_TSO4).with(NET_HOST_TSO6);
    features = features.with(NET_CONTROL_QUEUE).with(NET_CONTROL_RECEIVE);
    if (options.mergeBuffers) features = features.with(NET_MERGE_BUFFERS);
    if (options.pairs > 1) features = features.with(NET_MULTI_QUEUE);
    this.features = features;
    const sizes: number[] = [];
    for (let i = 0; i < options.pairs * 2 + 1; i += 1) sizes.push(options.queueSize);
    this.queueSizes = sizes;
    const view = new DataView(this.#config.buffer);
    this.#config.set(options.mac);
    view.setUint16(NET_CONFIG_STATUS, NET_STATUS_LINK_UP, true);
    view.setUint16(NET_CONFIG_PAIRS, options.pairs, true);
    view.setUint16(NET_CONFIG_MTU, options.mtu, true);
  }

  attach(core: DeviceCore): void {
    this.#core = core;
  }

  loadConfig(offset: number): number {
    return this.#config[offset];
  }

  storeConfig(_offset: number, _value: number): void {}

  start(queues: readonly (DeviceQueue | undefined)[], features: Features): void {
    this.#queues = [...queues];
    this.#merges = features.has(NET_MERGE_BUFFERS);
    this.#controlIndex = features.has(NET_MULTI_QUEUE) ? this.#options.pairs * 2 : 2;
    const isShort = !features.has(FEATURE_VERSION_1) && !this.#merges;
    this.#headerBytes = isShort ? NET_LEGACY_HEADER_BYTES : NET_HEADER_BYTES;
  }

  queueChanged(index: number, queue: DeviceQueue | undefined): void {
    while (this.#queues.length <= index) this.#queues.push(undefined);
    this.#queues[index] = queue;
  }

  reset(): void {
    this.#queues = [];
    this.activePairs = 1;
    this.isPromiscuous = false;
  }

  notified(index: number): void {
    const queue = this.#queue(index);
    if (queue === undefined) return;
    const isControl = index === this.#controlIndex;
    if (!isControl && index % 2 === 0) return;
    do {
      queue.disableNotifications();
      for (let taken = 0; taken < queue.size; taken += 1) {
        if (queue.take(this.#chain) !== TakeResult.Taken) break;
        const written = isControl ? this.#control(this.#chain) : this.#transmit(this.#chain);
        queue.complete(this.#chain, written);
      }
      if (queue.publish()) this.#core?.interruptQueue(index);
    } while (queue.enableNotifications());
  }

  /** A frame for the driver; false when it has not posted enough buffers, and the frame is lost. */
  deliver(pair: number, frame: Uint8Array): boolean {
    const index = pair * 2;
    const queue = this.#queue(index);
    if (queue === undefined) return false;
    const packet = new Uint8Array(this.#headerBytes + frame.length);
    packet.set(frame, this.#headerBytes);
    let count = 0;
    let room = 0;
    while (room < packet.length && count < MERGE_BUFFERS_MAX && (this.#merges || count === 0)) {
      if (this.#merge.length === count) this.#merge.push(new DeviceChain());
      if (queue.take(this.#merge[count]) !== TakeResult.Taken) break;
      room += this.#merge[count].writableBytes;
      count += 1;
    }
    if (this.#headerBytes === NET_HEADER_BYTES) packet[10] = count;
    const fits = room >= packet.length;
    let at = 0;
    for (let i = 0; i < count; i += 1) {
      const part = fits ? Math.min(this.#merge[i].writableBytes, packet.length - at) : 0;
      this.#merge[i].write(this.#memory, 0, packet, at, part);
      at += part;
      // A frame without room still uses the buffers it took: give them back as empty frames.
      if (!fits) this.#writeEmpty(this.#merge[i]);
      queue.complete(this.#merge[i], fits ? part : this.#headerBytes);
    }
    if (queue.publish()) this.#core?.interruptQueue(index);
    return fits;
  }

  #writeEmpty(chain: DeviceChain): void {
    const header = new Uint8Array(this.#headerBytes);
    if (this.#headerBytes === NET_HEADER_BYTES) header[10] = 1;
    chain.write(this.#memory, 0, header, 0, header.length);
  }

  #queue(index: number): DeviceQueue | undefined {
    return index < this.#queues.length ? this.#queues[index] : undefined;
  }

  #transmit(chain: DeviceChain): number {
    const bytes = chain.readableBytes - this.#headerBytes;
    if (bytes < 0 || bytes > FRAME_BYTES_MAX) return 0;
    const header = new Uint8Array(NET_HEADER_BYTES);
    chain.read(this.#memory, 0, header, 0, this.#headerBytes);
    const frame = new Uint8Array(bytes);
    chain.read(this.#memory, this.#headerBytes, frame, 0, bytes);
    this.#options.peer.frame(header, frame);
    return 0;
  }

  #control(chain: DeviceChain): number {
    if (chain.writableBytes < 1) return 0;
    const request = new Uint8Array(4);
    const bytes = chain.read(this.#memory, 0, request, 0, 4);
    let status = 1;
    if (request[0] === NET_CONTROL_CLASS_MULTI_QUEUE && bytes === 4) {
      const pairs = request[2] + request[3] * 256;
      if (pairs >= 1 && pairs <= this.#options.pairs) {
        this.activePairs = pairs;
        status = NET_CONTROL_OK;
      }
    } else if (request[0] === NET_CONTROL_CLASS_RECEIVE && bytes === 3) {
      if (request[1] === 0) this.isPromiscuous = request[2] === 1;
      status = NET_CONTROL_OK;
    }
    return chain.write(this.#memory, 0, new Uint8Array([status]), 0, 1);
  }
}
