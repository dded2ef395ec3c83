export {
  AddressSpace,
  FAULT_BUS,
  FAULT_NO_MAPPING,
  FAULT_NO_MEMORY,
  FAULT_PROTECTION,
  FAULT_RESOLVED,
  MADV_DONTNEED,
  MADV_FREE,
  MAP_32BIT,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_POPULATE,
  MAP_PRIVATE,
  MAP_SHARED,
  type MapRequest,
  MREMAP_DONTUNMAP,
  MREMAP_FIXED,
  MREMAP_MAYMOVE,
} from './address-space.js';
export { PageAllocator } from './buddy.js';
export { BufferPool, PageBuffer } from './buffer-pool.js';
export { EACCES, EEXIST, EFAULT, EINVAL, ENOMEM, EPERM } from './errno.js';
export {
  INVALIDATE_PAGES_MAX,
  MAP_LOW_START,
  MAP_TOP,
  ORDER_MAX,
  REGIONS_MAX,
  RELEASE_BATCH,
} from './limits.js';
export {
  ENTRY_ACCESSED,
  ENTRY_DIRTY,
  ENTRY_GLOBAL,
  ENTRY_LARGE,
  ENTRY_NO_EXECUTE,
  ENTRY_OWNED,
  ENTRY_PRESENT,
  ENTRY_UNCACHED,
  ENTRY_WRITABLE,
  entryAddress,
  type LeafVisitor,
  makeEntry,
  PageTable,
} from './page-table.js';
export { DirectMemory, type PhysicalMemory } from './physical-memory.js';
export { LocalCaches, type TranslationCaches } from './range-changes.js';
export { type Pager, PROT_EXEC, PROT_READ, PROT_WRITE, Region, RegionList } from './regions.js';
