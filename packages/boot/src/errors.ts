/** What can go wrong before or beside the program, each with the exit status that the command line reports. */

/** Tessera's own failure: bad options, a missing tool, a machine that did not start. */
export class TesseraError extends Error {
  readonly exitStatus: number = 125;
  /** What the user can do about it, if that is known. */
  readonly cure: string | undefined;

  constructor(message: string, cure?: string) {
    super(message);
    this.name = 'TesseraError';
    this.cure = cure;
  }
}

/** The program is there but cannot run here. */
export class NotRunnableError extends TesseraError {
  override readonly exitStatus: number = 126;
  override readonly name: string = 'NotRunnableError';
}

/** No such program. */
export class NotFoundError extends TesseraError {
  override readonly exitStatus: number = 127;
  override readonly name: string = 'NotFoundError';
}

/** A known option or target that is not built yet. */
export class NotBuiltYetError extends TesseraError {
  override readonly name: string = 'NotBuiltYetError';

  constructor(what: string) {
    super(`${what} is not built yet`);
  }
}

/** The chosen subsystems do not fit together. */
export class CompositionError extends TesseraError {
  override readonly name: string = 'CompositionError';
}
