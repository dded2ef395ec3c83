/** Integers to text and back: numbers that are ints, and 64-bit words. @unchecked */
import type { i64 } from '@tessera/machine';
import { RangeErrorImpl, SyntaxErrorImpl } from '../errors.js';
import { stringAddress, stringAtAddress } from '../primitives.js';
import { stringFromCharCode } from '../strings/build.js';
import { isWide, lengthAt, makeString, setUnit, unitAt } from '../strings/raw.js';
import { stringTrim } from '../strings/transform.js';

function digitUnit(digit: number): number {
  return digit < 10 ? 0x30 + digit : 0x57 + digit;
}

function checkRadix(radix: number): void {
  if (radix < 2 || radix > 36)
    throw new RangeErrorImpl('toString() radix must be between 2 and 36');
}

export function numberToString(value: number, radix: number = 10): string {
  checkRadix(radix);
  const negative = value < 0;
  let rest = negative ? -value : value;
  if (!negative && rest < 10 && rest < radix) return stringFromCharCode(0x30 + rest);
  let digits = 1;
  for (let left = Math.trunc(rest / radix); left > 0; left = Math.trunc(left / radix)) digits++;
  const length = negative ? digits + 1 : digits;
  const result = makeString(length, false);
  let at = length;
  if (radix === 10) {
    // A constant divisor becomes a multiplication.
    for (let i = 0; i < digits; i++) {
      const quotient = Math.trunc(rest / 10);
      at--;
      setUnit(result, false, at, 0x30 + (rest - quotient * 10));
      rest = quotient;
    }
  } else {
    for (let i = 0; i < digits; i++) {
      const quotient = Math.trunc(rest / radix);
      at--;
      setUnit(result, false, at, digitUnit(rest - quotient * radix));
      rest = quotient;
    }
  }
  if (negative) setUnit(result, false, 0, 0x2d);
  return stringAtAddress(result);
}

function wordToString(word: bigint, negative: boolean, radix: number): string {
  checkRadix(radix);
  const base = BigInt(radix);
  let digits = 1;
  for (
    let left = BigInt.asUintN(64, word / base);
    left > 0n;
    left = BigInt.asUintN(64, left / base)
  )
    digits++;
  const length = negative ? digits + 1 : digits;
  const result = makeString(length, false);
  let rest = word;
  for (let at = length - 1; digits > 0; digits--) {
    const quotient = BigInt.asUintN(64, rest / base);
    setUnit(
      result,
      false,
      at,
      digitUnit(Number(BigInt.asUintN(64, rest - BigInt.asUintN(64, quotient * base)))),
    );
    at--;
    rest = quotient;
  }
  if (negative) setUnit(result, false, 0, 0x2d);
  return stringAtAddress(result);
}

export function u64ToString(value: bigint, radix: number = 10): string {
  return wordToString(BigInt.asUintN(64, value), false, radix);
}

export function i64ToString(value: i64, radix: number = 10): string {
  const signed = BigInt.asIntN(64, value);
  if (signed < 0n) return wordToString(BigInt.asUintN(64, -signed), true, radix);
  return wordToString(BigInt.asUintN(64, signed), false, radix);
}

/** The value of a digit or letter, 99 for anything else. */
export function digitValue(unit: number): number {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  if (unit >= 0x61 && unit <= 0x7a) return unit - 0x57;
  if (unit >= 0x41 && unit <= 0x5a) return unit - 0x37;
  return 99;
}

/** The radix that a prefix 0x, 0o or 0b at `at` names, or 0. */
export function prefixRadix(address: number, wide: boolean, at: number, length: number): number {
  if (at + 2 > length || unitAt(address, wide, at) !== 0x30) return 0;
  const letter = unitAt(address, wide, at + 1) | 0x20;
  if (letter === 0x78) return 16;
  if (letter === 0x6f) return 8;
  return letter === 0x62 ? 2 : 0;
}

/** BigInt(text), wrapped to 64 bits. */
export function bigFromString(text: string): i64 {
  const trimmed = stringTrim(text);
  const address = stringAddress(trimmed);
  const wide = isWide(address);
  const length = lengthAt(address);
  let at = 0;
  let negative = false;
  let radix = prefixRadix(address, wide, 0, length);
  if (radix !== 0) {
    at = 2;
    if (at === length) throw new SyntaxErrorImpl(`Cannot convert ${text} to a BigInt`);
  } else {
    radix = 10;
    if (length > 0 && unitAt(address, wide, 0) === 0x2d) negative = true;
    if (negative || (length > 0 && unitAt(address, wide, 0) === 0x2b)) at = 1;
    if (at === 1 && length === 1) throw new SyntaxErrorImpl(`Cannot convert ${text} to a BigInt`);
  }
  const base = BigInt(radix);
  let value = 0n;
  while (at < length) {
    const digit = digitValue(unitAt(address, wide, at));
    if (digit >= radix) throw new SyntaxErrorImpl(`Cannot convert ${text} to a BigInt`);
    value = BigInt.asUintN(64, BigInt.asUintN(64, value * base) + BigInt(digit));
    at++;
  }
  return negative ? BigInt.asIntN(64, -value) : value;
}
