/**
 * Strings as memory. @unchecked
 *
 * Header, u32 length in units at 8, u32 hash at 12 (0: not computed), units from 16: bytes for class 1, two bytes each
 * for class 2. A string is of class 1 whenever every unit is below 256, so equal strings have equal classes.
 */
import { copy, load8, load16, load32, store8, store16, store32 } from '@tessera/machine';
import { CLASS_STRING_ONE_BYTE, CLASS_STRING_TWO_BYTE } from '../classes.js';
import { RangeErrorImpl } from '../errors.js';
import { allocateWithSpare } from '../heap/allocate.js';

export const UNITS = 16;
export const LENGTH = 8;
export const HASH = 12;

/** V8's limit, 2^29 - 24 units: the same programs fail in both worlds. */
export const MAXIMUM_LENGTH = 536_870_888;

export function lengthAt(address: number): number {
  return load32(address + LENGTH);
}

export function isWide(address: number): boolean {
  return load32(address) === CLASS_STRING_TWO_BYTE;
}

/** Preconditions: `i` is below the length. */
export function unitAt(address: number, wide: boolean, i: number): number {
  return wide ? load16(address + UNITS + i * 2) : load8(address + UNITS + i);
}

export function setUnit(address: number, wide: boolean, i: number, unit: number): void {
  if (wide) store16(address + UNITS + i * 2, unit);
  else store8(address + UNITS + i, unit);
}

/** A string of `length` zero units, to be filled before anyone sees it. */
export function makeString(length: number, wide: boolean): number {
  if (length > MAXIMUM_LENGTH) throw new RangeErrorImpl('Invalid string length');
  const address = wide
    ? allocateWithSpare(CLASS_STRING_TWO_BYTE, UNITS + length * 2)
    : allocateWithSpare(CLASS_STRING_ONE_BYTE, UNITS + length);
  store32(address + LENGTH, length);
  return address;
}

/** Copies `count` units from one string into another; a one-byte target must be able to take them. */
export function copyUnits(
  target: number,
  targetWide: boolean,
  at: number,
  source: number,
  sourceWide: boolean,
  from: number,
  count: number,
): void {
  if (targetWide === sourceWide) {
    if (targetWide) copy(target + UNITS + at * 2, source + UNITS + from * 2, count * 2);
    else copy(target + UNITS + at, source + UNITS + from, count);
  } else if (targetWide) {
    for (let i = 0; i < count; i++)
      store16(target + UNITS + (at + i) * 2, load8(source + UNITS + from + i));
  } else {
    for (let i = 0; i < count; i++)
      store8(target + UNITS + at + i, load16(source + UNITS + (from + i) * 2));
  }
}

/** Whether any of these units needs two bytes. */
export function needsWide(address: number, wide: boolean, from: number, count: number): boolean {
  if (!wide) return false;
  for (let i = from; i < from + count; i++) if (load16(address + UNITS + i * 2) > 0xff) return true;
  return false;
}
