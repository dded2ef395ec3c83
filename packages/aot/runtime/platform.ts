/**
 * What the runtime needs from below. Node takes the platform of the tests; aot replaces this module by
 * `platform-process.ts` or `platform-freestanding.ts`, which export the same names.
 */
export {
  abort,
  exit,
  growHeap,
  resumeWorld,
  spillRegisters,
  stackTop,
  startPlatform,
  stopWorld,
  writeConsole,
} from './platform-node.js';
