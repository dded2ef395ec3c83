/** Every limit of the package; relations between them are asserted in the tests. */

/** Largest block of the buddy allocator: 2^18 pages, 1 GiB, so that every page-table leaf size is one block. */
export const ORDER_MAX = 18;
/** Regions of one address space; Linux's vm.max_map_count. */
export const REGIONS_MAX = 65530;
/** Frames whose release waits for the translation caches at a time. */
export const RELEASE_BATCH = 256;
/** Pages invalidated one by one; above, the whole cache goes. */
export const INVALIDATE_PAGES_MAX = 64;
/** The program's mappings lie below; a page is left free at the top, as on Linux. */
export const MAP_TOP = 0x3fff_ffff_f000;
/** MAP_32BIT serves [MAP_LOW_START, kernel image). */
export const MAP_LOW_START = 0x4000_0000;
