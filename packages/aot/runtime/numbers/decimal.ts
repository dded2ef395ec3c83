/**
 * Doubles to decimal digits, exactly: the shortest digits that read back as the same double, or a given number of them.
 *
 * A double is f * 2^e. Steele and White's and Dybvig's free-format method: keep the value as a fraction r / s and the
 * half gaps to its neighbours as m- / s and m+ / s, scale so that r / s < 1, and take digits until what is left is
 * inside the gap. Natural numbers make every step exact, whatever the exponent.
 */
import type { f64 } from '@tessera/machine';
import { f64Bits } from '../primitives.js';
import { Natural } from './natural.js';

const HIDDEN_BIT = 0x10_0000_0000_0000;
/** Exponent of the smallest double. */
const LEAST_EXPONENT = -1074;
const CAPACITY_BITS = 1200;

/** 0.d1 d2 d3 ... * 10^point, d1 not zero; no digits for zero. */
export class Decimal {
  readonly digits: Uint8Array;
  count: number = 0;
  point: number = 0;
  constructor(capacity: number) {
    this.digits = new Uint8Array(capacity);
  }

  put(digit: number): void {
    this.digits[this.count] = digit;
    this.count++;
  }

  /** Adds one to the last digit. */
  roundUp(): void {
    let i = this.count - 1;
    while (i >= 0 && this.digits[i] === 9) {
      this.digits[i] = 0;
      i--;
    }
    if (i >= 0) {
      this.digits[i] = this.digits[i] + 1;
      return;
    }
    // All nines: one followed by zeros, one place higher.
    if (this.count === 0) this.put(1);
    else this.digits[0] = 1;
    this.point++;
  }

  dropTrailingZeros(): void {
    while (this.count > 0 && this.digits[this.count - 1] === 0) this.count--;
  }
}

/** A positive finite double taken apart. */
export class Binary {
  fraction: number;
  exponent: number;
  constructor(value: f64) {
    const bits = f64Bits(value);
    const low = Number(BigInt.asUintN(52, bits));
    const biased = Number(BigInt.asUintN(11, bits >> 52n));
    this.fraction = biased === 0 ? low : low + HIDDEN_BIT;
    this.exponent = biased === 0 ? LEAST_EXPONENT : biased - 1075;
  }
}

function bitsOf(value: number): number {
  const upper = Math.trunc(value / 0x1_0000_0000);
  return upper > 0 ? 64 - Math.clz32(upper) : 32 - Math.clz32(value | 0);
}

/** floor(log10(2^n)), for |n| up to 1650. */
function floorLog10OfPowerOfTwo(n: number): number {
  const product = n * 78_913;
  const quotient = Math.trunc(product / 262_144);
  return quotient * 262_144 > product ? quotient - 1 : quotient;
}

/** The digits that JavaScript prints. Preconditions: positive, finite. */
export function shortestDigits(value: f64): Decimal {
  const binary = new Binary(value);
  const fraction = binary.fraction;
  const exponent = binary.exponent;
  const even = fraction % 2 === 0;
  // Below a power of two the gap is half as wide as above.
  const uneven = fraction === HIDDEN_BIT && exponent > LEAST_EXPONENT ? 1 : 0;
  const r = new Natural(CAPACITY_BITS);
  const s = new Natural(CAPACITY_BITS);
  const above = new Natural(CAPACITY_BITS);
  const below = new Natural(CAPACITY_BITS);
  r.set(fraction);
  s.set(1);
  above.set(1);
  below.set(1);
  if (exponent >= 0) {
    r.shiftLeft(exponent + 1 + uneven);
    s.shiftLeft(1 + uneven);
    above.shiftLeft(exponent + uneven);
    below.shiftLeft(exponent);
  } else {
    r.shiftLeft(1 + uneven);
    s.shiftLeft(1 + uneven - exponent);
    above.shiftLeft(uneven);
  }
  let point = floorLog10OfPowerOfTwo(exponent + bitsOf(fraction) - 1) + 1;
  if (point >= 0) {
    s.multiplyByPowerOfTen(point);
  } else {
    r.multiplyByPowerOfTen(-point);
    above.multiplyByPowerOfTen(-point);
    below.multiplyByPowerOfTen(-point);
  }
  // The estimate may be one too low: then the first digit would be ten or more.
  const top = r.compareSum(above, s);
  if (even ? top >= 0 : top > 0) {
    point++;
    s.multiplyAdd(10, 0);
  }

  const result = new Decimal(20);
  result.point = point;
  while (true) {
    r.multiplyAdd(10, 0);
    above.multiplyAdd(10, 0);
    below.multiplyAdd(10, 0);
    const digit = r.divideSmall(s);
    const lowOrder = r.compare(below);
    const highOrder = r.compareSum(above, s);
    const low = even ? lowOrder <= 0 : lowOrder < 0;
    const high = even ? highOrder >= 0 : highOrder > 0;
    if (!low && !high) {
      result.put(digit);
      continue;
    }
    result.put(digit);
    // Both neighbours are short enough: the nearer one, the even digit when they are equally near (as V8 does).
    const half = r.compareSum(r, s);
    if (high && (!low || half > 0 || (half === 0 && digit % 2 === 1))) result.roundUp();
    result.dropTrailingZeros();
    return result;
  }
}

/**
 * `count` digits from the first significant one, or, when `afterPoint` is set, as many as reach `count` places after the
 * decimal point; halves away from zero. Preconditions: positive, finite.
 */
export function fixedDigits(value: f64, count: number, afterPoint: boolean): Decimal {
  const binary = new Binary(value);
  const r = new Natural(CAPACITY_BITS);
  const s = new Natural(CAPACITY_BITS);
  r.set(binary.fraction);
  s.set(1);
  if (binary.exponent >= 0) r.shiftLeft(binary.exponent);
  else s.shiftLeft(-binary.exponent);
  let point = floorLog10OfPowerOfTwo(binary.exponent + bitsOf(binary.fraction) - 1) + 1;
  if (point >= 0) s.multiplyByPowerOfTen(point);
  else r.multiplyByPowerOfTen(-point);
  if (r.compare(s) >= 0) {
    point++;
    s.multiplyAdd(10, 0);
  }
  const wanted = afterPoint ? point + count : count;
  const result = new Decimal(Math.max(wanted, 0) + 2);
  result.point = point;
  if (wanted < 0) {
    result.point = 0;
    return result;
  }
  for (let i = 0; i < wanted; i++) {
    r.multiplyAdd(10, 0);
    result.put(r.divideSmall(s));
  }
  if (r.compareSum(r, s) >= 0) result.roundUp();
  return result;
}
