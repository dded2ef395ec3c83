export { AddressWindow, assignBars, type Windows } from './assign.js';
export { type Bar, BarKind, type BarList, readBars, writeBarAddress } from './bars.js';
export {
  type Capability,
  type CapabilityList,
  findCapability,
  readCapabilities,
  readExtendedCapabilities,
} from './capabilities.js';
export {
  busOf,
  type ConfigAccess,
  deviceOf,
  EcamConfigAccess,
  type EcamRegion,
  FunctionConfig,
  functionId,
  functionName,
  functionOf,
  PortConfigAccess,
  type PortIo,
  type RegisterIo,
  segmentOf,
} from './config-access.js';
export {
  type ConfigHooks,
  EmulatedBus,
  EmulatedFunction,
  type EmulatedFunctionOptions,
  EmulatedHostBridge,
} from './emulated.js';
export {
  type EnumerateOptions,
  type Enumeration,
  enumerate,
  type PciFunction,
} from './enumerate.js';
export { type PciFault, PciFaultKind, pciFault } from './fault.js';
export { type McfgResult, parseMcfg } from './mcfg.js';
export {
  apicMessage,
  type InterruptMessage,
  type MsixCapability,
  type MsixOpenResult,
  MsixTable,
  openMsix,
  readMsixCapability,
} from './msix.js';
export {
  CapabilityId,
  COMMAND,
  COMMAND_BUS_MASTER,
  COMMAND_INTX_DISABLE,
  COMMAND_IO,
  COMMAND_MEMORY,
} from './registers.js';
