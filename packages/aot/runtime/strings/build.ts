/** Making strings out of strings and codes. @unchecked */
import { loadInt } from '@tessera/machine';
import { RangeErrorImpl } from '../errors.js';
import { stringAddress, stringAtAddress } from '../primitives.js';
import { copyUnits, isWide, lengthAt, makeString, needsWide, setUnit, unitAt } from './raw.js';

/** One-unit strings of Latin-1, made on first use. */
let singles: string[] | null = null;

function singleOf(code: number): string {
  let table = singles;
  if (table === null) {
    table = [];
    for (let i = 0; i < 256; i++) {
      const address = makeString(1, false);
      setUnit(address, false, 0, i);
      table.push(stringAtAddress(address));
    }
    singles = table;
  }
  return table[code];
}

/** The string of one code unit; of the code only the low 16 bits count. */
export function stringFromCharCode(code: number): string {
  const unit = code & 0xffff;
  if (unit < 256) return singleOf(unit);
  const address = makeString(1, true);
  setUnit(address, true, 0, unit);
  return stringAtAddress(address);
}

export function stringFromCodePoint(code: number): string {
  if (code < 0 || code > 0x10ffff) throw new RangeErrorImpl(`Invalid code point ${code}`);
  if (code < 0x10000) return stringFromCharCode(code);
  const address = makeString(2, true);
  setUnit(address, true, 0, 0xd800 + ((code - 0x10000) >>> 10));
  setUnit(address, true, 1, 0xdc00 + ((code - 0x10000) & 0x3ff));
  return stringAtAddress(address);
}

export function stringConcat(left: string, right: string): string {
  const a = stringAddress(left);
  const b = stringAddress(right);
  const leftLength = lengthAt(a);
  const rightLength = lengthAt(b);
  if (leftLength === 0) return right;
  if (rightLength === 0) return left;
  const leftWide = isWide(a);
  const rightWide = isWide(b);
  const wide = leftWide || rightWide;
  const result = makeString(leftLength + rightLength, wide);
  copyUnits(result, wide, 0, a, leftWide, 0, leftLength);
  copyUnits(result, wide, leftLength, b, rightWide, 0, rightLength);
  return stringAtAddress(result);
}

/**
 * Joins `count` strings whose references lie side by side in memory: what templates and chains of `+` become, one
 * allocation whatever their length. Preconditions: the words are strings and something else keeps them alive.
 */
export function stringConcatMany(words: number, count: number): string {
  let length = 0;
  let wide = false;
  for (let i = 0; i < count; i++) {
    const part = loadInt(words + i * 8);
    length += lengthAt(part);
    if (isWide(part)) wide = true;
  }
  if (length === 0) return '';
  const result = makeString(length, wide);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const part = loadInt(words + i * 8);
    const partLength = lengthAt(part);
    copyUnits(result, wide, at, part, isWide(part), 0, partLength);
    at += partLength;
  }
  return stringAtAddress(result);
}

export function arrayJoin(parts: string[], separator: string = ','): string {
  const count = parts.length;
  if (count === 0) return '';
  if (count === 1) return parts[0];
  const between = stringAddress(separator);
  const betweenLength = lengthAt(between);
  const betweenWide = isWide(between);
  let length = betweenLength * (count - 1);
  let wide = betweenWide;
  for (let i = 0; i < count; i++) {
    const part = stringAddress(parts[i]);
    length += lengthAt(part);
    if (isWide(part)) wide = true;
  }
  if (length === 0) return '';
  const result = makeString(length, wide);
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (i > 0 && betweenLength > 0) {
      copyUnits(result, wide, at, between, betweenWide, 0, betweenLength);
      at += betweenLength;
    }
    const part = stringAddress(parts[i]);
    const partLength = lengthAt(part);
    copyUnits(result, wide, at, part, isWide(part), 0, partLength);
    at += partLength;
  }
  return stringAtAddress(result);
}

/** Units [from, to) of a string. Preconditions: 0 <= from <= to <= length. */
export function substringOf(text: string, from: number, to: number): string {
  const count = to - from;
  if (count <= 0) return '';
  const source = stringAddress(text);
  if (count === lengthAt(source)) return text;
  const sourceWide = isWide(source);
  if (count === 1) return stringFromCharCode(unitAt(source, sourceWide, from));
  const wide = needsWide(source, sourceWide, from, count);
  const result = makeString(count, wide);
  copyUnits(result, wide, 0, source, sourceWide, from, count);
  return stringAtAddress(result);
}

export function stringRepeat(text: string, count: number): string {
  if (count < 0) throw new RangeErrorImpl(`Invalid count value: ${count}`);
  const source = stringAddress(text);
  const length = lengthAt(source);
  if (count === 0 || length === 0) return '';
  if (count === 1) return text;
  const wide = isWide(source);
  // The product of two counts may leave 2^53; the limit does not.
  if (count > 536_870_888) throw new RangeErrorImpl('Invalid string length');
  const total = length * count;
  const result = makeString(total, wide);
  copyUnits(result, wide, 0, source, wide, 0, length);
  let done = length;
  while (done < total) {
    const more = Math.min(done, total - done);
    copyUnits(result, wide, done, result, wide, 0, more);
    done += more;
  }
  return stringAtAddress(result);
}

/** `length` units of `fill` over and over, for padding. */
function padding(fill: string, length: number): string {
  const fillLength = fill.length;
  const times = Math.trunc(length / fillLength) + 1;
  return substringOf(stringRepeat(fill, times), 0, length);
}

export function stringPadStart(text: string, length: number, fill: string = ' '): string {
  const missing = length - text.length;
  if (missing <= 0 || fill.length === 0) return text;
  return stringConcat(padding(fill, missing), text);
}

export function stringPadEnd(text: string, length: number, fill: string = ' '): string {
  const missing = length - text.length;
  if (missing <= 0 || fill.length === 0) return text;
  return stringConcat(text, padding(fill, missing));
}
