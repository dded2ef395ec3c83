/** Finding in strings, and taking parts by index as JavaScript clamps them. @unchecked */
import { panic } from '../console.js';
import { stringAddress } from '../primitives.js';
import { stringFromCharCode, substringOf } from './build.js';
import { isWide, lengthAt, unitAt } from './raw.js';

/** JavaScript gives NaN past the end; a number that is an int has no NaN, so that is a panic, as for arrays. */
export function stringCharCodeAt(text: string, i: number = 0): number {
  const address = stringAddress(text);
  if (i < 0 || i >= lengthAt(address)) panic('charCodeAt: index out of range');
  return unitAt(address, isWide(address), i);
}

/** `text[i]`: a panic past the end. */
export function stringAt(text: string, i: number): string {
  const address = stringAddress(text);
  if (i < 0 || i >= lengthAt(address)) panic('string index out of range');
  return stringFromCharCode(unitAt(address, isWide(address), i));
}

export function stringCharAt(text: string, i: number = 0): string {
  const address = stringAddress(text);
  if (i < 0 || i >= lengthAt(address)) return '';
  return stringFromCharCode(unitAt(address, isWide(address), i));
}

/** `text.at(i)`: from the end when negative, undefined when out of range. */
export function stringAtMethod(text: string, i: number): string | undefined {
  const length = text.length;
  const index = i < 0 ? length + i : i;
  if (index < 0 || index >= length) return undefined;
  return stringAt(text, index);
}

/** Preconditions as charCodeAt. A high surrogate with its partner is one code point. */
export function stringCodePointAt(text: string, i: number = 0): number {
  const first = stringCharCodeAt(text, i);
  if (first < 0xd800 || first > 0xdbff || i + 1 >= text.length) return first;
  const second = stringCharCodeAt(text, i + 1);
  if (second < 0xdc00 || second > 0xdfff) return first;
  return 0x10000 + (first - 0xd800) * 0x400 + (second - 0xdc00);
}

/** Whether the units of `part` are those of `text` from `at` on. Preconditions: they fit. */
function matchesAt(
  a: number,
  aWide: boolean,
  at: number,
  b: number,
  bWide: boolean,
  count: number,
): boolean {
  for (let i = 0; i < count; i++) {
    if (unitAt(a, aWide, at + i) !== unitAt(b, bWide, i)) return false;
  }
  return true;
}

export function stringIndexOf(text: string, search: string, from: number = 0): number {
  const a = stringAddress(text);
  const b = stringAddress(search);
  const length = lengthAt(a);
  const count = lengthAt(b);
  const start = Math.min(Math.max(from, 0), length);
  if (count === 0) return start;
  const aWide = isWide(a);
  const bWide = isWide(b);
  if (bWide && !aWide) return -1;
  const first = unitAt(b, bWide, 0);
  for (let i = start; i + count <= length; i++) {
    if (unitAt(a, aWide, i) === first && matchesAt(a, aWide, i, b, bWide, count)) return i;
  }
  return -1;
}

export function stringLastIndexOf(
  text: string,
  search: string,
  from: number = 9_007_199_254_740_991,
): number {
  const a = stringAddress(text);
  const b = stringAddress(search);
  const count = lengthAt(b);
  const start = Math.min(Math.max(from, 0), lengthAt(a) - count);
  const aWide = isWide(a);
  const bWide = isWide(b);
  for (let i = start; i >= 0; i--) {
    if (matchesAt(a, aWide, i, b, bWide, count)) return i;
  }
  return -1;
}

export function stringIncludes(text: string, search: string, from: number = 0): boolean {
  return stringIndexOf(text, search, from) >= 0;
}

export function stringStartsWith(text: string, search: string, from: number = 0): boolean {
  const a = stringAddress(text);
  const b = stringAddress(search);
  const start = Math.min(Math.max(from, 0), lengthAt(a));
  if (start + lengthAt(b) > lengthAt(a)) return false;
  return matchesAt(a, isWide(a), start, b, isWide(b), lengthAt(b));
}

export function stringEndsWith(
  text: string,
  search: string,
  end: number = 9_007_199_254_740_991,
): boolean {
  const a = stringAddress(text);
  const b = stringAddress(search);
  const stop = Math.min(Math.max(end, 0), lengthAt(a));
  const start = stop - lengthAt(b);
  if (start < 0) return false;
  return matchesAt(a, isWide(a), start, b, isWide(b), lengthAt(b));
}

/** An index of slice: from the end when negative, clamped. */
export function relativeIndex(i: number, length: number): number {
  return i < 0 ? Math.max(length + i, 0) : Math.min(i, length);
}

export function stringSlice(
  text: string,
  start: number = 0,
  end: number = 9_007_199_254_740_991,
): string {
  const length = text.length;
  return substringOf(text, relativeIndex(start, length), relativeIndex(end, length));
}

export function stringSubstring(
  text: string,
  start: number = 0,
  end: number = 9_007_199_254_740_991,
): string {
  const length = text.length;
  const a = Math.min(Math.max(start, 0), length);
  const b = Math.min(Math.max(end, 0), length);
  return a < b ? substringOf(text, a, b) : substringOf(text, b, a);
}

export function stringSubstr(
  text: string,
  start: number = 0,
  count: number = 9_007_199_254_740_991,
): string {
  const length = text.length;
  const from = relativeIndex(start, length);
  return substringOf(text, from, from + Math.min(Math.max(count, 0), length - from));
}
