import { Features } from './features.js';
import { LEGACY_PAGE_BYTES } from './mmio-registers.js';
import {
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
} from './pci-layout.js';
import type { QueueAddresses } from './queue.js';
import { NO_VECTOR, type RegisterWindow, SubWindow, type Transport } from './transport.js';

/**
 * Virtio 0.9 over PCI: everything in the I/O window of BAR 0. Turning MSI-X on inserts two vector registers before
 * the device configuration, so the caller says whether it did before opening.
 */
export class PciLegacyTransport implements Transport {
  readonly config: RegisterWindow;
  readonly #registers: RegisterWindow;
  readonly #type: number;
  readonly #hasVectors: boolean;

  constructor(registers: RegisterWindow, type: number, msixEnabled: boolean) {
    this.#registers = registers;
    this.#type = type;
    this.#hasVectors = msixEnabled;
    this.config = new SubWindow(registers, msixEnabled ? 0x18 : 0x14);
  }

  deviceType(): number {
    return this.#type;
  }

  isLegacy(): boolean {
    return true;
  }

  readStatus(): number {
    return this.#registers.load8(LEGACY_STATUS);
  }

  writeStatus(status: number): void {
    this.#registers.store8(LEGACY_STATUS, status);
  }

  readDeviceFeatures(): Features {
    return new Features(this.#registers.load32(LEGACY_DEVICE_FEATURES), 0);
  }

  writeDriverFeatures(features: Features): void {
    this.#registers.store32(LEGACY_DRIVER_FEATURES, features.low);
  }

  queueSizeMax(index: number): number {
    this.#registers.store16(LEGACY_QUEUE_SELECT, index);
    return this.#registers.load16(LEGACY_QUEUE_SIZE);
  }

  canChangeQueueSize(): boolean {
    return false;
  }

  ringAlignment(): number {
    return LEGACY_PAGE_BYTES;
  }

  setupQueue(index: number, _size: number, addresses: QueueAddresses, vector: number): boolean {
    const frame = Math.trunc(addresses.descriptors / LEGACY_PAGE_BYTES);
    if (frame > 0xffffffff) return false;
    this.#registers.store16(LEGACY_QUEUE_SELECT, index);
    this.#registers.store32(LEGACY_QUEUE_FRAME, frame);
    if (!this.#hasVectors) return vector === NO_VECTOR;
    this.#registers.store16(LEGACY_QUEUE_VECTOR, vector);
    return this.#registers.load16(LEGACY_QUEUE_VECTOR) === vector;
  }

  /** Legacy devices have no queue reset. */
  startQueueReset(_index: number): void {}

  isQueueResetDone(_index: number): boolean {
    return false;
  }

  setConfigVector(vector: number): boolean {
    if (!this.#hasVectors) return vector === NO_VECTOR;
    this.#registers.store16(LEGACY_CONFIG_VECTOR, vector);
    return this.#registers.load16(LEGACY_CONFIG_VECTOR) === vector;
  }

  notify(index: number): void {
    this.#registers.store16(LEGACY_QUEUE_NOTIFY, index);
  }

  /** Reading clears it. */
  takeInterrupt(): number {
    return this.#registers.load8(LEGACY_ISR);
  }

  configGeneration(): number {
    return 0;
  }
}
