/** Methods of typed arrays, of whatever element type: natively over memory, in Node the methods themselves. */
import { objectAddress, objectAt } from '@tessera/machine';
import { CLASS_VIEW_UINT8 } from '../classes.js';
import { numberToString } from '../numbers/integers.js';
import { isNative } from '../primitives.js';
import { arrayJoin } from '../strings/build.js';
import { relativeIndex } from '../strings/search.js';
import {
  makeView,
  viewCopyWithin,
  viewFillBytes,
  viewSet,
  viewSlice,
  viewSubarray,
} from './views.js';

const TO_THE_END = 9_007_199_254_740_991;

/** What the methods of Node are reached through in Node. */
interface AnyView {
  subarray(start: number, end: number): this;
  slice(start: number, end: number): this;
  copyWithin(target: number, start: number, end: number): this;
}

export function typedSubarray<A extends AnyView>(
  view: A,
  start: number = 0,
  end: number = TO_THE_END,
): A {
  if (isNative()) return objectAt<A>(viewSubarray(objectAddress(view), start, end));
  return view.subarray(start, end);
}

export function typedSlice<A extends AnyView>(
  view: A,
  start: number = 0,
  end: number = TO_THE_END,
): A {
  if (isNative()) return objectAt<A>(viewSlice(objectAddress(view), start, end));
  return view.slice(start, end);
}

export function typedCopyWithin<A extends AnyView>(
  view: A,
  target: number,
  start: number,
  end: number = TO_THE_END,
): A {
  if (isNative()) viewCopyWithin(objectAddress(view), target, start, end);
  else view.copyWithin(target, start, end);
  return view;
}

/** `target.set(source, offset)`, both of one element type. */
export function typedSet(target: Uint8Array, source: Uint8Array, offset: number = 0): void {
  if (isNative()) viewSet(objectAddress(target), objectAddress(source), offset);
  else target.set(source, offset);
}

/** `target.set(numbers, offset)`. */
export function typedSetArray(
  target: Uint8Array,
  source: readonly number[],
  offset: number = 0,
): void {
  for (let i = 0; i < source.length; i++) target[offset + i] = source[i];
}

export function typedFill(
  view: Uint8Array,
  value: number,
  start: number = 0,
  end: number = TO_THE_END,
): Uint8Array {
  if (isNative()) viewFillBytes(objectAddress(view), value, start, end);
  else view.fill(value, start, end);
  return view;
}

export function typedIndexOf(view: Uint8Array, value: number, from: number = 0): number {
  const length = view.length;
  for (let i = relativeIndex(from, length); i < length; i++) if (view[i] === value) return i;
  return -1;
}

export function typedJoin(view: Uint8Array, separator: string = ','): string {
  const parts: string[] = [];
  for (let i = 0; i < view.length; i++) parts.push(numberToString(view[i]));
  return arrayJoin(parts, separator);
}

export function typedIncludes(view: Uint8Array, value: number, from: number = 0): boolean {
  return typedIndexOf(view, value, from) >= 0;
}

export function typedReverse(view: Uint8Array): Uint8Array {
  for (let low = 0, high = view.length - 1; low < high; low++, high--) {
    const byte = view[low];
    view[low] = view[high];
    view[high] = byte;
  }
  return view;
}

/** Bytes at an address, owned by nobody: `viewAt` of machine. */
export function typedViewAt(address: number, byteLength: number): Uint8Array {
  return objectAt<Uint8Array>(makeView(CLASS_VIEW_UINT8, address, byteLength, 0));
}

/** A copy of a part of a buffer. */
export function bufferSlice(
  buffer: ArrayBuffer,
  start: number = 0,
  end: number = TO_THE_END,
): ArrayBuffer {
  if (isNative()) return objectAt<ArrayBuffer>(viewSlice(objectAddress(buffer), start, end));
  return buffer.slice(start, end);
}
