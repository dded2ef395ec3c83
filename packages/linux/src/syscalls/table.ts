/**
 * The table of system calls: number, name, arguments, handler, and how complete it is.
 *
 * `--strace` and docs/linux-abi.md are made from it, so that neither can say what the code does not do. `format` has one
 * letter per argument: d signed, u unsigned, n length, p address, s string at the address, x hexadecimal, o octal,
 * f descriptor, w buffer whose length is the next argument (shown before the call), r buffer (shown after), A AT_FDCWD or
 * descriptor, F open flags, S signal.
 */
import type { Call } from '../call.js';
import { SYSCALL_COUNT, syscallName } from './names.js';

export type Handler = (call: Call) => number;

/** Behaves as on Linux. */
export const DONE = 0;
/** Works with the limit that the note names. */
export const PARTLY = 1;
/** Answers ENOSYS on purpose, for the reason that the note names. */
export const REFUSED = 2;

export class SystemCallEntry {
  readonly number: number;
  readonly name: string;
  readonly format: string;
  readonly status: number;
  readonly note: string;
  readonly handler: Handler;

  constructor(
    number: number,
    name: string,
    format: string,
    status: number,
    note: string,
    handler: Handler,
  ) {
    this.number = number;
    this.name = name;
    this.format = format;
    this.status = status;
    this.note = note;
    this.handler = handler;
  }
}

export class SystemCallTable {
  private readonly entries: (SystemCallEntry | undefined)[] = [];
  /** Numbers already complained about. */
  private readonly reported: boolean[] = [];

  constructor() {
    for (let number = 0; number < SYSCALL_COUNT; number++) {
      this.entries.push(undefined);
      this.reported.push(false);
    }
  }

  done(number: number, format: string, handler: Handler): void {
    this.entries[number] = new SystemCallEntry(
      number,
      syscallName(number),
      format,
      DONE,
      '',
      handler,
    );
  }

  partly(number: number, format: string, note: string, handler: Handler): void {
    this.entries[number] = new SystemCallEntry(
      number,
      syscallName(number),
      format,
      PARTLY,
      note,
      handler,
    );
  }

  refused(number: number, format: string, note: string, handler: Handler): void {
    this.entries[number] = new SystemCallEntry(
      number,
      syscallName(number),
      format,
      REFUSED,
      note,
      handler,
    );
  }

  get(number: number): SystemCallEntry | undefined {
    return number >= 0 && number < this.entries.length ? this.entries[number] : undefined;
  }

  /** True the first time that this number is asked for in vain. */
  firstMiss(number: number): boolean {
    if (number < 0 || number >= this.reported.length) return true;
    if (this.reported[number]) return false;
    this.reported[number] = true;
    return true;
  }

  count(): number {
    return this.entries.length;
  }
}
