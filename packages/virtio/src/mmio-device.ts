import { type DeviceCore, withHigh, withLow } from './device-core.js';
import {
  LEGACY_PAGE_BYTES,
  MMIO_CONFIG,
  MMIO_CONFIG_GENERATION,
  MMIO_DEVICE_FEATURES,
  MMIO_DEVICE_FEATURES_SELECT,
  MMIO_DEVICE_ID,
  MMIO_DRIVER_FEATURES,
  MMIO_DRIVER_FEATURES_SELECT,
  MMIO_GUEST_PAGE_SIZE,
  MMIO_INTERRUPT_ACK,
  MMIO_INTERRUPT_STATUS,
  MMIO_MAGIC,
  MMIO_MAGIC_VALUE,
  MMIO_QUEUE_ALIGN,
  MMIO_QUEUE_DESCRIPTORS,
  MMIO_QUEUE_DEVICE,
  MMIO_QUEUE_DRIVER,
  MMIO_QUEUE_FRAME,
  MMIO_QUEUE_NOTIFY,
  MMIO_QUEUE_READY,
  MMIO_QUEUE_RESET,
  MMIO_QUEUE_SELECT,
  MMIO_QUEUE_SIZE,
  MMIO_QUEUE_SIZE_MAX,
  MMIO_STATUS,
  MMIO_VENDOR_ID,
  MMIO_VERSION,
} from './mmio-registers.js';
import type { RegisterWindow } from './transport.js';

/** MMIO registers in front of a device; version 1 when the core is legacy, else 2. */
export class MmioDevice implements RegisterWindow {
  readonly core: DeviceCore;
  #deviceWord = 0;
  #driverWord = 0;
  #queue = 0;
  #pageBytes = LEGACY_PAGE_BYTES;
  #align = LEGACY_PAGE_BYTES;

  constructor(core: DeviceCore) {
    this.core = core;
  }

  /** Registers are 32 bits wide; other widths reach the configuration only (4.2.2.2). */
  load8(offset: number): number {
    return loadModelConfig(this.core, offset - MMIO_CONFIG, 1);
  }

  load16(offset: number): number {
    return loadModelConfig(this.core, offset - MMIO_CONFIG, 2);
  }

  load32(offset: number): number {
    if (offset >= MMIO_CONFIG) return loadModelConfig(this.core, offset - MMIO_CONFIG, 4);
    const core = this.core;
    const queue = core.queue(this.#queue);
    switch (offset) {
      case MMIO_MAGIC:
        return MMIO_MAGIC_VALUE;
      case MMIO_VERSION:
        return core.isLegacy ? 1 : 2;
      case MMIO_DEVICE_ID:
        return core.model.deviceType;
      case MMIO_VENDOR_ID:
        return 0x54535452;
      case MMIO_DEVICE_FEATURES:
        if (this.#deviceWord > 1) return 0;
        return this.#deviceWord === 0 ? core.offered.low : core.offered.high;
      case MMIO_QUEUE_SIZE_MAX:
        return this.#queue < core.model.queueSizes.length ? core.model.queueSizes[this.#queue] : 0;
      case MMIO_QUEUE_READY:
        return queue?.isEnabled === true ? 1 : 0;
      case MMIO_QUEUE_FRAME:
        return queue === undefined ? 0 : Math.trunc(queue.descriptors / this.#pageBytes) >>> 0;
      case MMIO_INTERRUPT_STATUS:
        return core.interruptStatus;
      case MMIO_STATUS:
        return core.status;
      case MMIO_CONFIG_GENERATION:
        return core.generation;
      default:
        // Reset of a queue is immediate, so MMIO_QUEUE_RESET reads 0: done.
        return 0;
    }
  }

  store8(offset: number, value: number): void {
    storeModelConfig(this.core, offset - MMIO_CONFIG, 1, value);
  }

  store16(offset: number, value: number): void {
    storeModelConfig(this.core, offset - MMIO_CONFIG, 2, value);
  }

  store32(offset: number, value: number): void {
    if (offset >= MMIO_CONFIG) {
      storeModelConfig(this.core, offset - MMIO_CONFIG, 4, value);
      return;
    }
    const core = this.core;
    switch (offset) {
      case MMIO_DEVICE_FEATURES_SELECT:
        this.#deviceWord = value;
        return;
      case MMIO_DRIVER_FEATURES_SELECT:
        this.#driverWord = value;
        return;
      case MMIO_DRIVER_FEATURES:
        core.writeFeatures(this.#driverWord, value);
        return;
      case MMIO_QUEUE_SELECT:
        this.#queue = value;
        return;
      case MMIO_QUEUE_NOTIFY:
        core.notified(value & 0xffff);
        return;
      case MMIO_INTERRUPT_ACK:
        core.interruptStatus &= ~value;
        return;
      case MMIO_STATUS:
        core.writeStatus(value & 0xff);
        return;
      default:
        if (core.isLegacy) this.#storeLegacyQueue(offset, value);
        else this.#storeQueue(offset, value);
    }
  }

  #storeQueue(offset: number, value: number): void {
    const queue = this.core.queue(this.#queue);
    if (queue === undefined) return;
    switch (offset) {
      case MMIO_QUEUE_SIZE:
        if (value <= this.core.model.queueSizes[this.#queue]) queue.size = value;
        return;
      case MMIO_QUEUE_READY:
        if (value === 1) this.core.enableQueue(this.#queue);
        return;
      case MMIO_QUEUE_RESET:
        if (value === 1) this.core.resetQueue(this.#queue);
        return;
      case MMIO_QUEUE_DESCRIPTORS:
        queue.descriptors = withLow(queue.descriptors, value);
        return;
      case MMIO_QUEUE_DESCRIPTORS + 4:
        queue.descriptors = withHigh(queue.descriptors, value);
        return;
      case MMIO_QUEUE_DRIVER:
        queue.driverArea = withLow(queue.driverArea, value);
        return;
      case MMIO_QUEUE_DRIVER + 4:
        queue.driverArea = withHigh(queue.driverArea, value);
        return;
      case MMIO_QUEUE_DEVICE:
        queue.deviceArea = withLow(queue.deviceArea, value);
        return;
      case MMIO_QUEUE_DEVICE + 4:
        queue.deviceArea = withHigh(queue.deviceArea, value);
        return;
      default:
    }
  }

  #storeLegacyQueue(offset: number, value: number): void {
    const queue = this.core.queue(this.#queue);
    switch (offset) {
      case MMIO_GUEST_PAGE_SIZE:
        if (value > 0 && (value & (value - 1)) === 0) this.#pageBytes = value;
        return;
      case MMIO_QUEUE_SIZE:
        if (queue !== undefined && value <= this.core.model.queueSizes[this.#queue]) {
          queue.size = value;
        }
        return;
      case MMIO_QUEUE_ALIGN:
        if (value > 0 && (value & (value - 1)) === 0) this.#align = value;
        return;
      case MMIO_QUEUE_FRAME:
        this.core.placeLegacyQueue(this.#queue, value * this.#pageBytes, this.#align);
        return;
      default:
    }
  }
}

/** All ones outside the configuration, as a bus answers. */
export function loadModelConfig(core: DeviceCore, offset: number, width: number): number {
  let value = 0;
  for (let i = width - 1; i >= 0; i -= 1) {
    const at = offset + i;
    const inside = at >= 0 && at < core.model.configBytes;
    value = value * 256 + (inside ? core.model.loadConfig(at) & 0xff : 0xff);
  }
  return value;
}

export function storeModelConfig(
  core: DeviceCore,
  offset: number,
  width: number,
  value: number,
): void {
  let rest = value;
  for (let i = 0; i < width; i += 1) {
    const at = offset + i;
    if (at >= 0 && at < core.model.configBytes) core.model.storeConfig(at, rest & 0xff);
    rest = rest >>> 8;
  }
}
