/**
 * The device side, without a bus: status, features, queues and interrupts as the specification's state machine. A
 * `DeviceModel` says what the device does; a front end (mmio-device.ts, pci-device.ts) gives it registers.
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
import type { GuestMemory } from './memory.js';
import { PackedDeviceQueue } from './packed-device.js';
import type { DeviceQueue, QueueAddresses } from './queue.js';
import { SplitDeviceQueue } from './split-device.js';
import { splitUsedOffset } from './split-driver.js';
import {
  INTERRUPT_CONFIG,
  INTERRUPT_QUEUE,
  NO_VECTOR,
  STATUS_DRIVER_OK,
  STATUS_FEATURES_OK,
  STATUS_NEEDS_RESET,
} from './transport.js';

export interface DeviceModel {
  readonly deviceType: number;
  /** Device-specific features; ring features are the core's. */
  readonly features: Features;
  /** Largest size of each queue. */
  readonly queueSizes: readonly number[];
  readonly configBytes: number;
  loadConfig(offset: number): number;
  storeConfig(offset: number, value: number): void;
  /** DRIVER_OK was set. A queue that the driver left out is undefined. */
  start(queues: readonly (DeviceQueue | undefined)[], features: Features): void;
  notified(queue: number): void;
  /** A queue came, or (undefined) went, after start. */
  queueChanged(index: number, queue: DeviceQueue | undefined): void;
  reset(): void;
}

/** Vector of the interrupt, or `NO_VECTOR` for the pin. Raised again while still pending is fine. */
export interface InterruptLine {
  raise(vector: number): void;
}

export interface CoreOptions {
  readonly name: string;
  readonly memory: GuestMemory;
  readonly sink: FaultSink;
  readonly line: InterruptLine;
  readonly ringFeatures: Features;
  readonly isLegacy: boolean;
}

interface QueueState {
  size: number;
  isEnabled: boolean;
  vector: number;
  descriptors: number;
  driverArea: number;
  deviceArea: number;
}

export class DeviceCore {
  readonly name: string;
  readonly model: DeviceModel;
  readonly offered: Features;
  readonly isLegacy: boolean;
  status = 0;
  interruptStatus = 0;
  generation = 0;
  configVector: number = NO_VECTOR;
  accepted: Features = new Features(0, 0);
  readonly #options: CoreOptions;
  readonly #queues: QueueState[] = [];
  #running: (DeviceQueue | undefined)[] = [];

  constructor(model: DeviceModel, options: CoreOptions) {
    this.model = model;
    this.name = options.name;
    this.#options = options;
    this.isLegacy = options.isLegacy;
    const all = model.features.or(options.ringFeatures);
    this.offered = options.isLegacy ? new Features(all.low, 0) : all.with(FEATURE_VERSION_1);
    for (const size of model.queueSizes) {
      this.#queues.push(freshQueue(size));
    }
  }

  queueCount(): number {
    return this.#queues.length;
  }

  /** Undefined for a queue that does not exist. */
  queue(index: number): QueueState | undefined {
    return index >= 0 && index < this.#queues.length ? this.#queues[index] : undefined;
  }

  writeFeatures(word: number, value: number): void {
    if ((this.status & STATUS_FEATURES_OK) !== 0) return;
    if (word === 0) this.accepted = new Features(value, this.accepted.high);
    else if (word === 1) this.accepted = new Features(this.accepted.low, value);
  }

  writeStatus(value: number): void {
    if (value === 0) {
      this.reset();
      return;
    }
    let next = value & 0xff;
    if ((next & STATUS_FEATURES_OK) !== 0 && (this.status & STATUS_FEATURES_OK) === 0) {
      if (!this.#acceptable()) next &= ~STATUS_FEATURES_OK;
    }
    const starts = (next & STATUS_DRIVER_OK) !== 0 && (this.status & STATUS_DRIVER_OK) === 0;
    this.status = next | (this.status & STATUS_NEEDS_RESET);
    if (starts) this.#start();
  }

  reset(): void {
    this.status = 0;
    this.interruptStatus = 0;
    this.accepted = new Features(0, 0);
    this.configVector = NO_VECTOR;
    this.#running = [];
    for (let i = 0; i < this.#queues.length; i += 1) {
      this.#queues[i] = freshQueue(this.model.queueSizes[i]);
    }
    this.model.reset();
  }

  /** Legacy transports place a queue by page frame. */
  placeLegacyQueue(index: number, address: number, alignment: number): void {
    const queue = this.queue(index);
    if (queue === undefined) return;
    queue.descriptors = address;
    queue.driverArea = address + queue.size * 16;
    queue.deviceArea = address + splitUsedOffset(queue.size, alignment);
    queue.isEnabled = address !== 0;
    // Some legacy drivers place queues after DRIVER_OK.
    if ((this.status & STATUS_DRIVER_OK) !== 0) this.#attach(index);
  }

  enableQueue(index: number): void {
    const queue = this.queue(index);
    if (queue === undefined || queue.isEnabled) return;
    queue.isEnabled = true;
    if ((this.status & STATUS_DRIVER_OK) !== 0) this.#attach(index);
  }

  resetQueue(index: number): void {
    const queue = this.queue(index);
    if (queue === undefined || !this.accepted.has(FEATURE_QUEUE_RESET)) return;
    this.#queues[index] = freshQueue(this.model.queueSizes[index]);
    if (index < this.#running.length) this.#running[index] = undefined;
    this.model.queueChanged(index, undefined);
  }

  notified(index: number): void {
    if ((this.status & STATUS_DRIVER_OK) === 0 || (this.status & STATUS_NEEDS_RESET) !== 0) return;
    if (index >= this.#running.length || this.#running[index] === undefined) return;
    this.model.notified(index);
    this.#watch(index);
  }

  /** The model published completions and the driver wants to know. */
  interruptQueue(index: number): void {
    this.interruptStatus |= INTERRUPT_QUEUE;
    const queue = this.queue(index);
    this.#options.line.raise(queue === undefined ? NO_VECTOR : queue.vector);
  }

  /** The model changed its configuration. */
  configChanged(): void {
    this.generation = (this.generation + 1) & 0xff;
    if ((this.status & STATUS_DRIVER_OK) === 0) return;
    this.interruptStatus |= INTERRUPT_CONFIG;
    this.#options.line.raise(this.configVector);
  }

  /** The model, or a queue, cannot go on: the driver has to reset the device (2.1.2). */
  needsReset(fault: VirtioFault): void {
    if ((this.status & STATUS_NEEDS_RESET) !== 0) return;
    this.#options.sink.fault(fault);
    this.#markNeedsReset();
  }

  #markNeedsReset(): void {
    this.status |= STATUS_NEEDS_RESET;
    this.interruptStatus |= INTERRUPT_CONFIG;
    this.#options.line.raise(this.configVector);
  }

  #watch(index: number): void {
    const queue = this.#running[index];
    if (queue === undefined || queue.fault === undefined) return;
    if ((this.status & STATUS_NEEDS_RESET) === 0) this.#markNeedsReset();
  }

  #acceptable(): boolean {
    if (!this.accepted.isSubsetOf(this.offered)) return false;
    return closeFeatures(this.accepted).equals(this.accepted);
  }

  #start(): void {
    this.#running = [];
    for (let i = 0; i < this.#queues.length; i += 1) this.#running.push(this.#build(i));
    this.model.start(this.#running, this.accepted);
  }

  #attach(index: number): void {
    const built = this.#build(index);
    while (this.#running.length <= index) this.#running.push(undefined);
    this.#running[index] = built;
    this.model.queueChanged(index, built);
  }

  #build(index: number): DeviceQueue | undefined {
    const queue = this.#queues[index];
    if (!queue.isEnabled) return undefined;
    const isPacked = this.accepted.has(FEATURE_PACKED);
    const addresses: QueueAddresses = {
      descriptors: queue.descriptors,
      driverArea: queue.driverArea,
      deviceArea: queue.deviceArea,
    };
    if (!this.#fits(queue, isPacked)) {
      this.needsReset(virtioFault(VirtioFaultKind.AddressOutOfBounds, this.name, index));
      return undefined;
    }
    const options = {
      memory: this.#options.memory,
      sink: this.#options.sink,
      name: `${this.name} queue ${index}`,
      size: queue.size,
      indirect: this.accepted.has(FEATURE_INDIRECT),
      eventIndex: this.accepted.has(FEATURE_EVENT_INDEX),
      inOrder: this.accepted.has(FEATURE_IN_ORDER),
      firstIndex: 0,
    };
    if (isPacked) return new PackedDeviceQueue(options, addresses);
    return new SplitDeviceQueue(options, addresses);
  }

  #fits(queue: QueueState, isPacked: boolean): boolean {
    const memory = this.#options.memory;
    const size = queue.size;
    if (size < 1 || size > 32768) return false;
    if (!isPacked && (size & (size - 1)) !== 0) return false;
    const driverBytes = isPacked ? 4 : 6 + size * 2;
    const deviceBytes = isPacked ? 4 : 6 + size * 8;
    if (queue.descriptors % 16 !== 0 || !memory.contains(queue.descriptors, size * 16))
      return false;
    if (queue.driverArea % 2 !== 0 || !memory.contains(queue.driverArea, driverBytes)) return false;
    return queue.deviceArea % 4 === 0 && memory.contains(queue.deviceArea, deviceBytes);
  }
}

function freshQueue(size: number): QueueState {
  return {
    size,
    isEnabled: false,
    vector: NO_VECTOR,
    descriptors: 0,
    driverArea: 0,
    deviceArea: 0,
  };
}

/** Replace one half of a 64-bit register that is written 32 bits at a time. */
export function withLow(address: number, low: number): number {
  return Math.trunc(address / 0x100000000) * 0x100000000 + (low >>> 0);
}

/** Bits above 2^53 are cut to an address that no memory has, so the range check refuses it. */
export function withHigh(address: number, high: number): number {
  return Math.min(high >>> 0, 0x1fffff) * 0x100000000 + (address % 0x100000000);
}
