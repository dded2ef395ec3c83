/** Array methods that change the array. */
import { sameValueZero } from '../primitives.js';
import { relativeIndex } from '../strings/search.js';
import { copyElements, moveElements } from './storage.js';

const TO_THE_END = 9_007_199_254_740_991;

export function arrayPop<T>(array: T[]): T | undefined {
  const length = array.length;
  if (length === 0) return undefined;
  const last = array[length - 1];
  array.length = length - 1;
  return last;
}

export function arrayShift<T>(array: T[]): T | undefined {
  const length = array.length;
  if (length === 0) return undefined;
  const first = array[0];
  moveElements(array, 0, 1, length - 1);
  array.length = length - 1;
  return first;
}

/** One element before the first; the new length. */
export function arrayUnshift<T>(array: T[], element: T): number {
  const length = array.length;
  array.push(element);
  moveElements(array, 1, 0, length);
  array[0] = element;
  return length + 1;
}

/** Takes out `deleteCount` elements at `start` and puts `items` there; what was taken out. */
export function arraySplice<T>(
  array: T[],
  start: number,
  deleteCount: number = TO_THE_END,
  items: T[] = [],
): T[] {
  const length = array.length;
  const from = relativeIndex(start, length);
  const gone = Math.min(Math.max(deleteCount, 0), length - from);
  const inserted = items.length;
  const removed: T[] = [];
  for (let i = 0; i < gone; i++) removed.push(array[from + i]);
  if (inserted > gone) {
    // Lengthen by pushing copies of what is there anyway, so that no element is ever without a value.
    for (let i = 0; i < inserted - gone; i++) array.push(items[0]);
  }
  moveElements(array, from + inserted, from + gone, length - from - gone);
  copyElements(array, from, items, 0, inserted);
  if (inserted < gone) array.length = length - gone + inserted;
  return removed;
}

export function arrayReverse<T>(array: T[]): T[] {
  let low = 0;
  let high = array.length - 1;
  while (low < high) {
    const element = array[low];
    array[low] = array[high];
    array[high] = element;
    low++;
    high--;
  }
  return array;
}

export function arrayFill<T>(
  array: T[],
  value: T,
  start: number = 0,
  end: number = TO_THE_END,
): T[] {
  const length = array.length;
  const stop = relativeIndex(end, length);
  for (let i = relativeIndex(start, length); i < stop; i++) array[i] = value;
  return array;
}

export function arrayCopyWithin<T>(
  array: T[],
  target: number,
  start: number,
  end: number = TO_THE_END,
): T[] {
  const length = array.length;
  const to = relativeIndex(target, length);
  const from = relativeIndex(start, length);
  moveElements(array, to, from, Math.min(relativeIndex(end, length) - from, length - to));
  return array;
}

/** Appends all elements: `push(...items)`. */
export function arrayPushAll<T>(array: T[], items: readonly T[]): number {
  const count = items.length;
  for (let i = 0; i < count; i++) array.push(items[i]);
  return array.length;
}

export function arrayIndexOf<T>(array: readonly T[], element: T, from: number = 0): number {
  const length = array.length;
  for (let i = relativeIndex(from, length); i < length; i++) if (array[i] === element) return i;
  return -1;
}

export function arrayLastIndexOf<T>(array: readonly T[], element: T): number {
  for (let i = array.length - 1; i >= 0; i--) if (array[i] === element) return i;
  return -1;
}

export function arrayIncludes<T>(array: readonly T[], element: T, from: number = 0): boolean {
  const length = array.length;
  for (let i = relativeIndex(from, length); i < length; i++)
    if (sameValueZero(array[i], element)) return true;
  return false;
}
