/** Buffers and views as console.log shows them. */
import { load8, load32, loadInt } from '@tessera/machine';
import { STORAGE_DATA } from '../classes.js';
import { numberToString } from '../numbers/integers.js';
import { arrayJoin, stringPadStart } from '../strings/build.js';
import { elementBytes } from '../typed/views.js';
import { className, isBigKind, scalarText } from './fields.js';
import type { InspectContext } from './layout.js';
import { ALIGN_NONE, ALIGN_RIGHT, MAXIMUM_ELEMENTS } from './layout.js';

/** Field kind of the elements of view classes 20 (Int8Array) to 30 (BigUint64Array). */
function elementFieldKind(classId: number): number {
  switch (classId) {
    case 20:
      return 9;
    case 21:
    case 22:
      return 6;
    case 23:
      return 10;
    case 24:
      return 7;
    case 25:
      return 11;
    case 26:
      return 8;
    case 27:
      return 12;
    case 28:
      return 1;
    case 29:
      return 4;
    default:
      return 3;
  }
}

/** The elements' texts, at most `limit` of them. `shown`: with the n of bigints and the sign of -0. */
export function viewTexts(view: number, limit: number, shown: boolean): string[] {
  const classId = load32(view);
  const width = elementBytes(classId);
  const kind = elementFieldKind(classId);
  const length = Math.trunc(loadInt(view + 8) / width);
  const parts: string[] = [];
  for (let i = 0; i < length && i < limit; i++) {
    const text = scalarText(loadInt(view + 16) + i * width, kind, shown);
    parts.push(shown && isBigKind(kind) ? `${text}n` : text);
  }
  return parts;
}

export function inspectView(context: InspectContext, view: number, depth: number): string {
  const classId = load32(view);
  const name = className(classId);
  const length = Math.trunc(loadInt(view + 8) / elementBytes(classId));
  const opening = `${name}(${numberToString(length)}) [`;
  if (length === 0) return `${opening}]`;
  if (context.isTooDeep(depth)) return `[${name}]`;
  context.begin(view, depth);
  const parts = viewTexts(view, MAXIMUM_ELEMENTS, true);
  const left = length - MAXIMUM_ELEMENTS;
  if (left > 0) parts.push(`... ${numberToString(left)} more item${left > 1 ? 's' : ''}`);
  return context.end(parts, opening, ']', depth, ALIGN_RIGHT);
}

function bufferText(
  context: InspectContext,
  key: number,
  address: number,
  bytes: number,
  depth: number,
): string {
  if (context.isTooDeep(depth)) return '[ArrayBuffer]';
  context.begin(key, depth);
  const pairs: string[] = [];
  for (let i = 0; i < bytes && i < MAXIMUM_ELEMENTS; i++) {
    pairs.push(stringPadStart(numberToString(load8(address + i), 16), 2, '0'));
  }
  let contents = arrayJoin(pairs, ' ');
  const left = bytes - MAXIMUM_ELEMENTS;
  if (left > 0)
    contents = `${contents} ... ${numberToString(left)} more byte${left > 1 ? 's' : ''}`;
  const parts: string[] = [
    `[Uint8Contents]: <${contents}>`,
    `byteLength: ${numberToString(bytes)}`,
  ];
  return context.end(parts, 'ArrayBuffer {', '}', depth, ALIGN_NONE);
}

export function inspectBuffer(context: InspectContext, buffer: number, depth: number): string {
  return bufferText(context, buffer, loadInt(buffer + 16), loadInt(buffer + 8), depth);
}

export function inspectDataView(context: InspectContext, view: number, depth: number): string {
  if (context.isTooDeep(depth)) return '[DataView]';
  context.begin(view, depth);
  const owner = loadInt(view + 24);
  const address = loadInt(view + 16);
  const bytes = loadInt(view + 8);
  const start = owner === 0 ? address : owner + STORAGE_DATA;
  const whole = owner === 0 ? bytes : loadInt(owner + 8);
  const parts: string[] = [
    `byteLength: ${numberToString(bytes)}`,
    `byteOffset: ${numberToString(address - start)}`,
    `buffer: ${bufferText(context, start, start, whole, depth + 1)}`,
  ];
  return context.end(parts, 'DataView {', '}', depth, ALIGN_NONE);
}
