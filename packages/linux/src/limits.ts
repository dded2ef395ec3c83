/** All tunables of the package. */

/** Stack of the first thread, mapped lazily. */
export const STACK_BYTES = 8388608;
/** Arguments and environment together, as Linux's quarter of the stack limit. */
export const ARGUMENT_BYTES_MAX = 2097152;
/** Strings in argv or envp. */
export const ARGUMENT_COUNT_MAX = 65536;
/** Where position-independent executables are loaded. */
export const PIE_BASE = 0x2aaaaaaaa000;
/** Bytes moved through kernel memory at a time by read and write. */
export const TRANSFER_BYTES = 131072;
/** Linux never moves more than this in one call. */
export const TRANSFER_BYTES_MAX = 0x7ffff000;
/** Entries of a readv or writev. */
export const VECTOR_COUNT_MAX = 1024;
/** Characters of a line in canonical mode; Linux's N_TTY_BUF_SIZE. */
export const LINE_BYTES_MAX = 4096;
/** Bytes of typed input kept until read. */
export const INPUT_BYTES_MAX = 65536;
/** Nested `#!` interpreters. */
export const SCRIPT_DEPTH_MAX = 4;
/** First bytes of a file that decide what it is; Linux's BINPRM_BUF_SIZE. */
export const PROBE_BYTES = 256;
/** Descriptors in one poll. */
export const POLL_COUNT_MAX = 4096;
/** uname. */
export const RELEASE = '6.1.0-tessera';
export const VERSION = '#1 SMP Tessera';
/** Clock ticks per second in times(2) and /proc (USER_HZ). */
export const TICKS_PER_SECOND = 100;
