/**
 * Sorting: stable, and n log n comparisons whatever the order: insertion sort of short runs, then merging between the
 * array and one spare of half its length at most.
 */
import { stringCompare } from '../strings/compare.js';

const RUN = 12;

/** Sorts in place. `compare` is negative, zero or positive; without it, the order is that of the texts. */
export function arraySort<T>(
  array: T[],
  compare: (left: T, right: T) => number = (left, right) => stringCompare(`${left}`, `${right}`),
): T[] {
  const length = array.length;
  for (let start = 0; start < length; start += RUN) {
    insertionSort(array, start, Math.min(start + RUN, length), compare);
  }
  if (length <= RUN) return array;
  const spare: T[] = [];
  for (let width = RUN; width < length; width *= 2) {
    for (let low = 0; low + width < length; low += width * 2) {
      merge(array, low, low + width, Math.min(low + width * 2, length), spare, compare);
    }
  }
  return array;
}

function insertionSort<T>(
  array: T[],
  start: number,
  end: number,
  compare: (left: T, right: T) => number,
): void {
  for (let i = start + 1; i < end; i++) {
    const element = array[i];
    let at = i;
    while (at > start && compare(array[at - 1], element) > 0) {
      array[at] = array[at - 1];
      at--;
    }
    array[at] = element;
  }
}

/** Merges the sorted [low, middle) and [middle, high). */
function merge<T>(
  array: T[],
  low: number,
  middle: number,
  high: number,
  spare: T[],
  compare: (left: T, right: T) => number,
): void {
  if (compare(array[middle - 1], array[middle]) <= 0) return;
  const count = middle - low;
  for (let i = 0; i < count; i++) {
    if (i < spare.length) spare[i] = array[low + i];
    else spare.push(array[low + i]);
  }
  let left = 0;
  let right = middle;
  let at = low;
  while (left < count && right < high) {
    if (compare(spare[left], array[right]) <= 0) {
      array[at] = spare[left];
      left++;
    } else {
      array[at] = array[right];
      right++;
    }
    at++;
  }
  while (left < count) {
    array[at] = spare[left];
    left++;
    at++;
  }
}

/** `sort()` of what is no string. */
export function arraySortByText<T>(array: T[]): T[] {
  return arraySort(array, (left, right) => stringCompare(`${left}`, `${right}`));
}

export function arrayToSorted<T>(
  array: readonly T[],
  compare: (left: T, right: T) => number = (left, right) => stringCompare(`${left}`, `${right}`),
): T[] {
  const result: T[] = [];
  for (let i = 0; i < array.length; i++) result.push(array[i]);
  return arraySort(result, compare);
}

export function arrayToSortedByText<T>(array: readonly T[]): T[] {
  return arrayToSorted(array, (left, right) => stringCompare(`${left}`, `${right}`));
}

export function arrayToReversed<T>(array: readonly T[]): T[] {
  const result: T[] = [];
  for (let i = array.length - 1; i >= 0; i--) result.push(array[i]);
  return result;
}
