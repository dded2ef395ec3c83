/** Whole-string operations: case, trim, split, replace. @unchecked */
import { stringAddress, stringAtAddress } from '../primitives.js';
import { stringConcat, substringOf } from './build.js';
import { isWide, lengthAt, makeString, setUnit, unitAt } from './raw.js';
import { stringIndexOf } from './search.js';

function isSpace(unit: number): boolean {
  if (unit < 0x80) return unit === 0x20 || (unit >= 9 && unit <= 13);
  if (unit === 0xa0 || unit === 0x1680 || unit === 0xfeff) return true;
  if (unit >= 0x2000 && unit <= 0x200a) return true;
  return (
    unit === 0x2028 || unit === 0x2029 || unit === 0x202f || unit === 0x205f || unit === 0x3000
  );
}

function firstNonSpace(text: string): number {
  const address = stringAddress(text);
  const wide = isWide(address);
  const length = lengthAt(address);
  let i = 0;
  while (i < length && isSpace(unitAt(address, wide, i))) i++;
  return i;
}

function afterLastNonSpace(text: string, from: number): number {
  const address = stringAddress(text);
  const wide = isWide(address);
  let i = lengthAt(address);
  while (i > from && isSpace(unitAt(address, wide, i - 1))) i--;
  return i;
}

export function stringTrim(text: string): string {
  const start = firstNonSpace(text);
  return substringOf(text, start, afterLastNonSpace(text, start));
}

export function stringTrimStart(text: string): string {
  return substringOf(text, firstNonSpace(text), text.length);
}

export function stringTrimEnd(text: string): string {
  return substringOf(text, 0, afterLastNonSpace(text, 0));
}

/**
 * Upper case of one unit: Latin-1, Latin Extended-A, Greek and Cyrillic; others stay as they are. Limits: no letters
 * beyond these blocks, and the only one that becomes several is ß (done by the caller).
 */
function upperUnit(unit: number): number {
  if (unit < 0x80) return unit >= 0x61 && unit <= 0x7a ? unit - 0x20 : unit;
  if (unit < 0x100) {
    if (unit >= 0xe0 && unit !== 0xf7 && unit !== 0xff) return unit - 0x20;
    if (unit === 0xff) return 0x178;
    return unit === 0xb5 ? 0x39c : unit;
  }
  if (unit < 0x180) {
    if (unit === 0x131) return 0x49;
    if (unit === 0x17f) return 0x53;
    if (unit === 0x138 || unit === 0x149) return unit;
    const oddIsLower = unit < 0x138 || (unit >= 0x14a && unit < 0x178);
    if (oddIsLower) return unit % 2 === 1 ? unit - 1 : unit;
    return unit % 2 === 0 && unit !== 0x178 ? unit - 1 : unit;
  }
  if (unit >= 0x3b1 && unit <= 0x3c9) return unit === 0x3c2 ? 0x3a3 : unit - 0x20;
  if (unit === 0x3ac) return 0x386;
  if (unit >= 0x3ad && unit <= 0x3af) return unit - 0x25;
  if (unit === 0x3cc) return 0x38c;
  if (unit === 0x3cd || unit === 0x3ce) return unit - 0x3f;
  if (unit >= 0x430 && unit <= 0x44f) return unit - 0x20;
  if (unit >= 0x450 && unit <= 0x45f) return unit - 0x50;
  return unit;
}

function lowerUnit(unit: number): number {
  if (unit < 0x80) return unit >= 0x41 && unit <= 0x5a ? unit + 0x20 : unit;
  if (unit < 0x100) return unit >= 0xc0 && unit <= 0xde && unit !== 0xd7 ? unit + 0x20 : unit;
  if (unit < 0x180) {
    if (unit === 0x178) return 0xff;
    if (unit === 0x138 || unit === 0x149 || unit === 0x17f || unit === 0x130) return unit;
    const evenIsUpper = unit < 0x138 || (unit >= 0x14a && unit < 0x178);
    if (evenIsUpper) return unit % 2 === 0 ? unit + 1 : unit;
    return unit % 2 === 1 ? unit + 1 : unit;
  }
  if (unit >= 0x391 && unit <= 0x3a9 && unit !== 0x3a2) return unit + 0x20;
  if (unit === 0x386) return 0x3ac;
  if (unit >= 0x388 && unit <= 0x38a) return unit + 0x25;
  if (unit === 0x38c) return 0x3cc;
  if (unit === 0x38e || unit === 0x38f) return unit + 0x3f;
  if (unit >= 0x410 && unit <= 0x42f) return unit + 0x20;
  if (unit >= 0x400 && unit <= 0x40f) return unit + 0x50;
  return unit;
}

export function stringToUpperCase(text: string): string {
  const source = stringAddress(text);
  const sourceWide = isWide(source);
  const length = lengthAt(source);
  let extra = 0;
  let changed = false;
  let wide = false;
  for (let i = 0; i < length; i++) {
    const unit = unitAt(source, sourceWide, i);
    const upper = upperUnit(unit);
    if (unit === 0xdf) extra++;
    if (upper !== unit) changed = true;
    if (upper > 0xff) wide = true;
  }
  if (!changed && extra === 0) return text;
  const result = makeString(length + extra, wide);
  let at = 0;
  for (let i = 0; i < length; i++) {
    const unit = unitAt(source, sourceWide, i);
    if (unit === 0xdf) {
      setUnit(result, wide, at, 0x53);
      at++;
      setUnit(result, wide, at, 0x53);
    } else {
      setUnit(result, wide, at, upperUnit(unit));
    }
    at++;
  }
  return stringAtAddress(result);
}

export function stringToLowerCase(text: string): string {
  const source = stringAddress(text);
  const sourceWide = isWide(source);
  const length = lengthAt(source);
  let changed = false;
  let wide = false;
  for (let i = 0; i < length; i++) {
    const unit = unitAt(source, sourceWide, i);
    const lower = lowerUnit(unit);
    if (lower !== unit) changed = true;
    if (lower > 0xff) wide = true;
  }
  if (!changed) return text;
  const result = makeString(length, wide);
  for (let i = 0; i < length; i++)
    setUnit(result, wide, i, lowerUnit(unitAt(source, sourceWide, i)));
  return stringAtAddress(result);
}

export function stringSplit(
  text: string,
  separator: string,
  limit: number = 4_294_967_295,
): string[] {
  const parts: string[] = [];
  const length = text.length;
  const step = separator.length;
  if (limit <= 0) return parts;
  if (step === 0) {
    for (let i = 0; i < length && parts.length < limit; i++)
      parts.push(substringOf(text, i, i + 1));
    return parts;
  }
  let start = 0;
  while (true) {
    const found = stringIndexOf(text, separator, start);
    if (found < 0) break;
    parts.push(substringOf(text, start, found));
    if (parts.length >= limit) return parts;
    start = found + step;
  }
  parts.push(substringOf(text, start, length));
  return parts;
}

/** A replacement text with `$$`, `$&`, `` $` `` and `$'` filled in. */
function expand(replacement: string, text: string, found: number, count: number): string {
  let dollar = stringIndexOf(replacement, '$', 0);
  if (dollar < 0) return replacement;
  let result = '';
  let start = 0;
  while (dollar >= 0 && dollar + 1 < replacement.length) {
    const next = replacement.charCodeAt(dollar + 1);
    let inserted = '';
    let known = true;
    if (next === 0x24) inserted = '$';
    else if (next === 0x26) inserted = substringOf(text, found, found + count);
    else if (next === 0x60) inserted = substringOf(text, 0, found);
    else if (next === 0x27) inserted = substringOf(text, found + count, text.length);
    else known = false;
    if (known) {
      result = stringConcat(
        stringConcat(result, substringOf(replacement, start, dollar)),
        inserted,
      );
      start = dollar + 2;
      dollar = stringIndexOf(replacement, '$', start);
    } else {
      dollar = stringIndexOf(replacement, '$', dollar + 1);
    }
  }
  return stringConcat(result, substringOf(replacement, start, replacement.length));
}

export function stringReplace(text: string, search: string, replacement: string): string {
  const found = stringIndexOf(text, search, 0);
  if (found < 0) return text;
  const head = stringConcat(
    substringOf(text, 0, found),
    expand(replacement, text, found, search.length),
  );
  return stringConcat(head, substringOf(text, found + search.length, text.length));
}

export function stringReplaceAll(text: string, search: string, replacement: string): string {
  const step = Math.max(search.length, 1);
  let result = '';
  let start = 0;
  let found = stringIndexOf(text, search, 0);
  while (found >= 0) {
    result = stringConcat(
      stringConcat(result, substringOf(text, start, found)),
      expand(replacement, text, found, search.length),
    );
    start = found + search.length;
    if (found + step > text.length) break;
    found = stringIndexOf(text, search, found + step);
  }
  return stringConcat(result, substringOf(text, start, text.length));
}

/** The array of code points' strings: what `for (const c of text)` and `[...text]` walk through. */
export function stringCodePointEnd(text: string, i: number): number {
  const address = stringAddress(text);
  if (!isWide(address)) return i + 1;
  const unit = unitAt(address, true, i);
  if (unit < 0xd800 || unit > 0xdbff || i + 1 >= lengthAt(address)) return i + 1;
  const next = unitAt(address, true, i + 1);
  return next >= 0xdc00 && next <= 0xdfff ? i + 2 : i + 1;
}
