export {
  BALLOON_PAGE_BYTES,
  BalloonDriver,
  type BalloonDriverOptions,
  BalloonModel,
  type PageSource,
} from './balloon.js';
export { ArrayStorage, BlockModel, type BlockStorage } from './block-device.js';
export {
  BlockDriver,
  type BlockDriverOptions,
  type BlockFlush,
  type BlockLimits,
  type BlockRange,
  type BlockResult,
  type BlockTransfer,
  type BlockWork,
} from './block-driver.js';
export { BufferList, Completion } from './buffer-list.js';
export { type ConsoleHost, ConsoleModel, type ConsoleModelOptions } from './console-device.js';
export { ConsoleDriver, type ConsoleDriverOptions, ConsolePort } from './console-driver.js';
export { CHAIN_SEGMENTS_MAX } from './descriptor-reader.js';
export { DeviceChain } from './device-chain.js';
export {
  type CoreOptions,
  DeviceCore,
  type DeviceModel,
  type InterruptLine,
} from './device-core.js';
export {
  ALL_RING_FEATURES,
  DeviceSession,
  type RingPreference,
  resetDevice,
  type SessionOptions,
} from './device-session.js';
export {
  EntropyDriver,
  type EntropyDriverOptions,
  EntropyModel,
  type EntropySource,
} from './entropy.js';
export { type FaultSink, type VirtioFault, VirtioFaultKind, virtioFault } from './fault.js';
export {
  closeFeatures,
  FEATURE_ACCESS_PLATFORM,
  FEATURE_ANY_LAYOUT,
  FEATURE_EVENT_INDEX,
  FEATURE_IN_ORDER,
  FEATURE_INDIRECT,
  FEATURE_NOTIFICATION_DATA,
  FEATURE_NOTIFY_ON_EMPTY,
  FEATURE_ORDER_PLATFORM,
  FEATURE_PACKED,
  FEATURE_QUEUE_RESET,
  FEATURE_VERSION_1,
  Features,
} from './features.js';
export {
  ArrayMemory,
  BumpAllocator,
  type DmaAllocator,
  type GuestMemory,
  loadAddress,
  storeAddress,
} from './memory.js';
export { type MmioSlot, parseMmioCommandLine } from './mmio-command-line.js';
export { MmioDevice } from './mmio-device.js';
export { MmioTransport } from './mmio-transport.js';
export { type FramePeer, NetModel, type NetModelOptions } from './net-device.js';
export {
  type FrameOffload,
  type NetCapabilities,
  NetDriver,
  type NetDriverOptions,
} from './net-driver.js';
export {
  NINEP_SET_ATIME,
  NINEP_SET_ATIME_VALUE,
  NINEP_SET_GID,
  NINEP_SET_MODE,
  NINEP_SET_MTIME,
  NINEP_SET_MTIME_VALUE,
  NINEP_SET_SIZE,
  NINEP_SET_UID,
  NinePAttributes,
  type NinePChannel,
  NinePClient,
  NinePEntry,
} from './ninep-client.js';
export { NineP, NinePReader, NinePWriter } from './ninep-protocol.js';
export {
  NinePDriver,
  type NinePDriverOptions,
  NinePModel,
  type NinePServer,
} from './ninep-transport.js';
export { PackedDeviceQueue } from './packed-device.js';
export { PackedDriverQueue } from './packed-driver.js';
export { PCI_DEVICE_BAR_BYTES, PciLegacyDevice, PciModernDevice } from './pci-device.js';
export {
  PCI_MODERN_DEVICE_BASE,
  PCI_VENDOR_VIRTIO,
  pciDeviceType,
  transitionalPciDevice,
} from './pci-layout.js';
export { PciLegacyTransport } from './pci-legacy-transport.js';
export { type PciAccess, PciModernTransport } from './pci-modern-transport.js';
export {
  AddResult,
  type DeviceQueue,
  type DriverQueue,
  type DriverQueueOptions,
  needEvent,
  type QueueAddresses,
  type QueueOptions,
  TakeResult,
} from './queue.js';
export { SplitDeviceQueue } from './split-device.js';
export { SplitDriverQueue, splitRingBytes, splitUsedOffset } from './split-driver.js';
export {
  DeviceType,
  INTERRUPT_CONFIG,
  INTERRUPT_QUEUE,
  NO_VECTOR,
  type RegisterWindow,
  SubWindow,
  type Transport,
} from './transport.js';
export { NoWaiter, type Waiter } from './waiter.js';
