export { type FoundDevice, findMmioDevices, findPciDevices } from './find-devices.js';
export {
  DirectGuestMemory,
  type FrameAllocator,
  FrameDmaAllocator,
  physicalOfView,
} from './guest-memory.unsafe.js';
export { PhysicalWindow, PortWindow } from './registers.unsafe.js';
export { SpinningWaiter } from './waiting.js';
