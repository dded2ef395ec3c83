/** Virtio over PCI: identification, capability structures and registers (virtio 1.3, 4.1). */
import { DeviceType } from './transport.js';

export const PCI_VENDOR_VIRTIO = 0x1af4;
export const PCI_MODERN_DEVICE_BASE = 0x1040;

export enum PciStructure {
  Common = 1,
  Notify = 2,
  Isr = 3,
  Device = 4,
  ConfigAccess = 5,
  SharedMemory = 8,
}

export const COMMON_DEVICE_FEATURE_SELECT = 0x00;
export const COMMON_DEVICE_FEATURE = 0x04;
export const COMMON_DRIVER_FEATURE_SELECT = 0x08;
export const COMMON_DRIVER_FEATURE = 0x0c;
export const COMMON_CONFIG_VECTOR = 0x10;
export const COMMON_QUEUE_COUNT = 0x12;
export const COMMON_STATUS = 0x14;
export const COMMON_GENERATION = 0x15;
export const COMMON_QUEUE_SELECT = 0x16;
export const COMMON_QUEUE_SIZE = 0x18;
export const COMMON_QUEUE_VECTOR = 0x1a;
export const COMMON_QUEUE_ENABLE = 0x1c;
export const COMMON_QUEUE_NOTIFY_OFFSET = 0x1e;
export const COMMON_QUEUE_DESCRIPTORS = 0x20;
export const COMMON_QUEUE_DRIVER = 0x28;
export const COMMON_QUEUE_DEVICE = 0x30;
export const COMMON_QUEUE_RESET = 0x3a;
export const COMMON_BYTES = 0x3c;

export const LEGACY_DEVICE_FEATURES = 0x00;
export const LEGACY_DRIVER_FEATURES = 0x04;
export const LEGACY_QUEUE_FRAME = 0x08;
export const LEGACY_QUEUE_SIZE = 0x0c;
export const LEGACY_QUEUE_SELECT = 0x0e;
export const LEGACY_QUEUE_NOTIFY = 0x10;
export const LEGACY_STATUS = 0x12;
export const LEGACY_ISR = 0x13;
export const LEGACY_CONFIG_VECTOR = 0x14;
export const LEGACY_QUEUE_VECTOR = 0x16;

/** Device type by PCI ids: modern ids carry it, transitional ones in the subsystem id. 0 when it is not virtio. */
export function pciDeviceType(vendorId: number, deviceId: number, subsystemId: number): number {
  if (vendorId !== PCI_VENDOR_VIRTIO) return 0;
  if (deviceId >= PCI_MODERN_DEVICE_BASE && deviceId < 0x1080) {
    return deviceId - PCI_MODERN_DEVICE_BASE;
  }
  return deviceId >= 0x1000 && deviceId < 0x1040 ? subsystemId : 0;
}

/** The PCI id a transitional device of this type has, or 0 when the type never had one. */
export function transitionalPciDevice(type: DeviceType): number {
  if (type === DeviceType.Net) return 0x1000;
  if (type === DeviceType.Block) return 0x1001;
  if (type === DeviceType.Balloon) return 0x1002;
  if (type === DeviceType.Console) return 0x1003;
  if (type === DeviceType.Entropy) return 0x1005;
  if (type === DeviceType.NineP) return 0x1009;
  return 0;
}
