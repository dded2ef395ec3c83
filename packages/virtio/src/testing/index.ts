export { CollectingSink, HookMemory, SeededRandom } from './hook-memory.js';
