/** Offsets and bits of the configuration header (PCI 3.0, 6.1). */
export const VENDOR_ID = 0x00;
export const DEVICE_ID = 0x02;
export const COMMAND = 0x04;
export const STATUS = 0x06;
export const REVISION_ID = 0x08;
export const CLASS_REVISION = 0x08;
export const HEADER_TYPE = 0x0e;
export const BAR0 = 0x10;
export const SECONDARY_BUS = 0x19;
export const SUBSYSTEM_VENDOR_ID = 0x2c;
export const SUBSYSTEM_ID = 0x2e;
export const CAPABILITY_POINTER = 0x34;
export const INTERRUPT_LINE = 0x3c;
export const INTERRUPT_PIN = 0x3d;

export const COMMAND_IO = 1;
export const COMMAND_MEMORY = 2;
export const COMMAND_BUS_MASTER = 4;
export const COMMAND_INTX_DISABLE = 0x400;
export const STATUS_CAPABILITIES = 0x10;

export const HEADER_TYPE_NORMAL = 0;
export const HEADER_TYPE_BRIDGE = 1;

export enum CapabilityId {
  PowerManagement = 0x01,
  Msi = 0x05,
  VendorSpecific = 0x09,
  PciExpress = 0x10,
  Msix = 0x11,
}
