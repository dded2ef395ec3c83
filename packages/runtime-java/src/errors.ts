/** Why an image cannot be made. */
export type JavaImageErrorCode =
  | 'no-jdk'
  | 'tool-failed'
  | 'bad-jar'
  | 'no-main-class'
  | 'memory-too-small';

/** The one error type of this package's doors; `code` says what kind, the message what to do. */
export class JavaImageError extends Error {
  constructor(
    readonly code: JavaImageErrorCode,
    message: string,
  ) {
    super(message);
    this.name = 'JavaImageError';
  }
}
