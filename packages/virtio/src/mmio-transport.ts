import { type FaultSink, VirtioFaultKind, virtioFault } from './fault.js';
import { Features } from './features.js';
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
  MMIO_VERSION,
} from './mmio-registers.js';
import type { QueueAddresses } from './queue.js';
import { type RegisterWindow, SubWindow, storeAddress32x2, type Transport } from './transport.js';

/** Versions 1 (legacy: QEMU's default for microvm) and 2. */
export class MmioTransport implements Transport {
  readonly config: RegisterWindow;
  readonly #registers: RegisterWindow;
  readonly #version: number;

  private constructor(registers: RegisterWindow, version: number) {
    this.#registers = registers;
    this.#version = version;
    this.config = new SubWindow(registers, MMIO_CONFIG);
  }

  /** Undefined when nothing is there (device id 0 is an empty slot, no fault). */
  static open(registers: RegisterWindow, name: string, sink: FaultSink): MmioTransport | undefined {
    const magic = registers.load32(MMIO_MAGIC);
    if (magic !== MMIO_MAGIC_VALUE) {
      sink.fault(virtioFault(VirtioFaultKind.NotVirtio, name, magic));
      return undefined;
    }
    const version = registers.load32(MMIO_VERSION);
    if (version !== 1 && version !== 2) {
      sink.fault(virtioFault(VirtioFaultKind.NotVirtio, name, version));
      return undefined;
    }
    if (registers.load32(MMIO_DEVICE_ID) === 0) return undefined;
    return new MmioTransport(registers, version);
  }

  deviceType(): number {
    return this.#registers.load32(MMIO_DEVICE_ID);
  }

  isLegacy(): boolean {
    return this.#version === 1;
  }

  readStatus(): number {
    return this.#registers.load32(MMIO_STATUS);
  }

  writeStatus(status: number): void {
    this.#registers.store32(MMIO_STATUS, status);
    // Reset forgets the page size, and queue addresses are counted in it.
    if (status === 0 && this.isLegacy()) {
      this.#registers.store32(MMIO_GUEST_PAGE_SIZE, LEGACY_PAGE_BYTES);
    }
  }

  readDeviceFeatures(): Features {
    this.#registers.store32(MMIO_DEVICE_FEATURES_SELECT, 0);
    const low = this.#registers.load32(MMIO_DEVICE_FEATURES);
    if (this.isLegacy()) return new Features(low, 0);
    this.#registers.store32(MMIO_DEVICE_FEATURES_SELECT, 1);
    return new Features(low, this.#registers.load32(MMIO_DEVICE_FEATURES));
  }

  writeDriverFeatures(features: Features): void {
    this.#registers.store32(MMIO_DRIVER_FEATURES_SELECT, 0);
    this.#registers.store32(MMIO_DRIVER_FEATURES, features.low);
    if (this.isLegacy()) return;
    this.#registers.store32(MMIO_DRIVER_FEATURES_SELECT, 1);
    this.#registers.store32(MMIO_DRIVER_FEATURES, features.high);
  }

  queueSizeMax(index: number): number {
    this.#registers.store32(MMIO_QUEUE_SELECT, index);
    return this.#registers.load32(MMIO_QUEUE_SIZE_MAX);
  }

  canChangeQueueSize(): boolean {
    return true;
  }

  ringAlignment(): number {
    return this.isLegacy() ? LEGACY_PAGE_BYTES : 64;
  }

  setupQueue(index: number, size: number, addresses: QueueAddresses, _vector: number): boolean {
    this.#registers.store32(MMIO_QUEUE_SELECT, index);
    this.#registers.store32(MMIO_QUEUE_SIZE, size);
    if (this.isLegacy()) {
      const frame = Math.trunc(addresses.descriptors / LEGACY_PAGE_BYTES);
      if (frame > 0xffffffff) return false;
      this.#registers.store32(MMIO_QUEUE_ALIGN, LEGACY_PAGE_BYTES);
      this.#registers.store32(MMIO_QUEUE_FRAME, frame);
      return this.#registers.load32(MMIO_QUEUE_FRAME) === frame;
    }
    storeAddress32x2(this.#registers, MMIO_QUEUE_DESCRIPTORS, addresses.descriptors);
    storeAddress32x2(this.#registers, MMIO_QUEUE_DRIVER, addresses.driverArea);
    storeAddress32x2(this.#registers, MMIO_QUEUE_DEVICE, addresses.deviceArea);
    this.#registers.store32(MMIO_QUEUE_READY, 1);
    return this.#registers.load32(MMIO_QUEUE_READY) === 1;
  }

  startQueueReset(index: number): void {
    this.#registers.store32(MMIO_QUEUE_SELECT, index);
    this.#registers.store32(MMIO_QUEUE_RESET, 1);
  }

  isQueueResetDone(index: number): boolean {
    this.#registers.store32(MMIO_QUEUE_SELECT, index);
    return this.#registers.load32(MMIO_QUEUE_RESET) === 0;
  }

  /** One interrupt line serves everything. */
  setConfigVector(_vector: number): boolean {
    return true;
  }

  notify(index: number): void {
    this.#registers.store32(MMIO_QUEUE_NOTIFY, index);
  }

  takeInterrupt(): number {
    const status = this.#registers.load32(MMIO_INTERRUPT_STATUS);
    if (status !== 0) this.#registers.store32(MMIO_INTERRUPT_ACK, status);
    return status;
  }

  configGeneration(): number {
    return this.isLegacy() ? 0 : this.#registers.load32(MMIO_CONFIG_GENERATION);
  }
}
