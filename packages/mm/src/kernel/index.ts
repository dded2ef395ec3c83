export { createAllocator, growHeapFrom } from './kernel-memory.js';
