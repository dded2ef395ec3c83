/**
 * What a driver needs of the bus its device sits on. Three buses implement it: MMIO (mmio-transport.ts), PCI with
 * capabilities (pci-modern-transport.ts) and PCI with one I/O window (pci-legacy-transport.ts).
 */
import type { Features } from './features.js';
import type { QueueAddresses } from './queue.js';

export const STATUS_ACKNOWLEDGE = 1;
export const STATUS_DRIVER = 2;
export const STATUS_DRIVER_OK = 4;
export const STATUS_FEATURES_OK = 8;
export const STATUS_NEEDS_RESET = 64;
export const STATUS_FAILED = 128;

export const INTERRUPT_QUEUE = 1;
export const INTERRUPT_CONFIG = 2;

export const NO_VECTOR = 0xffff;

export enum DeviceType {
  Net = 1,
  Block = 2,
  Console = 3,
  Entropy = 4,
  Balloon = 5,
  NineP = 9,
}

/** A window of device registers; offsets count from its start. Each call is one access of that width. */
export interface RegisterWindow {
  load8(offset: number): number;
  load16(offset: number): number;
  load32(offset: number): number;
  store8(offset: number, value: number): void;
  store16(offset: number, value: number): void;
  store32(offset: number, value: number): void;
}

export interface Transport {
  deviceType(): number;
  /** No FEATURES_OK, no generation, 32 feature bits, page-aligned rings at a page frame number. */
  isLegacy(): boolean;
  readStatus(): number;
  writeStatus(status: number): void;
  readDeviceFeatures(): Features;
  writeDriverFeatures(features: Features): void;
  /** Largest size of a queue, 0 when the device has no such queue. Legacy PCI allows no other. */
  queueSizeMax(index: number): number;
  canChangeQueueSize(): boolean;
  ringAlignment(): number;
  /** Tells the device where the queue is and enables it. False when it would not take the vector or the place. */
  setupQueue(index: number, size: number, addresses: QueueAddresses, vector: number): boolean;
  /** Asks for a queue reset; `isQueueResetDone` is polled afterwards. */
  startQueueReset(index: number): void;
  isQueueResetDone(index: number): boolean;
  setConfigVector(vector: number): boolean;
  notify(index: number): void;
  /** Reads and acknowledges the reason of an interrupt without a vector of its own. */
  takeInterrupt(): number;
  /** Changes when a multi-byte field may be torn; always 0 on legacy transports. */
  configGeneration(): number;
  readonly config: RegisterWindow;
}

/** A window into part of another one. */
export class SubWindow implements RegisterWindow {
  readonly #inner: RegisterWindow;
  readonly #start: number;

  constructor(inner: RegisterWindow, start: number) {
    this.#inner = inner;
    this.#start = start;
  }

  load8(offset: number): number {
    return this.#inner.load8(this.#start + offset);
  }

  load16(offset: number): number {
    return this.#inner.load16(this.#start + offset);
  }

  load32(offset: number): number {
    return this.#inner.load32(this.#start + offset);
  }

  store8(offset: number, value: number): void {
    this.#inner.store8(this.#start + offset, value);
  }

  store16(offset: number, value: number): void {
    this.#inner.store16(this.#start + offset, value);
  }

  store32(offset: number, value: number): void {
    this.#inner.store32(this.#start + offset, value);
  }
}

export function storeAddress32x2(window: RegisterWindow, offset: number, address: number): void {
  window.store32(offset, address % 0x100000000);
  window.store32(offset + 4, Math.trunc(address / 0x100000000));
}
