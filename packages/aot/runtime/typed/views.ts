/**
 * Typed arrays as memory, for every element type. @unchecked
 *
 * A view is header, i64 byteLength at 8, address of its first byte at 16, owning storage at 24 (0: raw memory that nobody
 * owns). Its storage is a bytes object: header, i64 bytes at 8, data from 16. Views of one storage share it.
 */
import { copy, fill, load32, loadInt, storeInt } from '@tessera/machine';
import { CLASS_STORAGE_BYTES, STORAGE_DATA } from '../classes.js';
import { RangeErrorImpl } from '../errors.js';
import { allocate, allocateWithSpare } from '../heap/allocate.js';
import { relativeIndex } from '../strings/search.js';

const VIEW_BYTES = 32;
const BYTE_LENGTH = 8;
const ADDRESS = 16;
const OWNER = 24;

const CLASS_INT16 = 23;
const CLASS_INT32 = 25;
const CLASS_FLOAT32 = 27;

/** Bytes of one element of a view class. */
export function elementBytes(classId: number): number {
  if (classId < CLASS_INT16) return 1;
  if (classId < CLASS_INT32) return 2;
  return classId <= CLASS_FLOAT32 ? 4 : 8;
}

function viewLength(view: number): number {
  return Math.trunc(loadInt(view + BYTE_LENGTH) / elementBytes(load32(view)));
}

/** A view of `byteLength` bytes at an address, kept alive by `owner` (0: by nobody). */
export function makeView(
  classId: number,
  address: number,
  byteLength: number,
  owner: number,
): number {
  const view = allocate(classId, VIEW_BYTES);
  storeInt(view + BYTE_LENGTH, byteLength);
  storeInt(view + ADDRESS, address);
  storeInt(view + OWNER, owner);
  return view;
}

/** A zeroed view with storage of its own. */
export function makeOwnedView(classId: number, length: number): number {
  if (length < 0) throw new RangeErrorImpl(`Invalid typed array length: ${length}`);
  const byteLength = length * elementBytes(classId);
  const storage = allocateWithSpare(CLASS_STORAGE_BYTES, STORAGE_DATA + byteLength);
  storeInt(storage + BYTE_LENGTH, byteLength);
  return makeView(classId, storage + STORAGE_DATA, byteLength, storage);
}

/** `view.subarray(start, end)`: the same bytes. */
export function viewSubarray(view: number, start: number, end: number): number {
  const length = viewLength(view);
  const from = relativeIndex(start, length);
  const count = Math.max(relativeIndex(end, length) - from, 0);
  const bytes = elementBytes(load32(view));
  return makeView(
    load32(view),
    loadInt(view + ADDRESS) + from * bytes,
    count * bytes,
    loadInt(view + OWNER),
  );
}

/** `view.slice(start, end)`: a copy. */
export function viewSlice(view: number, start: number, end: number): number {
  const length = viewLength(view);
  const from = relativeIndex(start, length);
  const count = Math.max(relativeIndex(end, length) - from, 0);
  const result = makeOwnedView(load32(view), count);
  const bytes = elementBytes(load32(view));
  copy(loadInt(result + ADDRESS), loadInt(view + ADDRESS) + from * bytes, count * bytes);
  return result;
}

/** `target.set(source, offset)` for views of one element type; ranges may overlap. */
export function viewSet(target: number, source: number, offset: number): void {
  if (offset < 0 || offset + viewLength(source) > viewLength(target))
    throw new RangeErrorImpl('offset is out of bounds');
  const bytes = elementBytes(load32(target));
  copy(
    loadInt(target + ADDRESS) + offset * bytes,
    loadInt(source + ADDRESS),
    loadInt(source + BYTE_LENGTH),
  );
}

export function viewCopyWithin(view: number, to: number, start: number, end: number): void {
  const length = viewLength(view);
  const target = relativeIndex(to, length);
  const from = relativeIndex(start, length);
  const count = Math.min(relativeIndex(end, length) - from, length - target);
  const bytes = elementBytes(load32(view));
  if (count > 0)
    copy(
      loadInt(view + ADDRESS) + target * bytes,
      loadInt(view + ADDRESS) + from * bytes,
      count * bytes,
    );
}

/** `view.fill(byte, start, end)` for views of bytes. */
export function viewFillBytes(view: number, value: number, start: number, end: number): void {
  const length = viewLength(view);
  const from = relativeIndex(start, length);
  const count = relativeIndex(end, length) - from;
  if (count > 0) fill(loadInt(view + ADDRESS) + from, value & 0xff, count);
}
