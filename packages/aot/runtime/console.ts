/**
 * Text to the console, UTF-8, without allocating: through a buffer in the heap's control block. @unchecked
 *
 * Lone surrogates become U+FFFD, as Node writes them.
 */
import { store8 } from '@tessera/machine';
import { ErrorImpl } from './errors.js';
import { CONTROL_CONSOLE, CONTROL_CONSOLE_BYTES } from './heap/layout.js';
import { heapBase } from './heap/state.js';
import { abort, exit, startPlatform, writeConsole } from './platform.js';

const STANDARD_OUTPUT = 1;
const STANDARD_ERROR = 2;

let used = 0;

function flush(descriptor: number): void {
  if (used > 0) writeConsole(descriptor, heapBase + CONTROL_CONSOLE, used);
  used = 0;
}

function put(byte: number): void {
  store8(heapBase + CONTROL_CONSOLE + used, byte);
  used++;
}

/** Writes text as UTF-8. */
export function writeText(descriptor: number, text: string): void {
  if (heapBase === 0) return;
  const length = text.length;
  for (let i = 0; i < length; i++) {
    if (used + 4 > CONTROL_CONSOLE_BYTES) flush(descriptor);
    let code = text.charCodeAt(i);
    if (code < 0x80) {
      put(code);
    } else if (code < 0x800) {
      put(0xc0 + (code >>> 6));
      put(0x80 + (code & 0x3f));
    } else {
      if (code >= 0xd800 && code < 0xe000) {
        const next = i + 1 < length ? text.charCodeAt(i + 1) : 0;
        if (code < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
          code = 0x10000 + (code - 0xd800) * 0x400 + (next - 0xdc00);
          i++;
        } else {
          code = 0xfffd;
        }
      }
      if (code < 0x10000) {
        put(0xe0 + (code >>> 12));
      } else {
        put(0xf0 + (code >>> 18));
        put(0x80 + ((code >>> 12) & 0x3f));
      }
      put(0x80 + ((code >>> 6) & 0x3f));
      put(0x80 + (code & 0x3f));
    }
  }
}

function writeLine(descriptor: number, line: string): void {
  writeText(descriptor, line);
  if (heapBase === 0) return;
  if (used + 1 > CONTROL_CONSOLE_BYTES) flush(descriptor);
  put(0x0a);
  flush(descriptor);
}

export function consoleLog(line: string): void {
  writeLine(STANDARD_OUTPUT, line);
}

export function consoleError(line: string): void {
  writeLine(STANDARD_ERROR, line);
}

/** Ends the program: a defect was found, nothing may go on. */
export function panic(message: string): never {
  writeLine(STANDARD_ERROR, message);
  abort();
}

export function runtimeStart(argument: number): void {
  startPlatform(argument);
}

/** An exception that nothing caught ends the program as in Node, with status 1. */
export function runtimeUncaught(error: unknown): void {
  if (error instanceof ErrorImpl) consoleError(`Uncaught ${error.toString()}`);
  else if (typeof error === 'string') consoleError(`Uncaught '${error}'`);
  else consoleError('Uncaught exception');
  exit(1);
}

export function runtimeExit(status: number): never {
  exit(status);
}
