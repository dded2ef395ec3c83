export { XenDomain, YieldingWaiter } from './domain.js';
export { DirectSharedMemory, type FrameAllocator, FramePages } from './shared-memory.unsafe.js';
