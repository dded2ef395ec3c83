/** Mixed values as text: what String(), console.log and an uncaught exception show. */
import type { f64 } from '@tessera/machine';
import { consoleError, runtimeExit } from './console.js';
import { ErrorImpl } from './errors.js';
import { floatToString } from './numbers/floats.js';

/**
 * Whether a mixed value is a number held as an integer.
 * @intrinsic isIntWord
 */
function isIntWord(value: unknown): boolean {
  return Number.isInteger(value);
}

/** `String(value)`. */
export function valueToString(value: unknown): string {
  if (typeof value === 'string') return value;
  if (isIntWord(value)) return String(value as number);
  if (typeof value === 'number') return floatToString(value as f64);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'bigint') return String(value);
  if (value === undefined) return 'undefined';
  if (value === null) return 'null';
  if (value instanceof ErrorImpl) return value.toString();
  if (typeof value === 'function') return 'function';
  return '[object Object]';
}

/** What console.log shows of a double: String() hides the sign of zero. */
export function inspectFloat(value: f64): string {
  if (value === 0 && 1 / value < 0) return '-0';
  return floatToString(value);
}

/** What console.log shows of a mixed value. */
export function inspect(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number' && !isIntWord(value)) return inspectFloat(value as f64);
  return valueToString(value);
}

/** An exception that nothing caught ends the program as in Node, with status 1. */
export function runtimeUncaught(error: unknown): void {
  consoleError(`Uncaught ${valueToString(error)}`);
  runtimeExit(1);
}
