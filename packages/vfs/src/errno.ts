/**
 * Error numbers of the file-system layer.
 *
 * Operations that count something answer a number: zero or more is the result, below zero is `-errno`.
 * Operations that answer an object answer either it or a `Failure`, of which one exists per number, so that failing
 * allocates nothing. The values are Linux's, so that the system-call layer passes them through unchanged.
 */
export const EPERM = 1;
export const ENOENT = 2;
export const ESRCH = 3;
export const EINTR = 4;
export const EIO = 5;
export const ENXIO = 6;
export const E2BIG = 7;
export const ENOEXEC = 8;
export const EBADF = 9;
export const ECHILD = 10;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const EACCES = 13;
export const EFAULT = 14;
export const EBUSY = 16;
export const EEXIST = 17;
export const EXDEV = 18;
export const ENODEV = 19;
export const ENOTDIR = 20;
export const EISDIR = 21;
export const EINVAL = 22;
export const ENFILE = 23;
export const EMFILE = 24;
export const ENOTTY = 25;
export const ETXTBSY = 26;
export const EFBIG = 27;
export const ENOSPC = 28;
export const ESPIPE = 29;
export const EROFS = 30;
export const EMLINK = 31;
export const EPIPE = 32;
export const EDOM = 33;
export const ERANGE = 34;
export const EDEADLK = 35;
export const ENAMETOOLONG = 36;
export const ENOLCK = 37;
export const ENOSYS = 38;
export const ENOTEMPTY = 39;
export const ELOOP = 40;
export const ENODATA = 61;
export const EOVERFLOW = 75;
export const EILSEQ = 84;
export const ENOTSOCK = 88;
export const EOPNOTSUPP = 95;
export const EAFNOSUPPORT = 97;
export const ETIMEDOUT = 110;
export const ERRNO_MAX = 133;

const NAMES: readonly string[] = [
  'OK',
  'EPERM',
  'ENOENT',
  'ESRCH',
  'EINTR',
  'EIO',
  'ENXIO',
  'E2BIG',
  'ENOEXEC',
  'EBADF',
  'ECHILD',
  'EAGAIN',
  'ENOMEM',
  'EACCES',
  'EFAULT',
  'ENOTBLK',
  'EBUSY',
  'EEXIST',
  'EXDEV',
  'ENODEV',
  'ENOTDIR',
  'EISDIR',
  'EINVAL',
  'ENFILE',
  'EMFILE',
  'ENOTTY',
  'ETXTBSY',
  'EFBIG',
  'ENOSPC',
  'ESPIPE',
  'EROFS',
  'EMLINK',
  'EPIPE',
  'EDOM',
  'ERANGE',
  'EDEADLK',
  'ENAMETOOLONG',
  'ENOLCK',
  'ENOSYS',
  'ENOTEMPTY',
  'ELOOP',
];

/** The symbolic name of an error number, for messages and `--strace`. */
export function errnoName(errno: number): string {
  if (errno >= 0 && errno < NAMES.length) return NAMES[errno];
  switch (errno) {
    case ENODATA:
      return 'ENODATA';
    case EOVERFLOW:
      return 'EOVERFLOW';
    case EILSEQ:
      return 'EILSEQ';
    case ENOTSOCK:
      return 'ENOTSOCK';
    case EOPNOTSUPP:
      return 'EOPNOTSUPP';
    case EAFNOSUPPORT:
      return 'EAFNOSUPPORT';
    case ETIMEDOUT:
      return 'ETIMEDOUT';
    default:
      return 'E' + errno.toString();
  }
}

/** An expected error in place of an object. Shared: compare by `errno`, never by identity with a fresh one. */
export class Failure {
  readonly errno: number;

  constructor(errno: number) {
    this.errno = errno;
  }
}

function makeFailures(): Failure[] {
  const all: Failure[] = [];
  for (let errno = 0; errno <= ERRNO_MAX; errno++) all.push(new Failure(errno));
  return all;
}

const FAILURES: Failure[] = makeFailures();

/** The shared `Failure` for an error number. Preconditions: `0 < errno <= ERRNO_MAX`. */
export function failure(errno: number): Failure {
  return FAILURES[errno];
}
