/**
 * blkif (Xen public io/blkif.h, x86-64 layout): 112-byte slots.
 *
 *   request    operation u8, segments u8, handle u16, pad, id u64 @8, sector u64 @16, segment[11] @24
 *   segment    grant u32, first sector u8, last sector u8, pad u16        sectors of 512 bytes inside one page
 *   indirect   operation u8 = 6, real operation u8, segments u16, pad, id u64 @8, sector u64 @16, handle u16 @24,
 *              grants u32 x 8 @28: pages of 512 segments each
 *   discard    operation u8 = 5, flag u8, handle u16, pad, id u64 @8, sector u64 @16, sectors u64 @24
 *   response   id u64, operation u8 @8, status i16 @10
 */
export const BLOCK_SLOT_BYTES = 112;
export const BLOCK_SEGMENTS_DIRECT = 11;
export const BLOCK_SEGMENTS_PER_PAGE = 512;
export const BLOCK_INDIRECT_PAGES_MAX = 8;
export const BLOCK_SECTOR_BYTES = 512;
export const BLOCK_SECTORS_PER_PAGE = 8;

export enum BlockOperation {
  Read = 0,
  Write = 1,
  Barrier = 2,
  Flush = 3,
  Discard = 5,
  Indirect = 6,
}

export const BLOCK_OK = 0;
/** -1 and -2 as stored: 16 bits. */
export const BLOCK_ERROR = 0xffff;
export const BLOCK_UNSUPPORTED = 0xfffe;

export const BLOCK_INFO_READ_ONLY = 4;
