export { ProgramContext } from './program-context.js';
export { type DeferredWork, Scheduler, type StackMemory } from './scheduler.js';
export { Condition, KernelSync, Mutex, RwLock } from './sync.js';
