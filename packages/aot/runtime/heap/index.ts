export { allocate, allocateWithSpare, cellBytesOf, initialiseHeap } from './allocate.js';
export {
  barrierSlot,
  barrierSlots,
  collect,
  collectCompletely,
  collectSlice,
  SLICE_OBJECTS,
  startCycle,
  writeBarrier,
} from './cycle.js';
export { scanConservatively } from './mark.js';
export type { HeapGrower, RootScanner } from './roots.js';
export { setHeapGrower, setRootScanner } from './roots.js';
export {
  allocatedSinceCycle,
  cycles,
  gcMarking,
  liveBytes,
  phase,
  setIncremental,
  setMinimumThreshold,
  setThreshold,
  thresholdBytes,
} from './state.js';
export { countObjects, verifyHeap, verifyMarks } from './verify.js';
