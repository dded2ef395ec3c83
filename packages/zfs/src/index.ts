/**
 * @tessera/zfs: OpenZFS pools as a library. This door is pure: no host, no threads, any synchronous `BlockDevice`.
 */
export type {
  BlockDevice,
  BlockRequest,
  BlockStatus,
  FlushRequest,
  RandomSource,
  ReadRequest,
  Ticket,
  WallClock,
  WriteRequest,
} from './contract.js';
export { Dnode } from './dmu/dnode.js';
export { ObjectSet } from './dmu/object-set.js';
export { Zap, ZapEntry } from './dmu/zap.js';
export { Dataset, DslDataset, DslDirectory, findDataset, rootDataset } from './dsl/dataset.js';
export { KeyStore } from './dsl/key-store.js';
export {
  mountPoint,
  ownProperties,
  type PropertySource,
  type PropertyValue,
  property,
} from './dsl/properties.js';
export { ZfsError, type ZfsErrorCode } from './errors.js';
export { MemoryDevice } from './memory-device.js';
export { NvList, type NvPair, type NvValue } from './nvlist/nvlist.js';
export { packNvList, unpackNvList } from './nvlist/packed.js';
export { BlockPointer, Dva } from './pool/block-pointer.js';
export { BlockReader } from './pool/block-reader.js';
export { type DeviceLabel, readDeviceLabel, Uberblock } from './pool/label.js';
export { importPool, type OpenOptions, Pool } from './pool/pool.js';
export { type CheckResult, checkPool } from './space/check.js';
export { ReceivedDataset, receiveStream } from './stream/received.js';
export { LeafVdev, Vdev } from './vdev/vdev.js';
export { View } from './view.js';
export {
  type CreateOptions,
  createPool,
  type Layout,
  openForWriting,
} from './write/create-pool.js';
export { FileWriter } from './write/file-writer.js';
export { PoolWriter } from './write/pool-writer.js';
export { openFileSystem } from './zil/replay.js';
export { NodeAttributes } from './zpl/attributes.js';
export { type DirectoryEntry, FileSystem } from './zpl/file-system.js';
export { Volume } from './zpl/volume.js';
