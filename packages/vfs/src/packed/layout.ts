/**
 * The packed read-only root file system: one run of bytes, read where it lies.
 *
 *   page 0        header
 *   page 1...     node table:  64 bytes per node, node n at index n - 1; node 1 is the root directory
 *                 entry table: 16 bytes per name, the entries of one directory together, sorted by the bytes of the name
 *                 text:        names and symbolic-link targets, one after the other, no terminators
 *   page k...     content:     each file at a page boundary, zeros up to the next one
 *
 * All integers are little endian. Content is aligned so that `mmap` can point into the image; a reader touches only
 * the records it needs, so mounting costs nothing per file. The bytes depend only on the input: no time of packing, no
 * host order. Every offset in an image is checked when it is used, never believed.
 *
 *   header: 0 magic "TESSPACK"  8 version u32  12 page bytes u32  16 image bytes u64  24 node count u32
 *           28 entry count u32  32 node table u64  40 entry table u64  48 text u64  56 text bytes u64
 *           64 content u64
 *   node:   0 mode u32 (with type)  4 links u32  8 uid u32  12 gid u32  16 mtime seconds i64
 *           24 mtime nanoseconds u32  28 device u32  32 size u64  40 position u64  48 count u32  52 zero
 *           position: file: offset of the content; directory: index of its first entry (count of them in `count`);
 *           link: offset of the target within text
 *   entry:  0 name offset in text u32  4 name bytes u16  6 zero u16  8 node u32  12 zero u32
 */
export const PACKED_MAGIC_LOW = 0x53534554; // "TESS"
export const PACKED_MAGIC_HIGH = 0x4b434150; // "PACK"
export const PACKED_VERSION = 1;
export const HEADER_BYTES = 72;
export const NODE_BYTES = 64;
export const ENTRY_BYTES = 16;

export const HEADER_VERSION = 8;
export const HEADER_PAGE_BYTES = 12;
export const HEADER_IMAGE_BYTES = 16;
export const HEADER_NODES = 24;
export const HEADER_ENTRIES = 28;
export const HEADER_NODE_TABLE = 32;
export const HEADER_ENTRY_TABLE = 40;
export const HEADER_TEXT = 48;
export const HEADER_TEXT_BYTES = 56;
export const HEADER_CONTENT = 64;

export const NODE_MODE = 0;
export const NODE_LINKS = 4;
export const NODE_UID = 8;
export const NODE_GID = 12;
export const NODE_MTIME = 16;
export const NODE_MTIME_NS = 24;
export const NODE_DEVICE = 28;
export const NODE_SIZE = 32;
export const NODE_POSITION = 40;
export const NODE_COUNT = 48;

export const ENTRY_NAME = 0;
export const ENTRY_NAME_BYTES = 4;
export const ENTRY_NODE = 8;

/** 2^32, to join halves of 64-bit fields without leaving the integers. */
export const HALF = 4294967296;
