export { FileDevice } from './file-device.js';
export { decodeName, encodeName, ZfsFs, ZfsStats } from './fs-view.js';
export { type ManifestResult, manifest } from './manifest.js';
export {
  type DeviceLike,
  OpenDataset,
  OpenPool,
  type OpenPoolOptions,
  openPool,
} from './open-pool.js';
export {
  type CreatePoolOptions,
  createPool,
  openWritablePool,
  WritableFs,
  WritablePool,
} from './writable-pool.js';
