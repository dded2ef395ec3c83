export { BufferList, Completion } from './buffer-list.js';
export { CHAIN_SEGMENTS_MAX } from './descriptor-reader.js';
export { DeviceChain } from './device-chain.js';
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
export { PackedDeviceQueue } from './packed-device.js';
export { PackedDriverQueue } from './packed-driver.js';
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
