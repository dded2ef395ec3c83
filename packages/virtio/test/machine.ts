import {
  ArrayMemory,
  BumpAllocator,
  DeviceCore,
  type DeviceModel,
  FEATURE_EVENT_INDEX,
  FEATURE_IN_ORDER,
  FEATURE_INDIRECT,
  FEATURE_PACKED,
  FEATURE_QUEUE_RESET,
  Features,
  MmioDevice,
  MmioTransport,
  type PciAccess,
  PciLegacyDevice,
  PciLegacyTransport,
  PciModernDevice,
  PciModernTransport,
  type RegisterWindow,
  SubWindow,
  type Transport,
} from '../src/index.js';
import { CollectingSink } from '../src/testing/index.js';

export type Bus = 'mmio1' | 'mmio2' | 'pci-legacy' | 'pci-modern';

export interface Rings {
  readonly packed: boolean;
  readonly indirect: boolean;
  readonly eventIndex: boolean;
  readonly inOrder: boolean;
}

/** A machine with memory and one device on some bus. */
export class Machine {
  readonly memory: ArrayMemory;
  readonly allocator: BumpAllocator;
  readonly sink = new CollectingSink();
  readonly interrupts: number[] = [];
  core!: DeviceCore;
  /** Between driver and device: tests may put a liar here. */
  wrap: (window: RegisterWindow) => RegisterWindow = (window) => window;

  constructor(bytes = 0x400000) {
    this.memory = new ArrayMemory(0x100000, new Uint8Array(bytes));
    this.allocator = new BumpAllocator(this.memory, 0x101000, bytes - 0x1000);
  }

  plug(model: DeviceModel & { attach(core: DeviceCore): void }, bus: Bus, rings: Rings): Transport {
    const bits = [FEATURE_QUEUE_RESET];
    if (rings.packed) bits.push(FEATURE_PACKED);
    if (rings.indirect) bits.push(FEATURE_INDIRECT);
    if (rings.eventIndex) bits.push(FEATURE_EVENT_INDEX);
    if (rings.inOrder) bits.push(FEATURE_IN_ORDER);
    this.core = new DeviceCore(model, {
      name: 'device',
      memory: this.memory,
      sink: this.sink,
      line: { raise: (vector) => this.interrupts.push(vector) },
      ringFeatures: Features.of(bits),
      isLegacy: bus === 'mmio1' || bus === 'pci-legacy',
    });
    model.attach(this.core);
    if (bus === 'mmio1' || bus === 'mmio2') {
      return MmioTransport.open(this.wrap(new MmioDevice(this.core)), 'driver', this.sink)!;
    }
    if (bus === 'pci-legacy') {
      const device = this.wrap(new PciLegacyDevice(this.core, 0));
      return new PciLegacyTransport(device, model.deviceType, false);
    }
    const device = new PciModernDevice(this.core, 4);
    const access = pciAccess(device.capabilityBodies(4), this.wrap(device));
    return PciModernTransport.open(access, model.deviceType, 'driver', this.sink)!;
  }
}

export function pciAccess(bodies: Uint8Array[], bar: RegisterWindow): PciAccess {
  const space = new Uint8Array(256);
  const vendorCapabilities: number[] = [];
  let at = 0x40;
  for (const body of bodies) {
    vendorCapabilities.push(at);
    space[at] = 9;
    space.set(body, at + 2);
    at += body.length + 2;
  }
  const view = new DataView(space.buffer);
  return {
    read8: (offset) => view.getUint8(offset),
    read32: (offset) => view.getUint32(offset, true),
    vendorCapabilities,
    window: (index, offset, bytes) =>
      index === 4 && offset + bytes <= 0x4000 ? new SubWindow(bar, offset) : undefined,
  };
}

export const COMBINATIONS: { bus: Bus; rings: Rings }[] = [];
for (const bus of ['mmio1', 'mmio2', 'pci-legacy', 'pci-modern'] as const) {
  for (let bits = 0; bits < 16; bits += 1) {
    const rings = {
      packed: (bits & 1) !== 0,
      indirect: (bits & 2) !== 0,
      eventIndex: (bits & 4) !== 0,
      inOrder: (bits & 8) !== 0,
    };
    const isLegacy = bus === 'mmio1' || bus === 'pci-legacy';
    if (isLegacy && (rings.packed || rings.inOrder)) continue;
    COMBINATIONS.push({ bus, rings });
  }
}
