export { BlockBack, type BlockBackOptions, type BlockStorage } from './block-back.js';
export {
  type BlockDiscard,
  type BlockFlush,
  BlockFront,
  type BlockFrontOptions,
  type BlockRead,
  type BlockResult,
  type BlockWork,
  type BlockWrite,
} from './block-front.js';
export { BlockOperation } from './block-protocol.js';
export { type ByteLink, ByteRing, consoleLink, storeLink } from './byte-ring.js';
export { readWallClockNs, SHARED_INFO_WALL_CLOCK, TimeRecord } from './clock.js';
export { type ShutdownRequest, ToolstackControl } from './control.js';
export {
  type EventConsumer,
  type EventHandler,
  FIFO_LINK_MASK,
  FIFO_LINKED,
  FIFO_MASKED,
  FIFO_PENDING,
  FIFO_PRIORITIES,
  FIFO_WORDS_PER_PAGE,
  FifoEvents,
  SHARED_INFO_MASK,
  SHARED_INFO_PENDING,
  SHARED_INFO_VCPU_BYTES,
  TWO_LEVEL_PORTS,
  TwoLevelEvents,
  VCPU_SELECTOR,
  VCPU_TIME,
  VCPU_UPCALL_MASK,
  VCPU_UPCALL_PENDING,
} from './events.js';
export { type FaultSink, type XenFault, XenFaultKind, xenFault } from './fault.js';
export {
  GRANT_PERMIT,
  GRANT_READ_ONLY,
  GRANT_READING,
  GRANT_WRITING,
  GRANTS_RESERVED,
  type GrantMapper,
  GrantTable,
} from './grants.js';
export {
  callbackVector,
  DOMAIN_SELF,
  EventCommand,
  encodeAddToPhysmap,
  encodeAllocateUnbound,
  encodeBindInterdomain,
  encodeBindVirq,
  encodeHvmParameter,
  encodeMapGrant,
  encodePort,
  encodeReservation,
  encodeShutdown,
  GrantCommand,
  HvmCommand,
  HvmParameter,
  Hypercall,
  MemoryCommand,
  PhysmapSpace,
  SchedulerCommand,
  ShutdownReason,
  VIRQ_CONSOLE,
  VIRQ_DEBUG,
  VIRQ_TIMER,
} from './hypercalls.js';
export {
  ArrayMemory,
  atomicClear32,
  atomicOr32,
  load53,
  PAGE_BYTES,
  type PageSource,
  type SharedMemory,
  store53,
} from './memory.js';
export { type FramePeer, NetBack, type NetBackOptions } from './net-back.js';
export {
  type FrameOffload,
  type NetCapabilities,
  NetFront,
  type NetFrontOptions,
  parseMac,
} from './net-front.js';
export { BackRing, FrontRing, RING_HEADER_BYTES, ringSize } from './ring.js';
export {
  type Cpuid,
  type CpuidResult,
  findXen,
  type MemoryRange,
  PVH_MAGIC,
  type PvhModule,
  type PvhStartInfo,
  parsePvhStartInfo,
  type XenCpuid,
} from './start-of-day.js';
export {
  type Notifier,
  parseDecimal,
  StoreClient,
  type StoreError,
  type Waiter,
  type WatchEvent,
} from './store-client.js';
export {
  encodeStoreMessage,
  isStorePath,
  STORE_HEADER_BYTES,
  STORE_PAYLOAD_MAX,
  StoreAssembler,
  StoreMessage,
  splitWords,
} from './store-protocol.js';
export { StoreConnection, StoreServer } from './store-server.js';
export {
  type BackendPlatform,
  type EventPorts,
  XenbusLink,
  XenbusState,
  type XenPlatform,
} from './xenbus.js';
