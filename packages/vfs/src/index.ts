export {
  bytesToString,
  type bytestr,
  compareBytes,
  copyStringTo,
  dataView,
  stringToBytes,
  utf8Encode,
} from './bytes.js';
export {
  type BufferPool,
  type Clock,
  HeapBufferPool,
  ManualClock,
  type Random,
} from './contract.js';
export { Credentials, checkAccess } from './credentials.js';
export { Dentry, DentryCache, pathOf } from './dentry.js';
export { DescriptorTable } from './descriptor-table.js';
export { DeviceFileSystem, DeviceNode } from './devfs.js';
export * from './errno.js';
export * from './limits.js';
export * from './modes.js';
export { Namespace } from './namespace.js';
export { OpenFile, VnodeFile } from './open-file.js';
export { PackedFileSystem } from './packed/file-system.js';
export { PackedReader } from './packed/reader.js';
export {
  PackError,
  PackedContent,
  PackItem,
  PackPlan,
  packImage,
  planPack,
} from './packed/writer.js';
export { Pipe, PipeReader, PipeWriter } from './pipe.js';
export { FOLLOW, MountRecord, NO_FOLLOW, Place, Walk } from './place.js';
export { PosixError, PosixFileSystem } from './posix.js';
export { RamFileSystem } from './ramfs.js';
export {
  type ChildProvider,
  SyntheticDirectory,
  SyntheticFile,
  SyntheticFileSystem,
  SyntheticLink,
  SyntheticNode,
} from './synthetic.js';
export {
  Attributes,
  Creation,
  type DirectorySink,
  FileSystem,
  FileSystemAttributes,
  Vnode,
} from './vnode.js';
export { WaitQueue, type Waker } from './wait.js';
