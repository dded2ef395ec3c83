import { gzipDecompress } from '../compress/inflate.js';
import { lz4Decompress } from '../compress/lz4.js';
import { lzjbDecompress } from '../compress/lzjb.js';
import { zleDecompress } from '../compress/zle.js';
import { zstdDecompress } from '../compress/zstd.js';

export const COMPRESS_OFF = 2;
export const COMPRESS_LZJB = 3;
export const COMPRESS_EMPTY = 4;
export const COMPRESS_GZIP_1 = 5;
export const COMPRESS_GZIP_9 = 13;
export const COMPRESS_ZLE = 14;
export const COMPRESS_LZ4 = 15;
export const COMPRESS_ZSTD = 16;

/** Fills `out` from stored bytes; false when they are not a valid stream of that kind. */
export function decompress(kind: number, stored: Uint8Array, out: Uint8Array): boolean {
  if (kind === COMPRESS_LZ4) return lz4Decompress(stored, out);
  if (kind === COMPRESS_LZJB) return lzjbDecompress(stored, out);
  if (kind === COMPRESS_ZSTD) return zstdDecompress(stored, out);
  if (kind >= COMPRESS_GZIP_1 && kind <= COMPRESS_GZIP_9) return gzipDecompress(stored, out);
  if (kind === COMPRESS_ZLE) return zleDecompress(stored, out);
  if (kind === COMPRESS_EMPTY) {
    out.fill(0);
    return true;
  }
  return false;
}
