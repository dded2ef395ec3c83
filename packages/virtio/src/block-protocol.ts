/** Virtio block device: features, configuration and requests (virtio 1.3, 5.2). */
export const BLOCK_SEGMENTS_MAX = 2;
export const BLOCK_READ_ONLY = 5;
export const BLOCK_SIZE = 6;
export const BLOCK_FLUSH = 9;
export const BLOCK_TOPOLOGY = 10;
export const BLOCK_MULTI_QUEUE = 12;
export const BLOCK_DISCARD = 13;
export const BLOCK_WRITE_ZEROES = 14;

export const BLOCK_CONFIG_CAPACITY = 0;
export const BLOCK_CONFIG_SEGMENTS_MAX = 12;
export const BLOCK_CONFIG_BLOCK_BYTES = 20;
export const BLOCK_CONFIG_PHYSICAL_EXPONENT = 24;
export const BLOCK_CONFIG_QUEUE_COUNT = 34;
export const BLOCK_CONFIG_DISCARD_SECTORS = 36;
export const BLOCK_CONFIG_DISCARD_SEGMENTS = 40;
export const BLOCK_CONFIG_ZERO_SECTORS = 48;
export const BLOCK_CONFIG_ZERO_SEGMENTS = 52;
export const BLOCK_CONFIG_BYTES = 60;

export enum BlockOperation {
  Read = 0,
  Write = 1,
  Flush = 4,
  GetId = 8,
  Discard = 11,
  WriteZeroes = 13,
}

export const BLOCK_STATUS_OK = 0;
export const BLOCK_STATUS_ERROR = 1;
export const BLOCK_STATUS_UNSUPPORTED = 2;

export const SECTOR_BYTES = 512;
export const BLOCK_HEADER_BYTES = 16;
export const BLOCK_RANGE_BYTES = 16;
