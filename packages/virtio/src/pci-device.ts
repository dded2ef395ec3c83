/**
 * PCI registers in front of a device. The modern one puts its four structures into one BAR of 16 KiB:
 * common 0x0000, ISR 0x1000, device configuration 0x2000, notify 0x3000 (4 bytes a queue).
 */
import { type DeviceCore, withHigh, withLow } from './device-core.js';
import { loadModelConfig, storeModelConfig } from './mmio-device.js';
import { LEGACY_PAGE_BYTES } from './mmio-registers.js';
import {
  COMMON_CONFIG_VECTOR,
  COMMON_DEVICE_FEATURE,
  COMMON_DEVICE_FEATURE_SELECT,
  COMMON_DRIVER_FEATURE,
  COMMON_DRIVER_FEATURE_SELECT,
  COMMON_GENERATION,
  COMMON_QUEUE_COUNT,
  COMMON_QUEUE_DESCRIPTORS,
  COMMON_QUEUE_DEVICE,
  COMMON_QUEUE_DRIVER,
  COMMON_QUEUE_ENABLE,
  COMMON_QUEUE_NOTIFY_OFFSET,
  COMMON_QUEUE_RESET,
  COMMON_QUEUE_SELECT,
  COMMON_QUEUE_SIZE,
  COMMON_QUEUE_VECTOR,
  COMMON_STATUS,
  LEGACY_CONFIG_VECTOR,
  LEGACY_DEVICE_FEATURES,
  LEGACY_DRIVER_FEATURES,
  LEGACY_ISR,
  LEGACY_QUEUE_FRAME,
  LEGACY_QUEUE_NOTIFY,
  LEGACY_QUEUE_SELECT,
  LEGACY_QUEUE_SIZE,
  LEGACY_QUEUE_VECTOR,
  LEGACY_STATUS,
  PciStructure,
} from './pci-layout.js';
import { NO_VECTOR, type RegisterWindow } from './transport.js';

const ISR_START = 0x1000;
const DEVICE_START = 0x2000;
const NOTIFY_START = 0x3000;
export const PCI_DEVICE_BAR_BYTES = 0x4000;

export class PciModernDevice implements RegisterWindow {
  readonly core: DeviceCore;
  readonly #vectorCount: number;
  #deviceWord = 0;
  #driverWord = 0;
  #queue = 0;

  /** `vectorCount` is the size of the function's MSI-X table; vectors outside it read back as none. */
  constructor(core: DeviceCore, vectorCount: number) {
    this.core = core;
    this.#vectorCount = vectorCount;
  }

  /** Bodies of the vendor-specific capabilities, to be put behind `id, next`, for a BAR of this index. */
  capabilityBodies(bar: number): Uint8Array[] {
    return [
      capability(PciStructure.Common, bar, 0, 0x1000),
      capability(PciStructure.Isr, bar, ISR_START, 0x1000),
      capability(PciStructure.Device, bar, DEVICE_START, 0x1000),
      capability(PciStructure.Notify, bar, NOTIFY_START, 0x1000),
    ];
  }

  load8(offset: number): number {
    return this.#load(offset, 1);
  }

  load16(offset: number): number {
    return this.#load(offset, 2);
  }

  load32(offset: number): number {
    return this.#load(offset, 4);
  }

  store8(offset: number, value: number): void {
    this.#store(offset, 1, value);
  }

  store16(offset: number, value: number): void {
    this.#store(offset, 2, value);
  }

  store32(offset: number, value: number): void {
    this.#store(offset, 4, value);
  }

  #load(offset: number, width: number): number {
    if (offset >= NOTIFY_START) return 0;
    if (offset >= DEVICE_START) return loadModelConfig(this.core, offset - DEVICE_START, width);
    if (offset >= ISR_START) return takeIsr(this.core);
    const core = this.core;
    const queue = core.queue(this.#queue);
    switch (offset) {
      case COMMON_DEVICE_FEATURE:
        if (this.#deviceWord > 1) return 0;
        return this.#deviceWord === 0 ? core.offered.low : core.offered.high;
      case COMMON_CONFIG_VECTOR:
        return core.configVector;
      case COMMON_QUEUE_COUNT:
        return core.queueCount();
      case COMMON_STATUS:
        return core.status;
      case COMMON_GENERATION:
        return core.generation;
      case COMMON_QUEUE_SIZE:
        return queue === undefined ? 0 : queue.size;
      case COMMON_QUEUE_VECTOR:
        return queue === undefined ? NO_VECTOR : queue.vector;
      case COMMON_QUEUE_ENABLE:
        return queue?.isEnabled === true ? 1 : 0;
      case COMMON_QUEUE_NOTIFY_OFFSET:
        return this.#queue;
      default:
        return 0;
    }
  }

  #store(offset: number, width: number, value: number): void {
    if (offset >= NOTIFY_START) {
      this.core.notified(value & 0xffff);
      return;
    }
    if (offset >= DEVICE_START) {
      storeModelConfig(this.core, offset - DEVICE_START, width, value);
      return;
    }
    const core = this.core;
    switch (offset) {
      case COMMON_DEVICE_FEATURE_SELECT:
        this.#deviceWord = value;
        return;
      case COMMON_DRIVER_FEATURE_SELECT:
        this.#driverWord = value;
        return;
      case COMMON_DRIVER_FEATURE:
        core.writeFeatures(this.#driverWord, value);
        return;
      case COMMON_CONFIG_VECTOR:
        core.configVector = value < this.#vectorCount ? value : NO_VECTOR;
        return;
      case COMMON_STATUS:
        core.writeStatus(value & 0xff);
        return;
      case COMMON_QUEUE_SELECT:
        this.#queue = value & 0xffff;
        return;
      default:
        this.#storeQueue(offset, value);
    }
  }

  #storeQueue(offset: number, value: number): void {
    const queue = this.core.queue(this.#queue);
    if (queue === undefined) return;
    switch (offset) {
      case COMMON_QUEUE_SIZE:
        if (value <= this.core.model.queueSizes[this.#queue]) queue.size = value;
        return;
      case COMMON_QUEUE_VECTOR:
        queue.vector = value < this.#vectorCount ? value : NO_VECTOR;
        return;
      case COMMON_QUEUE_ENABLE:
        if (value === 1) this.core.enableQueue(this.#queue);
        return;
      case COMMON_QUEUE_RESET:
        if (value === 1) this.core.resetQueue(this.#queue);
        return;
      case COMMON_QUEUE_DESCRIPTORS:
        queue.descriptors = withLow(queue.descriptors, value);
        return;
      case COMMON_QUEUE_DESCRIPTORS + 4:
        queue.descriptors = withHigh(queue.descriptors, value);
        return;
      case COMMON_QUEUE_DRIVER:
        queue.driverArea = withLow(queue.driverArea, value);
        return;
      case COMMON_QUEUE_DRIVER + 4:
        queue.driverArea = withHigh(queue.driverArea, value);
        return;
      case COMMON_QUEUE_DEVICE:
        queue.deviceArea = withLow(queue.deviceArea, value);
        return;
      case COMMON_QUEUE_DEVICE + 4:
        queue.deviceArea = withHigh(queue.deviceArea, value);
        return;
      default:
    }
  }
}

function takeIsr(core: DeviceCore): number {
  const status = core.interruptStatus;
  core.interruptStatus = 0;
  return status;
}

function capability(kind: PciStructure, bar: number, offset: number, bytes: number): Uint8Array {
  const isNotify = kind === PciStructure.Notify;
  const body = new Uint8Array(isNotify ? 18 : 14);
  const view = new DataView(body.buffer);
  body[0] = body.length + 2;
  body[1] = kind;
  body[2] = bar;
  view.setUint32(6, offset, true);
  view.setUint32(10, bytes, true);
  if (isNotify) view.setUint32(14, 4, true);
  return body;
}

/** The I/O window of a legacy device. */
export class PciLegacyDevice implements RegisterWindow {
  readonly core: DeviceCore;
  readonly #vectorCount: number;
  #queue = 0;

  /** 0 vectors: MSI-X is off and the vector registers are not there. */
  constructor(core: DeviceCore, vectorCount: number) {
    this.core = core;
    this.#vectorCount = vectorCount;
  }

  load8(offset: number): number {
    return this.#load(offset, 1);
  }

  load16(offset: number): number {
    return this.#load(offset, 2);
  }

  load32(offset: number): number {
    return this.#load(offset, 4);
  }

  store8(offset: number, value: number): void {
    this.#store(offset, 1, value);
  }

  store16(offset: number, value: number): void {
    this.#store(offset, 2, value);
  }

  store32(offset: number, value: number): void {
    this.#store(offset, 4, value);
  }

  #configStart(): number {
    return this.#vectorCount > 0 ? 0x18 : 0x14;
  }

  #load(offset: number, width: number): number {
    const start = this.#configStart();
    if (offset >= start) return loadModelConfig(this.core, offset - start, width);
    const queue = this.core.queue(this.#queue);
    switch (offset) {
      case LEGACY_DEVICE_FEATURES:
        return this.core.offered.low;
      case LEGACY_DRIVER_FEATURES:
        return this.core.accepted.low;
      case LEGACY_QUEUE_FRAME:
        return queue === undefined ? 0 : Math.trunc(queue.descriptors / LEGACY_PAGE_BYTES);
      case LEGACY_QUEUE_SIZE:
        return queue === undefined ? 0 : queue.size;
      case LEGACY_QUEUE_SELECT:
        return this.#queue;
      case LEGACY_STATUS:
        return this.core.status;
      case LEGACY_ISR:
        return takeIsr(this.core);
      case LEGACY_CONFIG_VECTOR:
        return this.core.configVector;
      case LEGACY_QUEUE_VECTOR:
        return queue === undefined ? NO_VECTOR : queue.vector;
      default:
        return 0;
    }
  }

  #store(offset: number, width: number, value: number): void {
    const start = this.#configStart();
    if (offset >= start) {
      storeModelConfig(this.core, offset - start, width, value);
      return;
    }
    const queue = this.core.queue(this.#queue);
    switch (offset) {
      case LEGACY_DRIVER_FEATURES:
        this.core.writeFeatures(0, value);
        return;
      case LEGACY_QUEUE_FRAME:
        this.core.placeLegacyQueue(this.#queue, value * LEGACY_PAGE_BYTES, LEGACY_PAGE_BYTES);
        return;
      case LEGACY_QUEUE_SELECT:
        this.#queue = value & 0xffff;
        return;
      case LEGACY_QUEUE_NOTIFY:
        this.core.notified(value & 0xffff);
        return;
      case LEGACY_STATUS:
        this.core.writeStatus(value & 0xff);
        return;
      case LEGACY_CONFIG_VECTOR:
        this.core.configVector = value < this.#vectorCount ? value : NO_VECTOR;
        return;
      case LEGACY_QUEUE_VECTOR:
        if (queue !== undefined) queue.vector = value < this.#vectorCount ? value : NO_VECTOR;
        return;
      default:
    }
  }
}
