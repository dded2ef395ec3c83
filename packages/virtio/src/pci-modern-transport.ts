import { type FaultSink, VirtioFaultKind, virtioFault } from './fault.js';
import { Features } from './features.js';
import {
  COMMON_BYTES,
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
  PciStructure,
} from './pci-layout.js';
import type { QueueAddresses } from './queue.js';
import { NO_VECTOR, type RegisterWindow, storeAddress32x2, type Transport } from './transport.js';

/** What the transport needs of a PCI function; `@tessera/pci` has all of it. */
export interface PciAccess {
  read8(offset: number): number;
  read32(offset: number): number;
  /** Offsets of vendor-specific capabilities (id 9), each inside configuration space. */
  readonly vendorCapabilities: readonly number[];
  /** Registers `[offset, offset + bytes)` of a BAR, or undefined when the BAR does not hold them. */
  window(bar: number, offset: number, bytes: number): RegisterWindow | undefined;
}

const COMMON_BYTES_MIN = 0x38;
const CONFIG_BYTES_MAX = 4096;

interface Structure {
  readonly window: RegisterWindow;
  readonly bytes: number;
  readonly capability: number;
}

export class PciModernTransport implements Transport {
  readonly config: RegisterWindow;
  readonly #type: number;
  readonly #common: RegisterWindow;
  readonly #commonBytes: number;
  readonly #isr: RegisterWindow;
  readonly #notify: RegisterWindow;
  readonly #notifyBytes: number;
  readonly #notifyMultiplier: number;
  /** Notify offset per queue, -1 until it was set up and found inside the window. */
  readonly #notifyOffsets: number[] = [];

  private constructor(
    type: number,
    common: Structure,
    isr: Structure,
    notify: Structure,
    multiplier: number,
    config: RegisterWindow,
  ) {
    this.#type = type;
    this.#common = common.window;
    this.#commonBytes = common.bytes;
    this.#isr = isr.window;
    this.#notify = notify.window;
    this.#notifyBytes = notify.bytes;
    this.#notifyMultiplier = multiplier;
    this.config = config;
  }

  /** The first structure of each kind that fits its BAR is used (4.1.4.1). */
  static open(
    access: PciAccess,
    type: number,
    name: string,
    sink: FaultSink,
  ): PciModernTransport | undefined {
    const common = findStructure(access, PciStructure.Common, COMMON_BYTES_MIN);
    const isr = findStructure(access, PciStructure.Isr, 1);
    const notify = findStructure(access, PciStructure.Notify, 2);
    const device = findStructure(access, PciStructure.Device, 1);
    if (common === undefined || isr === undefined || notify === undefined) {
      sink.fault(virtioFault(VirtioFaultKind.NotVirtio, name, access.vendorCapabilities.length));
      return undefined;
    }
    const multiplier = access.read32(notify.capability + 16);
    const config = new BoundedWindow(device?.window, device?.bytes ?? 0);
    return new PciModernTransport(type, common, isr, notify, multiplier, config);
  }

  deviceType(): number {
    return this.#type;
  }

  isLegacy(): boolean {
    return false;
  }

  readStatus(): number {
    return this.#common.load8(COMMON_STATUS);
  }

  writeStatus(status: number): void {
    this.#common.store8(COMMON_STATUS, status);
  }

  readDeviceFeatures(): Features {
    this.#common.store32(COMMON_DEVICE_FEATURE_SELECT, 0);
    const low = this.#common.load32(COMMON_DEVICE_FEATURE);
    this.#common.store32(COMMON_DEVICE_FEATURE_SELECT, 1);
    return new Features(low, this.#common.load32(COMMON_DEVICE_FEATURE));
  }

  writeDriverFeatures(features: Features): void {
    this.#common.store32(COMMON_DRIVER_FEATURE_SELECT, 0);
    this.#common.store32(COMMON_DRIVER_FEATURE, features.low);
    this.#common.store32(COMMON_DRIVER_FEATURE_SELECT, 1);
    this.#common.store32(COMMON_DRIVER_FEATURE, features.high);
  }

  queueSizeMax(index: number): number {
    if (index >= this.#common.load16(COMMON_QUEUE_COUNT)) return 0;
    this.#common.store16(COMMON_QUEUE_SELECT, index);
    return this.#common.load16(COMMON_QUEUE_SIZE);
  }

  canChangeQueueSize(): boolean {
    return true;
  }

  ringAlignment(): number {
    return 64;
  }

  setupQueue(index: number, size: number, addresses: QueueAddresses, vector: number): boolean {
    const common = this.#common;
    common.store16(COMMON_QUEUE_SELECT, index);
    common.store16(COMMON_QUEUE_SIZE, size);
    const offset = common.load16(COMMON_QUEUE_NOTIFY_OFFSET) * this.#notifyMultiplier;
    if (offset + 2 > this.#notifyBytes) return false;
    while (this.#notifyOffsets.length <= index) this.#notifyOffsets.push(-1);
    this.#notifyOffsets[index] = offset;
    common.store16(COMMON_QUEUE_VECTOR, vector);
    if (common.load16(COMMON_QUEUE_VECTOR) !== vector) return false;
    storeAddress32x2(common, COMMON_QUEUE_DESCRIPTORS, addresses.descriptors);
    storeAddress32x2(common, COMMON_QUEUE_DRIVER, addresses.driverArea);
    storeAddress32x2(common, COMMON_QUEUE_DEVICE, addresses.deviceArea);
    common.store16(COMMON_QUEUE_ENABLE, 1);
    return common.load16(COMMON_QUEUE_ENABLE) === 1;
  }

  startQueueReset(index: number): void {
    if (this.#commonBytes < COMMON_BYTES) return;
    this.#common.store16(COMMON_QUEUE_SELECT, index);
    this.#common.store16(COMMON_QUEUE_RESET, 1);
  }

  isQueueResetDone(index: number): boolean {
    if (this.#commonBytes < COMMON_BYTES) return false;
    this.#common.store16(COMMON_QUEUE_SELECT, index);
    return this.#common.load16(COMMON_QUEUE_RESET) === 0;
  }

  setConfigVector(vector: number): boolean {
    this.#common.store16(COMMON_CONFIG_VECTOR, vector);
    return vector === NO_VECTOR || this.#common.load16(COMMON_CONFIG_VECTOR) === vector;
  }

  notify(index: number): void {
    if (index >= this.#notifyOffsets.length) return;
    const offset = this.#notifyOffsets[index];
    if (offset >= 0) this.#notify.store16(offset, index);
  }

  takeInterrupt(): number {
    return this.#isr.load8(0);
  }

  configGeneration(): number {
    return this.#common.load8(COMMON_GENERATION);
  }
}

function findStructure(
  access: PciAccess,
  kind: PciStructure,
  bytes: number,
): Structure | undefined {
  for (const capability of access.vendorCapabilities) {
    const length = access.read8(capability + 2);
    const smallest = kind === PciStructure.Notify ? 20 : 16;
    if (length < smallest || capability + length > 256) continue;
    if (access.read8(capability + 3) !== kind) continue;
    const bar = access.read8(capability + 4);
    const offset = access.read32(capability + 8);
    const size = access.read32(capability + 12);
    if (bar > 5 || size < bytes) continue;
    const window = access.window(bar, offset, size);
    if (window !== undefined) return { window, bytes: size, capability };
  }
  return undefined;
}

/** Device configuration may be absent or shorter than a driver expects: what lies outside reads as 0. */
export class BoundedWindow implements RegisterWindow {
  readonly #inner: RegisterWindow | undefined;
  readonly #bytes: number;

  constructor(inner: RegisterWindow | undefined, bytes: number) {
    this.#inner = inner;
    this.#bytes = Math.min(bytes, CONFIG_BYTES_MAX);
  }

  load8(offset: number): number {
    if (this.#inner === undefined || offset + 1 > this.#bytes) return 0;
    return this.#inner.load8(offset);
  }

  load16(offset: number): number {
    if (this.#inner === undefined || offset + 2 > this.#bytes) return 0;
    return this.#inner.load16(offset);
  }

  load32(offset: number): number {
    if (this.#inner === undefined || offset + 4 > this.#bytes) return 0;
    return this.#inner.load32(offset);
  }

  store8(offset: number, value: number): void {
    if (this.#inner !== undefined && offset + 1 <= this.#bytes) this.#inner.store8(offset, value);
  }

  store16(offset: number, value: number): void {
    if (this.#inner !== undefined && offset + 2 <= this.#bytes) this.#inner.store16(offset, value);
  }

  store32(offset: number, value: number): void {
    if (this.#inner !== undefined && offset + 4 <= this.#bytes) this.#inner.store32(offset, value);
  }
}
