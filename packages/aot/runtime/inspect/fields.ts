/**
 * What the compiler tells about the fields of a class, for printing: in the last word of the class's row the address of
 * entries { u64 address of the name, u32 offset, u32 kind }, base class first, ended by a name of 0.
 */
import { load8, load32, load64, loadInt } from '@tessera/machine';
import { classEntry } from '../classes.js';
import { floatToString } from '../numbers/floats.js';
import { i64ToString, numberToString, u64ToString } from '../numbers/integers.js';
import { f64Bits, f64FromBits, stringAtAddress } from '../primitives.js';
import { makeString, setUnit } from '../strings/raw.js';

export const FIELD_INT = 0;
export const FIELD_F64 = 1;
export const FIELD_BOOL = 2;
export const FIELD_U64 = 3;
export const FIELD_I64 = 4;
export const FIELD_WORD = 5;
const FIELD_U8 = 6;
const FIELD_U16 = 7;
const FIELD_U32 = 8;
const FIELD_I8 = 9;
const FIELD_I16 = 10;
const FIELD_I32 = 11;
const FIELD_F32 = 12;

export const FIELD_ENTRY_BYTES = 16;

/** Text of zero-terminated Latin-1 bytes. */
export function textOfBytes(address: number): string {
  let length = 0;
  while (load8(address + length) !== 0) length++;
  const text = makeString(length, false);
  for (let i = 0; i < length; i++) setUnit(text, false, i, load8(address + i));
  return stringAtAddress(text);
}

export function className(classId: number): string {
  return textOfBytes(loadInt(classEntry(classId) + 24));
}

/** The first field entry of a class, or 0. */
export function fieldsOf(classId: number): number {
  return loadInt(classEntry(classId) + 32);
}

/** The entry of the field with a name, or 0. */
export function fieldNamed(classId: number, name: string): number {
  let entry = fieldsOf(classId);
  if (entry === 0) return 0;
  while (loadInt(entry) !== 0) {
    if (textOfBytes(loadInt(entry)) === name) return entry;
    entry += FIELD_ENTRY_BYTES;
  }
  return 0;
}

export function isBigKind(kind: number): boolean {
  return kind === FIELD_U64 || kind === FIELD_I64;
}

/** Text of a field that is no word: numbers, bigints (without the n) and booleans. `keepMinus`: -0 shows its sign. */
export function scalarText(slot: number, kind: number, keepMinus: boolean): string {
  switch (kind) {
    case FIELD_F64:
      return floatText(load64(slot), keepMinus);
    case FIELD_BOOL:
      return load8(slot) !== 0 ? 'true' : 'false';
    case FIELD_U64:
      return u64ToString(load64(slot));
    case FIELD_I64:
      return i64ToString(BigInt.asIntN(64, load64(slot)));
    case FIELD_U8:
      return numberToString(load8(slot));
    case FIELD_U16:
      return numberToString(load32(slot) & 0xffff);
    case FIELD_U32:
      return numberToString(load32(slot));
    case FIELD_I8:
      return numberToString((load8(slot) << 24) >> 24);
    case FIELD_I16:
      return numberToString((load32(slot) << 16) >> 16);
    case FIELD_I32:
      return numberToString(load32(slot) | 0);
    case FIELD_F32:
      return floatText(doubleOfSingle(load32(slot)), keepMinus);
    case FIELD_INT:
      return numberToString(loadInt(slot));
    default:
      // A boolean packed into one byte.
      return load8(slot) !== 0 ? 'true' : 'false';
  }
}

export function floatText(bits: bigint, keepMinus: boolean): string {
  if (keepMinus && bits === 0x8000_0000_0000_0000n) return '-0';
  return floatToString(f64FromBits(bits));
}

/** The bits of the double that equals a single. */
function doubleOfSingle(single: number): bigint {
  const sign = BigInt.asUintN(64, BigInt(single >>> 31) << 63n);
  const exponent = (single >>> 23) & 0xff;
  const fraction = single & 0x7f_ffff;
  if (exponent === 0) {
    // Too small for a normal single, but a plain double: fraction * 2^-149.
    const scaled = f64FromBits(BigInt.asUintN(64, BigInt(1023 - 149) << 52n));
    return BigInt.asUintN(64, f64Bits(fraction * scaled) | sign);
  }
  const biased = exponent === 0xff ? 0x7ff : exponent + 896;
  const body = BigInt.asUintN(
    64,
    BigInt.asUintN(64, BigInt(biased) << 52n) | BigInt.asUintN(64, BigInt(fraction) << 29n),
  );
  return BigInt.asUintN(64, body | sign);
}
