/** Array methods that make a new array, or walk one with a function. */
import { relativeIndex } from '../strings/search.js';

const TO_THE_END = 9_007_199_254_740_991;

export function arraySlice<T>(
  array: readonly T[],
  start: number = 0,
  end: number = TO_THE_END,
): T[] {
  const length = array.length;
  const stop = relativeIndex(end, length);
  const result: T[] = [];
  for (let i = relativeIndex(start, length); i < stop; i++) result.push(array[i]);
  return result;
}

export function arrayConcat<T>(left: readonly T[], right: readonly T[]): T[] {
  const result: T[] = [];
  for (let i = 0; i < left.length; i++) result.push(left[i]);
  for (let i = 0; i < right.length; i++) result.push(right[i]);
  return result;
}

export function arrayAt<T>(array: readonly T[], i: number): T | undefined {
  const index = i < 0 ? array.length + i : i;
  if (index < 0 || index >= array.length) return undefined;
  return array[index];
}

export function arrayMap<T, U>(
  array: readonly T[],
  f: (element: T, i: number, array: readonly T[]) => U,
): U[] {
  const length = array.length;
  const result: U[] = [];
  for (let i = 0; i < length && i < array.length; i++) result.push(f(array[i], i, array));
  return result;
}

export function arrayFilter<T>(
  array: readonly T[],
  f: (element: T, i: number, array: readonly T[]) => boolean,
): T[] {
  const length = array.length;
  const result: T[] = [];
  for (let i = 0; i < length && i < array.length; i++) {
    const element = array[i];
    if (f(element, i, array)) result.push(element);
  }
  return result;
}

export function arrayForEach<T>(
  array: readonly T[],
  f: (element: T, i: number, array: readonly T[]) => void,
): void {
  const length = array.length;
  for (let i = 0; i < length && i < array.length; i++) f(array[i], i, array);
}

export function arrayReduce<T, U>(
  array: readonly T[],
  f: (sum: U, element: T, i: number, array: readonly T[]) => U,
  initial: U,
): U {
  const length = array.length;
  let sum = initial;
  for (let i = 0; i < length && i < array.length; i++) sum = f(sum, array[i], i, array);
  return sum;
}

export function arrayReduceRight<T, U>(
  array: readonly T[],
  f: (sum: U, element: T, i: number, array: readonly T[]) => U,
  initial: U,
): U {
  let sum = initial;
  for (let i = array.length - 1; i >= 0; i--)
    if (i < array.length) sum = f(sum, array[i], i, array);
  return sum;
}

export function arraySome<T>(
  array: readonly T[],
  f: (element: T, i: number, array: readonly T[]) => boolean,
): boolean {
  const length = array.length;
  for (let i = 0; i < length && i < array.length; i++) if (f(array[i], i, array)) return true;
  return false;
}

export function arrayEvery<T>(
  array: readonly T[],
  f: (element: T, i: number, array: readonly T[]) => boolean,
): boolean {
  const length = array.length;
  for (let i = 0; i < length && i < array.length; i++) if (!f(array[i], i, array)) return false;
  return true;
}

export function arrayFindIndex<T>(
  array: readonly T[],
  f: (element: T, i: number, array: readonly T[]) => boolean,
): number {
  const length = array.length;
  for (let i = 0; i < length && i < array.length; i++) if (f(array[i], i, array)) return i;
  return -1;
}

export function arrayFind<T>(
  array: readonly T[],
  f: (element: T, i: number, array: readonly T[]) => boolean,
): T | undefined {
  const length = array.length;
  for (let i = 0; i < length && i < array.length; i++) {
    const element = array[i];
    if (f(element, i, array)) return element;
  }
  return undefined;
}

export function arrayFindLastIndex<T>(
  array: readonly T[],
  f: (element: T, i: number, array: readonly T[]) => boolean,
): number {
  for (let i = array.length - 1; i >= 0; i--)
    if (i < array.length && f(array[i], i, array)) return i;
  return -1;
}

export function arrayFindLast<T>(
  array: readonly T[],
  f: (element: T, i: number, array: readonly T[]) => boolean,
): T | undefined {
  const i = arrayFindLastIndex(array, f);
  return i < 0 ? undefined : array[i];
}

/** One level of nesting less. The compiler knows U as the kind of the result's elements. */
export function arrayFlat<T extends readonly U[], U>(array: readonly T[]): U[] {
  const result: U[] = [];
  for (let i = 0; i < array.length; i++) {
    const inner: readonly U[] = array[i];
    for (let j = 0; j < inner.length; j++) result.push(inner[j]);
  }
  return result;
}

export function arrayFlatMap<T, U>(
  array: readonly T[],
  f: (element: T, i: number, array: readonly T[]) => readonly U[],
): U[] {
  const length = array.length;
  const result: U[] = [];
  for (let i = 0; i < length && i < array.length; i++) {
    const inner = f(array[i], i, array);
    for (let j = 0; j < inner.length; j++) result.push(inner[j]);
  }
  return result;
}

/** Array.from({ length }, f). */
export function arrayGenerate<U>(length: number, f: (element: undefined, i: number) => U): U[] {
  const result: U[] = [];
  for (let i = 0; i < length; i++) result.push(f(undefined, i));
  return result;
}

/** 0 to length - 1: `array.keys()` as an array. */
export function arrayKeys<T>(array: readonly T[]): number[] {
  const result: number[] = [];
  for (let i = 0; i < array.length; i++) result.push(i);
  return result;
}

export function arrayEntries<T>(array: readonly T[]): [number, T][] {
  const result: [number, T][] = [];
  for (let i = 0; i < array.length; i++) result.push([i, array[i]]);
  return result;
}
