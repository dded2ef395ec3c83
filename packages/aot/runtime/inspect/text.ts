/** Strings and keys inside other values, as console.log quotes them. */
import type { f64 } from '@tessera/machine';
import { numberToString } from '../numbers/integers.js';
import { f64Bits } from '../primitives.js';
import { arrayJoin, stringFromCharCode, stringRepeat, substringOf } from '../strings/build.js';
import { stringIndexOf } from '../strings/search.js';
import { floatText } from './fields.js';
import type { InspectContext } from './layout.js';

const SHORTEST_SPLIT = 16;
const BREAK_LENGTH = 80;
const MAXIMUM_CHARACTERS = 10_000;

const HEX = '0123456789ABCDEF';

/** A string in quotes: single ones, or double or backticks if that saves escaping. */
export function quoteString(text: string): string {
  let quote = 0x27;
  if (stringIndexOf(text, "'") >= 0) {
    if (stringIndexOf(text, '"') < 0) quote = 0x22;
    else if (stringIndexOf(text, '`') < 0 && stringIndexOf(text, '${') < 0) quote = 0x60;
  }
  const parts: string[] = [stringFromCharCode(quote)];
  let plain = 0;
  for (let i = 0; i < text.length; i++) {
    const escaped = escapeOf(text, i, quote);
    if (escaped === '') continue;
    parts.push(substringOf(text, plain, i));
    parts.push(escaped);
    plain = i + 1;
  }
  parts.push(substringOf(text, plain, text.length));
  parts.push(stringFromCharCode(quote));
  return arrayJoin(parts, '');
}

/** What stands for the unit at `i`, or '' for the unit itself. */
function escapeOf(text: string, i: number, quote: number): string {
  const unit = text.charCodeAt(i);
  if (unit === 0x5c) return '\\\\';
  if (unit === 0x27) return quote === 0x27 ? "\\'" : '';
  if (unit < 0x20 || (unit >= 0x7f && unit <= 0x9f)) {
    if (unit === 0x08) return '\\b';
    if (unit === 0x09) return '\\t';
    if (unit === 0x0a) return '\\n';
    if (unit === 0x0c) return '\\f';
    if (unit === 0x0d) return '\\r';
    return `\\x${HEX.charAt(unit >>> 4)}${HEX.charAt(unit & 15)}`;
  }
  if (unit < 0xd800 || unit > 0xdfff) return '';
  // A surrogate without its partner.
  if (unit < 0xdc00) {
    const next = i + 1 < text.length ? text.charCodeAt(i + 1) : 0;
    if (next >= 0xdc00 && next <= 0xdfff) return '';
  } else {
    const before = i > 0 ? text.charCodeAt(i - 1) : 0;
    if (before >= 0xd800 && before <= 0xdbff) return '';
  }
  return `\\u${numberToString(unit, 16)}`;
}

/** A string inside another value; long ones are split behind their line ends. */
export function inspectString(context: InspectContext, text: string): string {
  let shown = text;
  let trailer = '';
  if (text.length > MAXIMUM_CHARACTERS) {
    const left = text.length - MAXIMUM_CHARACTERS;
    shown = substringOf(text, 0, MAXIMUM_CHARACTERS);
    trailer = `... ${numberToString(left)} more character${left > 1 ? 's' : ''}`;
  }
  if (shown.length <= SHORTEST_SPLIT || shown.length <= BREAK_LENGTH - context.indentation - 4) {
    return `${quoteString(shown)}${trailer}`;
  }
  const lines: string[] = [];
  let start = 0;
  while (start < shown.length) {
    const found = stringIndexOf(shown, '\n', start);
    const end = found < 0 ? shown.length : found + 1;
    lines.push(quoteString(substringOf(shown, start, end)));
    start = end;
  }
  return `${arrayJoin(lines, ` +\n${stringRepeat(' ', context.indentation + 2)}`)}${trailer}`;
}

/** A property name: bare if it is an identifier of ASCII letters. */
export function inspectKey(name: string): string {
  if (name.length === 0) return "''";
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    const letter =
      (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x61 && unit <= 0x7a) || unit === 0x5f;
    const digit = unit >= 0x30 && unit <= 0x39;
    if (!letter && !(digit && i > 0)) return quoteString(name);
  }
  return name;
}

/** As printed: unlike String(x), minus zero shows. */
export function inspectFloat(value: f64): string {
  return floatText(f64Bits(value), true);
}
