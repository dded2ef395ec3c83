export { SchedulerCore } from './core.js';
export {
  HALF_LIFE_NS,
  NEVER_NS,
  QUANTUM_NS,
  RESCALE_HALF_LIVES,
  RUN_MAX_NS,
  TICK_MAX_NS,
  UNIT_NS,
} from './limits.js';
export { MutexState, RwLockState } from './locks.js';
export { ReadyQueue } from './ready-queue.js';
export { RunTimeScale } from './run-time.js';
export {
  STATE_BLOCKED,
  STATE_DEAD,
  STATE_READY,
  STATE_RUNNING,
  Thread,
  WAKE_INTERRUPTED,
  WAKE_SIGNALLED,
  WAKE_TIMEOUT,
} from './thread.js';
export { Timer, TimerQueue, type TimerTarget } from './timers.js';
export { WaitQueue } from './wait-queue.js';
