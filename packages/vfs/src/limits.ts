/** All tunables of the package; the relations between them are asserted in `test/limits.test.ts`. */

/** Bytes of one component of a path; Linux's NAME_MAX. */
export const NAME_BYTES_MAX = 255;
/** Bytes of a path with its final NUL; Linux's PATH_MAX. */
export const PATH_BYTES_MAX = 4096;
/** Symbolic links followed in one walk before ELOOP; Linux's value. */
export const SYMLINKS_MAX = 40;
/** Bytes of a page of file content. The packed image aligns file data to it so that it can be mapped in place. */
export const PAGE_BYTES = 4096;
/** Largest file: 2^43 bytes keeps every page index below 2^31, and every sum of offsets far from 2^53. */
export const FILE_BYTES_MAX = 8796093022208;
/** Hard links of one file. */
export const LINKS_MAX = 65000;
/** Dentries kept before unused ones are dropped. */
export const DENTRIES_MAX = 16384;
/** Bytes buffered in a pipe, and the largest write that is atomic. */
export const PIPE_BYTES = 65536;
export const PIPE_ATOMIC_BYTES = 4096;
/** Open descriptors of a process: soft and hard limit as Debian sets them. */
export const DESCRIPTORS_SOFT = 1024;
export const DESCRIPTORS_MAX = 1048576;
