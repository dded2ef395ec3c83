export { HookMemory, SeededRandom } from './hook-memory.js';
export {
  CollectingSink,
  ModelMapper,
  ModelPages,
  ModelXen,
  type ModelXenOptions,
} from './model-xen.js';
