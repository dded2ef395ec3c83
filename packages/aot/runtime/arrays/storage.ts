/**
 * Array storage as memory. @unchecked
 *
 * T[] is header, i64 length at 8, storage at 16 (0: none). Storage is header, i64 capacity at 8, elements of 8 bytes
 * from 16. Slots past the length hold 0, so that the collector sees no stale references. Every overwritten reference
 * passes the deletion barrier, also when elements only move: the collector may have scanned their new place already.
 */
import { copy, fill, load32, loadInt, objectAddress, storeInt } from '@tessera/machine';
import { CLASS_STORAGE_REFERENCES, STORAGE_DATA } from '../classes.js';
import { allocateWithSpare, cellBytesOf } from '../heap/allocate.js';
import { barrierSlot, barrierSlots } from '../heap/cycle.js';
import { gcMarking } from '../heap/state.js';
import { isNative } from '../primitives.js';

export const ARRAY_LENGTH = 8;
export const ARRAY_STORAGE = 16;
const LEAST_CAPACITY = 4;

/** Gives the array at an address room for at least `capacity` elements. */
export function arrayGrow(array: number, capacity: number, storageClass: number): void {
  const old = loadInt(array + ARRAY_STORAGE);
  const had = old === 0 ? 0 : loadInt(old + 8);
  let wanted = Math.max(capacity, LEAST_CAPACITY);
  // Growing by half keeps pushing linear and wastes at most a third.
  if (had > 0) wanted = Math.max(wanted, had + Math.trunc(had / 2));
  const storage = allocateWithSpare(storageClass, STORAGE_DATA + wanted * 8);
  storeInt(storage + 8, Math.trunc((cellBytesOf(storage) - STORAGE_DATA - 1) / 8));
  if (old !== 0)
    copy(storage + STORAGE_DATA, old + STORAGE_DATA, loadInt(array + ARRAY_LENGTH) * 8);
  barrierSlot(array + ARRAY_STORAGE);
  storeInt(array + ARRAY_STORAGE, storage);
}

/** `array.length = length`: new elements are 0, dropped ones are cleared. */
export function arraySetLength(array: number, length: number, storageClass: number): void {
  const had = loadInt(array + ARRAY_LENGTH);
  const storage = loadInt(array + ARRAY_STORAGE);
  if (length < had) {
    clearSlots(storage, length, had - length);
  } else if (storage === 0 ? length > 0 : length > loadInt(storage + 8)) {
    arrayGrow(array, length, storageClass);
  }
  storeInt(array + ARRAY_LENGTH, length);
}

function clearSlots(storage: number, from: number, count: number): void {
  const first = storage + STORAGE_DATA + from * 8;
  if (gcMarking !== 0 && load32(storage) === CLASS_STORAGE_REFERENCES) barrierSlots(first, count);
  fill(first, 0, count * 8);
}

/** Moves `count` elements inside an array. Preconditions: both ranges are within its length. */
export function moveElements<T>(array: T[], to: number, from: number, count: number): void {
  if (count <= 0 || to === from) return;
  if (isNative()) {
    const storage = loadInt(objectAddress(array) + ARRAY_STORAGE);
    const target = storage + STORAGE_DATA + to * 8;
    if (gcMarking !== 0 && load32(storage) === CLASS_STORAGE_REFERENCES)
      barrierSlots(target, count);
    copy(target, storage + STORAGE_DATA + from * 8, count * 8);
  } else if (to < from) {
    for (let i = 0; i < count; i++) array[to + i] = array[from + i];
  } else {
    for (let i = count - 1; i >= 0; i--) array[to + i] = array[from + i];
  }
}

/** Copies elements between two arrays of one type. Preconditions: both ranges are within the lengths. */
export function copyElements<T>(
  target: T[],
  to: number,
  source: readonly T[],
  from: number,
  count: number,
): void {
  if (count <= 0) return;
  if (isNative()) {
    const storage = loadInt(objectAddress(target) + ARRAY_STORAGE);
    const first = storage + STORAGE_DATA + to * 8;
    if (gcMarking !== 0 && load32(storage) === CLASS_STORAGE_REFERENCES) barrierSlots(first, count);
    copy(
      first,
      loadInt(objectAddress(source) + ARRAY_STORAGE) + STORAGE_DATA + from * 8,
      count * 8,
    );
  } else {
    for (let i = 0; i < count; i++) target[to + i] = source[from + i];
  }
}

/** Forgets the value of an element that nobody will read, so that the collector does not keep it. */
export function clearElement<T>(array: T[], i: number): void {
  if (isNative()) clearSlots(loadInt(objectAddress(array) + ARRAY_STORAGE), i, 1);
}
