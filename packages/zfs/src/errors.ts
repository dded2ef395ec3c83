/**
 * The one exception class of this package, with a closed set of codes.
 *
 * Codecs and parsers of single structures return `null` or a negative number for bad input; from the block reader
 * upward a failure ends the whole operation, so it travels as a `ZfsError`. `errno` is what a system call answers.
 */
export type ZfsErrorCode =
  | 'corrupt' // the bytes on disk break the format
  | 'checksum' // no copy of a block has the checksum that its pointer states
  | 'device' // a device is missing, too small or failed
  | 'not-found'
  | 'exists'
  | 'not-directory'
  | 'is-directory'
  | 'not-empty'
  | 'no-space'
  | 'read-only'
  | 'invalid'
  | 'unsupported' // right, but beyond what this version does; the message names it
  | 'key' // an encryption key is missing or wrong
  | 'loop';

export class ZfsError extends Error {
  readonly code: ZfsErrorCode;
  constructor(code: ZfsErrorCode, message: string) {
    super(message);
    this.name = 'ZfsError';
    this.code = code;
  }

  /** Linux error number for the system-call edge. */
  get errno(): number {
    switch (this.code) {
      case 'corrupt':
      case 'checksum':
        return 52; // EBADE, which OpenZFS uses for ECKSUM
      case 'device':
        return 5;
      case 'not-found':
        return 2;
      case 'exists':
        return 17;
      case 'not-directory':
        return 20;
      case 'is-directory':
        return 21;
      case 'not-empty':
        return 39;
      case 'no-space':
        return 28;
      case 'read-only':
        return 30;
      case 'invalid':
        return 22;
      case 'unsupported':
        return 95;
      case 'key':
        return 13;
      default:
        return 40; // loop
    }
  }
}

export function corrupt(message: string): ZfsError {
  return new ZfsError('corrupt', message);
}

export function unsupported(message: string): ZfsError {
  return new ZfsError('unsupported', message);
}
