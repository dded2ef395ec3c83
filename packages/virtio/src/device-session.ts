/**
 * Bringing a device up (virtio 1.3, 3.1.1): reset, acknowledge, agree on features, place queues, go.
 *
 * Every wait is bounded and every answer checked. The offer is read again before DRIVER_OK: a device that changes
 * it in between would leave the two sides with different ideas of every structure that follows.
 */

import { type FaultSink, type VirtioFault, VirtioFaultKind, virtioFault } from './fault.js';
import {
  closeFeatures,
  FEATURE_EVENT_INDEX,
  FEATURE_IN_ORDER,
  FEATURE_INDIRECT,
  FEATURE_PACKED,
  FEATURE_QUEUE_RESET,
  FEATURE_VERSION_1,
  Features,
} from './features.js';
import type { DmaAllocator, GuestMemory } from './memory.js';
import { PackedDriverQueue } from './packed-driver.js';
import type { DriverQueue } from './queue.js';
import { SplitDriverQueue } from './split-driver.js';
import {
  type RegisterWindow,
  STATUS_ACKNOWLEDGE,
  STATUS_DRIVER,
  STATUS_DRIVER_OK,
  STATUS_FAILED,
  STATUS_FEATURES_OK,
  STATUS_NEEDS_RESET,
  type Transport,
} from './transport.js';

/** Register reads a reset may take. A device answers at once or is broken. */
const RESET_POLLS_MAX = 100000;
const CONFIG_READS_MAX = 64;
const QUEUE_SIZE_LIMIT = 32768;

export interface SessionOptions {
  readonly name: string;
  readonly memory: GuestMemory;
  readonly allocator: DmaAllocator;
  readonly sink: FaultSink;
  /** What the driver can use; ring features are taken from `rings`. */
  readonly wanted: Features;
  /** What it cannot do without. */
  readonly required: Features;
  readonly rings: RingPreference;
}

/** Which ring features to accept when offered. */
export interface RingPreference {
  readonly packed: boolean;
  readonly indirect: boolean;
  readonly eventIndex: boolean;
  readonly inOrder: boolean;
  readonly indirectMax: number;
}

export const ALL_RING_FEATURES: RingPreference = {
  packed: true,
  indirect: true,
  eventIndex: true,
  inOrder: true,
  indirectMax: 18,
};

export class DeviceSession {
  readonly name: string;
  readonly transport: Transport;
  readonly memory: GuestMemory;
  readonly allocator: DmaAllocator;
  readonly features: Features;
  readonly sink: FaultSink;
  fault: VirtioFault | undefined = undefined;
  /** What the device offered, also the parts not accepted: some queue numbers depend on it. */
  readonly offered: Features;
  readonly #indirectMax: number;
  readonly #queues: Map<number, DriverQueue> = new Map<number, DriverQueue>();

  private constructor(
    transport: Transport,
    options: SessionOptions,
    offered: Features,
    features: Features,
  ) {
    this.transport = transport;
    this.name = options.name;
    this.memory = options.memory;
    this.allocator = options.allocator;
    this.sink = options.sink;
    this.features = features;
    this.offered = offered;
    this.#indirectMax = options.rings.indirectMax;
  }

  /** Up to FEATURES_OK. Undefined after a fault, which the sink has. */
  static open(transport: Transport, options: SessionOptions): DeviceSession | undefined {
    if (!resetDevice(transport)) {
      return refuse(transport, options, VirtioFaultKind.ResetTimeout, transport.readStatus());
    }
    transport.writeStatus(STATUS_ACKNOWLEDGE);
    transport.writeStatus(STATUS_ACKNOWLEDGE | STATUS_DRIVER);
    const offered = transport.readDeviceFeatures();
    let accepted = closeFeatures(offered.and(withRings(options.wanted, options.rings)));
    if (transport.isLegacy()) accepted = new Features(accepted.low, 0);
    else if (!accepted.has(FEATURE_VERSION_1)) {
      return refuse(transport, options, VirtioFaultKind.FeaturesRefused, FEATURE_VERSION_1);
    }
    if (!options.required.isSubsetOf(accepted)) {
      return refuse(transport, options, VirtioFaultKind.FeaturesRefused, accepted.low);
    }
    transport.writeDriverFeatures(accepted);
    if (!transport.isLegacy()) {
      const status = STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK;
      transport.writeStatus(status);
      if ((transport.readStatus() & STATUS_FEATURES_OK) === 0) {
        return refuse(transport, options, VirtioFaultKind.FeaturesRefused, accepted.high);
      }
    }
    return new DeviceSession(transport, options, offered, accepted);
  }

  /** Undefined after a fault. `sizeMax` bounds what memory the queue takes. */
  createQueue(index: number, sizeMax: number, vector: number): DriverQueue | undefined {
    const isPacked = this.features.has(FEATURE_PACKED);
    const offeredSize = this.transport.queueSizeMax(index);
    if (offeredSize === 0 || offeredSize > QUEUE_SIZE_LIMIT) {
      return this.#queueFault(VirtioFaultKind.QueueUnavailable, index);
    }
    const canChange = this.transport.canChangeQueueSize();
    if (!isPacked && !canChange && !isPowerOfTwo(offeredSize)) {
      return this.#queueFault(VirtioFaultKind.QueueUnavailable, index);
    }
    let size = canChange ? Math.min(offeredSize, sizeMax) : offeredSize;
    if (!isPacked && canChange) size = floorPowerOfTwo(size);
    const options = {
      memory: this.memory,
      allocator: this.allocator,
      sink: this.sink,
      name: `${this.name} queue ${index}`,
      size,
      indirect: this.features.has(FEATURE_INDIRECT),
      eventIndex: this.features.has(FEATURE_EVENT_INDEX),
      inOrder: this.features.has(FEATURE_IN_ORDER),
      firstIndex: 0,
      indirectMax: this.#indirectMax,
      alignment: this.transport.ringAlignment(),
    };
    const queue = isPacked ? PackedDriverQueue.create(options) : SplitDriverQueue.create(options);
    if (queue === undefined) return this.#queueFault(VirtioFaultKind.NoMemory, size);
    if (!this.transport.setupQueue(index, size, queue.addresses, vector)) {
      queue.release();
      return this.#queueFault(VirtioFaultKind.QueueUnavailable, index);
    }
    this.#queues.set(index, queue);
    return queue;
  }

  /** DRIVER_OK: from here the device uses its queues. False after a fault. */
  start(): boolean {
    if (this.fault !== undefined) return false;
    if (!this.transport.readDeviceFeatures().equals(this.offered)) {
      return this.fail(VirtioFaultKind.FeaturesChanged, 0);
    }
    this.transport.writeStatus(this.transport.readStatus() | STATUS_DRIVER_OK);
    return this.checkStatus();
  }

  /** Call on a configuration interrupt: a device may ask for its own reset. */
  checkStatus(): boolean {
    const status = this.transport.readStatus();
    if ((status & STATUS_NEEDS_RESET) === 0) return true;
    return this.fail(VirtioFaultKind.NeedsReset, status);
  }

  notify(index: number): void {
    if (this.fault === undefined) this.transport.notify(index);
  }

  /** One queue, while the others go on (needs QUEUE_RESET). The outstanding tokens, or undefined after a fault. */
  resetQueue(index: number, vector: number): number[] | undefined {
    const queue = this.#queues.get(index);
    if (queue === undefined || !this.features.has(FEATURE_QUEUE_RESET)) return undefined;
    this.transport.startQueueReset(index);
    let polls = 0;
    while (!this.transport.isQueueResetDone(index)) {
      polls += 1;
      if (polls > RESET_POLLS_MAX) {
        this.fail(VirtioFaultKind.ResetTimeout, index);
        return undefined;
      }
    }
    const tokens = queue.reset();
    if (!this.transport.setupQueue(index, queue.size, queue.addresses, vector)) {
      this.fail(VirtioFaultKind.QueueUnavailable, index);
      return undefined;
    }
    return tokens;
  }

  /** Runs `read` until no change of configuration happened meanwhile. False after a fault. */
  readConfig(read: (config: RegisterWindow) => void): boolean {
    const transport = this.transport;
    for (let tries = 0; tries < CONFIG_READS_MAX; tries += 1) {
      const before = transport.configGeneration();
      read(transport.config);
      if (transport.configGeneration() === before) return true;
    }
    return this.fail(VirtioFaultKind.ConfigTorn, CONFIG_READS_MAX);
  }

  /** Mark the device dead: it gets FAILED and no further notification. Always false. */
  fail(kind: VirtioFaultKind, detail: number): boolean {
    if (this.fault !== undefined) return false;
    this.fault = virtioFault(kind, this.name, detail);
    this.sink.fault(this.fault);
    this.transport.writeStatus(this.transport.readStatus() | STATUS_FAILED);
    return false;
  }

  /** Reset the device and free the rings; buffers outstanding belong to the caller again. */
  close(): boolean {
    const done = resetDevice(this.transport);
    // Rings of a device that does not stop stay allocated: it may still write to them.
    if (done) for (const queue of this.#queues.values()) queue.release();
    this.#queues.clear();
    return done;
  }

  #queueFault(kind: VirtioFaultKind, detail: number): undefined {
    this.fail(kind, detail);
    return undefined;
  }
}

export function resetDevice(transport: Transport): boolean {
  transport.writeStatus(0);
  for (let polls = 0; polls < RESET_POLLS_MAX; polls += 1) {
    if (transport.readStatus() === 0) return true;
  }
  return false;
}

function withRings(wanted: Features, rings: RingPreference): Features {
  let set = wanted.with(FEATURE_VERSION_1).with(FEATURE_QUEUE_RESET);
  if (rings.packed) set = set.with(FEATURE_PACKED);
  if (rings.indirect) set = set.with(FEATURE_INDIRECT);
  if (rings.eventIndex) set = set.with(FEATURE_EVENT_INDEX);
  if (rings.inOrder) set = set.with(FEATURE_IN_ORDER);
  return set;
}

function refuse(
  transport: Transport,
  options: SessionOptions,
  kind: VirtioFaultKind,
  detail: number,
): undefined {
  options.sink.fault(virtioFault(kind, options.name, detail));
  transport.writeStatus(transport.readStatus() | STATUS_FAILED);
  return undefined;
}

function isPowerOfTwo(value: number): boolean {
  return (value & (value - 1)) === 0;
}

function floorPowerOfTwo(value: number): number {
  let power = 1;
  while (power * 2 <= value) power *= 2;
  return power;
}
