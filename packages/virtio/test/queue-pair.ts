import {
  ArrayMemory,
  BumpAllocator,
  type DeviceQueue,
  type DriverQueue,
  type GuestMemory,
  PackedDeviceQueue,
  PackedDriverQueue,
  SplitDeviceQueue,
  SplitDriverQueue,
} from '../src/index.js';
import { CollectingSink } from '../src/testing/index.js';

export interface PairOptions {
  readonly packed: boolean;
  readonly size: number;
  readonly indirect: boolean;
  readonly eventIndex: boolean;
  readonly inOrder: boolean;
  readonly firstIndex: number;
}

export const BASE = 0x10000;
export const BUFFERS = 0x80000;

export interface Pair {
  readonly driver: DriverQueue;
  readonly device: DeviceQueue;
  readonly sink: CollectingSink;
}

export function plainMemory(): ArrayMemory {
  return new ArrayMemory(BASE, new Uint8Array(0x100000));
}

export function makePair(
  options: PairOptions,
  driverMemory: GuestMemory,
  deviceMemory: GuestMemory,
): Pair {
  const sink = new CollectingSink();
  const common = { ...options, sink, name: 'queue' };
  const driverOptions = {
    ...common,
    memory: driverMemory,
    allocator: new BumpAllocator(driverMemory, BASE, BUFFERS - BASE),
    indirectMax: 8,
    alignment: 64,
  };
  const driver = options.packed
    ? PackedDriverQueue.create(driverOptions)!
    : SplitDriverQueue.create(driverOptions)!;
  const deviceOptions = { ...common, memory: deviceMemory };
  const device = options.packed
    ? new PackedDeviceQueue(deviceOptions, driver.addresses)
    : new SplitDeviceQueue(deviceOptions, driver.addresses);
  return { driver, device, sink };
}
