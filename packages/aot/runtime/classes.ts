/**
 * The class table that the compiler emits, and the reserved class ids. @unchecked
 *
 * One entry of 40 bytes per class: u32 size in bytes, u32 kind, u32 base class, u32 number of reference fields, address of
 * their u32 offsets, address of the name, a spare word. docs/internals/native-abi.md.
 */
import { load32, loadInt } from '@tessera/machine';
import { classCount, classTable } from './primitives.js';

export const CLASS_STRING_ONE_BYTE = 1;
export const CLASS_STRING_TWO_BYTE = 2;
export const CLASS_STORAGE_WORDS = 3;
export const CLASS_STORAGE_REFERENCES = 4;
export const CLASS_STORAGE_BYTES = 5;
export const CLASS_VIEW_UINT8 = 21;

/**
 * Array storage whose elements are all references or value words. Every other kind (plain 0, words 1, bytes 3, strings 4
 * and 5, closures 6) has references at the offsets that its row lists, if any.
 */
export const KIND_REFERENCES = 2;

export const HEADER_BYTES = 8;
/** Storage objects: header, i64 capacity, then the elements. */
export const STORAGE_DATA = 16;

const ENTRY_BYTES = 40;

export function classEntry(classId: number): number {
  return classTable() + classId * ENTRY_BYTES;
}

export function isKnownClass(classId: number): boolean {
  return classId > 0 && classId < classCount();
}

export function entryKind(entry: number): number {
  return load32(entry + 4);
}

export function entryReferenceCount(entry: number): number {
  return load32(entry + 12);
}

/** The byte offset of reference field `i` from the start of the object. */
export function entryReferenceOffset(entry: number, i: number): number {
  return load32(loadInt(entry + 16) + i * 4);
}
