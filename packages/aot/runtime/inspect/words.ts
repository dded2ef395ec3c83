/**
 * Values of any type to text: what console.log shows, and what String() gives.
 *
 * A value word is an int (n * 2 + 1), false (2), true (10), undefined (0) or the address of an object, whose class says
 * what it is: strings (1, 2), null (6), arrays by element kind (7 ints, 8 doubles, 9 booleans, 10 u64, 11 i64, 12 words),
 * boxed doubles (15) and 64-bit words (16, 17), buffers and views (18 to 30), closures, and classes with their fields.
 */
import { load32, load64, loadInt } from '@tessera/machine';
import { classEntry, entryKind, STORAGE_DATA } from '../classes.js';
import { i64ToString, numberToString, u64ToString } from '../numbers/integers.js';
import { stringAtAddress, wordOf } from '../primitives.js';
import { arrayJoin } from '../strings/build.js';
import {
  className,
  FIELD_BOOL,
  FIELD_ENTRY_BYTES,
  FIELD_F64,
  FIELD_I64,
  FIELD_INT,
  FIELD_U64,
  FIELD_WORD,
  fieldNamed,
  fieldsOf,
  floatText,
  isBigKind,
  scalarText,
  textOfBytes,
} from './fields.js';
import { ALIGN_LEFT, ALIGN_NONE, ALIGN_RIGHT, InspectContext, MAXIMUM_ELEMENTS } from './layout.js';
import { inspectKey, inspectString } from './text.js';
import { inspectBuffer, inspectDataView, inspectView, viewTexts } from './views.js';

const WORD_FALSE = 2;
const WORD_TRUE = 10;
const CLASS_NULL = 6;
const CLASS_ARRAY_FIRST = 7;
const CLASS_ARRAY_WORDS = 12;
const CLASS_BOX_F64 = 15;
const CLASS_BOX_U64 = 16;
const CLASS_BOX_I64 = 17;
const CLASS_BUFFER = 18;
const CLASS_DATA_VIEW = 19;
const CLASS_VIEW_LAST = 30;
const KIND_CLOSURE = 6;
/** Hash of a removed entry of a Map or Set. */
const DEAD = 0xffff_ffff;

/** One argument of console.log, but for strings, which it prints as they are. */
export function inspect(value: unknown): string {
  const word = wordOf(value);
  if (isString(word)) return stringAtAddress(word);
  return inspectWord(new InspectContext(), word, 0);
}

/** String(value) and what templates insert. */
export function valueToString(value: unknown): string {
  return wordText(wordOf(value));
}

function isPointer(word: number): boolean {
  return word !== 0 && (word & 7) === 0;
}

function isString(word: number): boolean {
  return isPointer(word) && load32(word) <= 2;
}

/** Text of what has no parts, or '' when there are parts. `shown`: for console.log rather than String(). */
function simpleText(word: number, shown: boolean): string {
  if ((word & 1) === 1) return numberToString(Math.trunc((word - 1) / 2));
  if (word === 0) return 'undefined';
  if (word === WORD_TRUE) return 'true';
  if (word === WORD_FALSE) return 'false';
  switch (load32(word)) {
    case CLASS_NULL:
      return 'null';
    case CLASS_BOX_F64:
      return floatText(load64(word + 8), shown);
    case CLASS_BOX_U64:
      return shown ? `${u64ToString(load64(word + 8))}n` : u64ToString(load64(word + 8));
    case CLASS_BOX_I64: {
      const text = i64ToString(BigInt.asIntN(64, load64(word + 8)));
      return shown ? `${text}n` : text;
    }
    default:
      return '';
  }
}

/** The field kind of an array's elements. */
function elementKind(classId: number): number {
  switch (classId) {
    case CLASS_ARRAY_FIRST:
      return FIELD_INT;
    case 8:
      return FIELD_F64;
    case 9:
      return FIELD_BOOL;
    case 10:
      return FIELD_U64;
    case 11:
      return FIELD_I64;
    default:
      return FIELD_WORD;
  }
}

function isArray(classId: number): boolean {
  return classId >= CLASS_ARRAY_FIRST && classId <= CLASS_ARRAY_WORDS;
}

/** A field, element, key or value where it lies. */
function inspectSlot(context: InspectContext, slot: number, kind: number, depth: number): string {
  if (kind === FIELD_WORD) return inspectWord(context, loadInt(slot), depth);
  const text = scalarText(slot, kind, true);
  return isBigKind(kind) ? `${text}n` : text;
}

/** A value inside another, or an argument that is no string. */
export function inspectWord(context: InspectContext, word: number, depth: number): string {
  if (isString(word)) return inspectString(context, stringAtAddress(word));
  const simple = simpleText(word, true);
  if (simple !== '') return simple;
  const classId = load32(word);
  const circular = context.circularReference(word);
  if (circular > 0) return `[Circular *${numberToString(circular)}]`;
  if (isArray(classId)) return inspectArray(context, word, classId, depth);
  if (classId === CLASS_BUFFER) return inspectBuffer(context, word, depth);
  if (classId === CLASS_DATA_VIEW) return inspectDataView(context, word, depth);
  if (classId > CLASS_DATA_VIEW && classId <= CLASS_VIEW_LAST)
    return inspectView(context, word, depth);
  if (entryKind(classEntry(classId)) === KIND_CLOSURE) return '[Function (anonymous)]';
  return inspectObject(context, word, classId, depth);
}

function moreItems(left: number): string {
  return `... ${numberToString(left)} more item${left > 1 ? 's' : ''}`;
}

function inspectArray(
  context: InspectContext,
  array: number,
  classId: number,
  depth: number,
): string {
  const length = loadInt(array + 8);
  if (length === 0) return '[]';
  if (context.isTooDeep(depth)) return '[Array]';
  const kind = elementKind(classId);
  context.begin(array, depth);
  const first = loadInt(array + 16) + STORAGE_DATA;
  const parts: string[] = [];
  let numeric = kind !== FIELD_BOOL;
  for (let i = 0; i < length && i < MAXIMUM_ELEMENTS; i++) {
    if (kind === FIELD_WORD && !isNumeric(loadInt(first + i * 8))) numeric = false;
    parts.push(inspectSlot(context, first + i * 8, kind, depth + 1));
  }
  if (length > MAXIMUM_ELEMENTS) parts.push(moreItems(length - MAXIMUM_ELEMENTS));
  return context.end(parts, '[', ']', depth, numeric ? ALIGN_RIGHT : ALIGN_LEFT);
}

function isNumeric(word: number): boolean {
  if ((word & 1) === 1) return true;
  return isPointer(word) && load32(word) >= CLASS_BOX_F64 && load32(word) <= CLASS_BOX_I64;
}

function inspectObject(
  context: InspectContext,
  object: number,
  classId: number,
  depth: number,
): string {
  const name = className(classId);
  if (name === 'Map' || name === 'Set') {
    const keys = fieldNamed(classId, 'keyList');
    if (keys !== 0) return inspectCollection(context, object, classId, name, depth);
  }
  if (isError(classId)) return errorText(object, classId);
  const shown = name === 'Object' ? '' : name;
  let entry = fieldsOf(classId);
  if (entry === 0 || loadInt(entry) === 0) return shown === '' ? '{}' : `${shown} {}`;
  if (context.isTooDeep(depth)) return `[${name}]`;
  context.begin(object, depth);
  const parts: string[] = [];
  while (loadInt(entry) !== 0) {
    const text = inspectSlot(context, object + load32(entry + 8), load32(entry + 12), depth + 1);
    parts.push(`${inspectKey(textOfBytes(loadInt(entry)))}: ${text}`);
    entry += FIELD_ENTRY_BYTES;
  }
  return context.end(parts, shown === '' ? '{' : `${shown} {`, '}', depth, ALIGN_NONE);
}

function fieldWord(object: number, classId: number, name: string): number {
  const entry = fieldNamed(classId, name);
  return entry === 0 ? 0 : loadInt(object + load32(entry + 8));
}

/** A Map or Set, read as memory: its entries have whatever kinds its keys and values have. */
function inspectCollection(
  context: InspectContext,
  object: number,
  classId: number,
  name: string,
  depth: number,
): string {
  const keys = fieldWord(object, classId, 'keyList');
  const hashes = fieldWord(object, classId, 'hashes');
  const values = name === 'Map' ? fieldWord(object, classId, 'valueList') : 0;
  const count = loadInt(keys + 8);
  let size = 0;
  for (let i = 0; i < count; i++) if (loadInt(elementAt(hashes, i)) !== DEAD) size++;
  if (size === 0) return `${name}(0) {}`;
  if (context.isTooDeep(depth)) return `[${name}]`;
  context.begin(object, depth);
  const parts: string[] = [];
  for (let i = 0; i < count && parts.length < MAXIMUM_ELEMENTS; i++) {
    if (loadInt(elementAt(hashes, i)) === DEAD) continue;
    const key = inspectSlot(context, elementAt(keys, i), elementKind(load32(keys)), depth + 1);
    if (values === 0) parts.push(key);
    else
      parts.push(
        `${key} => ${inspectSlot(context, elementAt(values, i), elementKind(load32(values)), depth + 1)}`,
      );
  }
  if (size > MAXIMUM_ELEMENTS) parts.push(moreItems(size - MAXIMUM_ELEMENTS));
  return context.end(parts, `${name}(${numberToString(size)}) {`, '}', depth, ALIGN_NONE);
}

function elementAt(array: number, i: number): number {
  return loadInt(array + 16) + STORAGE_DATA + i * 8;
}

function isError(classId: number): boolean {
  let at = classId;
  while (at !== 0) {
    if (className(at) === 'Error') return true;
    at = load32(classEntry(at) + 8);
  }
  return false;
}

/** `Name: message`. Node adds the stack, which programs built here do not keep. */
function errorText(object: number, classId: number): string {
  const name = stringAtAddress(fieldWord(object, classId, 'name'));
  const message = stringAtAddress(fieldWord(object, classId, 'message'));
  if (message === '') return name;
  return name === '' ? message : `${name}: ${message}`;
}

/** String() of a word. Limit: a toString method of a class is not called. */
export function wordText(word: number): string {
  if (isString(word)) return stringAtAddress(word);
  const simple = simpleText(word, false);
  if (simple !== '') return simple;
  const classId = load32(word);
  if (isArray(classId)) {
    const kind = elementKind(classId);
    const parts: string[] = [];
    for (let i = 0; i < loadInt(word + 8); i++) parts.push(joinedText(elementAt(word, i), kind));
    return arrayJoin(parts, ',');
  }
  if (isError(classId)) return errorText(word, classId);
  if (classId > CLASS_DATA_VIEW && classId <= CLASS_VIEW_LAST)
    return arrayJoin(viewTexts(word, loadInt(word + 8), false), ',');
  const name = className(classId);
  if (classId === CLASS_BUFFER || classId === CLASS_DATA_VIEW || name === 'Map' || name === 'Set')
    return `[object ${name}]`;
  return entryKind(classEntry(classId)) === KIND_CLOSURE
    ? 'function () { [native code] }'
    : '[object Object]';
}

/** An element in the text of its array: undefined and null are nothing. */
function joinedText(slot: number, kind: number): string {
  if (kind !== FIELD_WORD) return scalarText(slot, kind, false);
  const word = loadInt(slot);
  if (word === 0 || (isPointer(word) && load32(word) === CLASS_NULL)) return '';
  return wordText(word);
}
