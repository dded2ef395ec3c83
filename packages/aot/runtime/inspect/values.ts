/** Inspectors of the built-in containers; `element` is the inspector that the compiler made for what is inside. */
import { objectAddress } from '@tessera/machine';
import type { MapImpl } from '../collections/map.js';
import type { SetImpl } from '../collections/set.js';
import { numberToString } from '../numbers/integers.js';
import type { InspectContext } from './layout.js';
import { ALIGN_LEFT, ALIGN_NONE, ALIGN_RIGHT, MAXIMUM_ELEMENTS } from './layout.js';

function moreItems(left: number): string {
  return `... ${numberToString(left)} more item${left > 1 ? 's' : ''}`;
}

/**
 * An array. `numeric`: all elements are numbers or bigints. `name` is '' for plain arrays, else `Uint8Array` and the like.
 */
export function inspectArray<T>(
  context: InspectContext,
  array: readonly T[],
  depth: number,
  numeric: boolean,
  element: (context: InspectContext, value: T, depth: number) => string,
): string {
  const address = objectAddress(array);
  const reference = context.circularReference(address);
  if (reference > 0) return `[Circular *${numberToString(reference)}]`;
  const length = array.length;
  if (length === 0) return '[]';
  if (context.isTooDeep(depth)) return '[Array]';
  context.begin(address, depth);
  const parts: string[] = [];
  for (let i = 0; i < length && i < MAXIMUM_ELEMENTS; i++)
    parts.push(element(context, array[i], depth + 1));
  if (length > MAXIMUM_ELEMENTS) parts.push(moreItems(length - MAXIMUM_ELEMENTS));
  return context.end(parts, '[', ']', depth, numeric ? ALIGN_RIGHT : ALIGN_LEFT);
}

/** Elements already formatted, at most 100 of `length`: typed arrays (`name` with length) and tuples ('' for `name`). */
export function inspectList(
  context: InspectContext,
  address: number,
  name: string,
  parts: string[],
  length: number,
  depth: number,
  numeric: boolean,
): string {
  const opening = name === '' ? '[' : `${name}(${numberToString(length)}) [`;
  if (length === 0) return `${opening}]`;
  if (context.isTooDeep(depth)) return name === '' ? '[Array]' : `[${name}]`;
  context.begin(address, depth);
  if (length > MAXIMUM_ELEMENTS) parts.push(moreItems(length - MAXIMUM_ELEMENTS));
  return context.end(parts, opening, ']', depth, numeric ? ALIGN_RIGHT : ALIGN_LEFT);
}

export function inspectMap<K, V>(
  context: InspectContext,
  map: MapImpl<K, V>,
  depth: number,
  key: (context: InspectContext, value: K, depth: number) => string,
  value: (context: InspectContext, value: V, depth: number) => string,
): string {
  const address = objectAddress(map);
  const reference = context.circularReference(address);
  if (reference > 0) return `[Circular *${numberToString(reference)}]`;
  const size = map.size;
  if (size === 0) return 'Map(0) {}';
  if (context.isTooDeep(depth)) return '[Map]';
  context.begin(address, depth);
  const parts: string[] = [];
  let at = map.nextIndex(0);
  while (at >= 0 && parts.length < MAXIMUM_ELEMENTS) {
    const left = key(context, map.keyAt(at), depth + 1);
    parts.push(`${left} => ${value(context, map.valueAt(at), depth + 1)}`);
    at = map.nextIndex(at + 1);
  }
  if (size > MAXIMUM_ELEMENTS) parts.push(moreItems(size - MAXIMUM_ELEMENTS));
  return context.end(parts, `Map(${numberToString(size)}) {`, '}', depth, ALIGN_NONE);
}

export function inspectSet<T>(
  context: InspectContext,
  set: SetImpl<T>,
  depth: number,
  element: (context: InspectContext, value: T, depth: number) => string,
): string {
  const address = objectAddress(set);
  const reference = context.circularReference(address);
  if (reference > 0) return `[Circular *${numberToString(reference)}]`;
  const size = set.size;
  if (size === 0) return 'Set(0) {}';
  if (context.isTooDeep(depth)) return '[Set]';
  context.begin(address, depth);
  const parts: string[] = [];
  let at = set.nextIndex(0);
  while (at >= 0 && parts.length < MAXIMUM_ELEMENTS) {
    parts.push(element(context, set.keyAt(at), depth + 1));
    at = set.nextIndex(at + 1);
  }
  if (size > MAXIMUM_ELEMENTS) parts.push(moreItems(size - MAXIMUM_ELEMENTS));
  return context.end(parts, `Set(${numberToString(size)}) {`, '}', depth, ALIGN_NONE);
}

/**
 * Begins an object or class instance of at least one property. '' says: go on, format each property at depth + 1 as
 * `inspectKey(name): value`, then call `endObject`; anything else is the whole text.
 */
export function beginObject(
  context: InspectContext,
  address: number,
  name: string,
  depth: number,
): string {
  const reference = context.circularReference(address);
  if (reference > 0) return `[Circular *${numberToString(reference)}]`;
  if (context.isTooDeep(depth)) return name === '' ? '[Object]' : `[${name}]`;
  context.begin(address, depth);
  return '';
}

export function endObject(
  context: InspectContext,
  parts: string[],
  name: string,
  depth: number,
): string {
  return context.end(parts, name === '' ? '{' : `${name} {`, '}', depth, ALIGN_NONE);
}
