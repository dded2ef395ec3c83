/** Text to numbers: Number(), parseInt, parseFloat. Correctly rounded, whatever the number of digits. */
import type { f64 } from '@tessera/machine';
import { f64FromBits, stringAddress } from '../primitives.js';
import { isWide, lengthAt, unitAt } from '../strings/raw.js';
import { stringStartsWith } from '../strings/search.js';
import { stringTrim, stringTrimStart } from '../strings/transform.js';
import { digitValue, prefixRadix } from './integers.js';
import { Natural } from './natural.js';

/** More digits than any double needs to be told from its neighbours: the rest only says "a bit more". */
const MAXIMUM_DIGITS = 780;
const CAPACITY_BITS = 6800;
const EXPONENT_LIMIT = 1_000_000;

const NOT_A_NUMBER_BITS = 0x7ff8_0000_0000_0000n;
const INFINITY_BITS = 0x7ff0_0000_0000_0000n;

/** How far a decimal literal reaches, and its value. */
class DecimalScan {
  value: f64 = 0;
  /** Index after the literal; where it began if there is none. */
  end: number;
  constructor(start: number) {
    this.end = start;
  }
}

/** Reads digits, point and exponent at `start` (no sign), as far as they form a literal. */
function scanDecimal(address: number, wide: boolean, start: number, length: number): DecimalScan {
  const result = new DecimalScan(start);
  let at = start;
  let small = 0;
  let significant = 0;
  let exponent = 0;
  let seen = false;
  let afterPoint = false;
  // First pass: the value if it is small, the number of digits, the place of the point.
  while (at < length) {
    const unit = unitAt(address, wide, at);
    if (unit === 0x2e && !afterPoint) {
      afterPoint = true;
    } else if (unit >= 0x30 && unit <= 0x39) {
      seen = true;
      if (significant > 0 || unit !== 0x30) {
        significant++;
        if (significant <= 15) small = small * 10 + (unit - 0x30);
      }
      if (afterPoint) exponent--;
    } else {
      break;
    }
    at++;
  }
  if (!seen) return result;
  const digitsEnd = at;
  if (at < length && (unitAt(address, wide, at) | 0x20) === 0x65) {
    let after = at + 1;
    let negative = false;
    if (
      after < length &&
      (unitAt(address, wide, after) === 0x2d || unitAt(address, wide, after) === 0x2b)
    ) {
      negative = unitAt(address, wide, after) === 0x2d;
      after++;
    }
    let written = 0;
    const first = after;
    while (after < length && digitValue(unitAt(address, wide, after)) < 10) {
      if (written < EXPONENT_LIMIT)
        written = written * 10 + digitValue(unitAt(address, wide, after));
      after++;
    }
    if (after > first) {
      exponent += negative ? -written : written;
      at = after;
    }
  }
  result.end = at;
  if (significant === 0) return result;
  if (significant <= 15 && exponent >= -22 && exponent <= 22) {
    // Both factors are exact doubles, so one operation rounds once.
    let power: f64 = 1;
    const steps = exponent < 0 ? -exponent : exponent;
    for (let i = 0; i < steps; i++) power = power * 10;
    const exact: f64 = small;
    result.value = exponent < 0 ? exact / power : exact * power;
    return result;
  }
  result.value = exactDecimal(address, wide, start, digitsEnd, significant, exponent);
  return result;
}

/** The double nearest to the digits in [start, end) times 10^exponent (the point is accounted for in the exponent). */
function exactDecimal(
  address: number,
  wide: boolean,
  start: number,
  end: number,
  significant: number,
  exponent: number,
): f64 {
  if (significant + exponent > 310) return f64FromBits(INFINITY_BITS);
  if (significant + exponent < -326) return 0;
  const r = new Natural(CAPACITY_BITS);
  let taken = 0;
  let scale = exponent;
  let more = false;
  for (let at = start; at < end; at++) {
    const unit = unitAt(address, wide, at);
    if (unit === 0x2e || (taken === 0 && unit === 0x30)) continue;
    if (taken < MAXIMUM_DIGITS) r.multiplyAdd(10, unit - 0x30);
    else if (unit !== 0x30) more = true;
    taken++;
  }
  if (taken > MAXIMUM_DIGITS) scale += taken - MAXIMUM_DIGITS;
  if (more) {
    r.multiplyAdd(10, 1);
    scale--;
  }
  const s = new Natural(CAPACITY_BITS);
  s.set(1);
  if (scale >= 0) r.multiplyByPowerOfTen(scale);
  else s.multiplyByPowerOfTen(-scale);
  return nearestDouble(r, s);
}

/** The double nearest to r / s, ties to even. Preconditions: r is not zero. Destroys both. */
function nearestDouble(r: Natural, s: Natural): f64 {
  // Scale to 1 <= r / s < 2; the value is r / s * 2^exponent.
  let exponent = r.bitLength() - s.bitLength();
  if (exponent >= 0) s.shiftLeft(exponent);
  else r.shiftLeft(-exponent);
  if (r.compare(s) < 0) {
    r.shiftLeft(1);
    exponent--;
  }
  if (exponent > 1023) return f64FromBits(INFINITY_BITS);
  const bits = exponent >= -1022 ? 53 : 53 - (-1022 - exponent);
  if (bits < 0) return 0;
  let fraction = 0;
  for (let i = 0; i < bits; i++) {
    fraction *= 2;
    if (r.compare(s) >= 0) {
      r.subtract(s);
      fraction++;
    }
    r.shiftLeft(1);
  }
  // r now is twice the remainder; with no bits taken at all it is the value against the least double.
  if (bits === 0) {
    const half = r.compare(s);
    return half > 0 ? f64FromBits(1n) : 0;
  }
  const order = r.compare(s);
  if (order > 0 || (order === 0 && fraction % 2 === 1)) fraction++;
  if (exponent < -1022) return f64FromBits(BigInt(fraction));
  // A carry out of the fraction lands in the exponent by itself, up to infinity.
  const biased = BigInt(exponent + 1022);
  return f64FromBits(BigInt.asUintN(64, BigInt.asUintN(64, biased << 52n) + BigInt(fraction)));
}

const INFINITY_TEXT = 'Infinity';

function signed(value: f64, negative: boolean): f64 {
  return negative ? -value : value;
}

/** Number(text). */
export function numberFromString(text: string): f64 {
  const trimmed = stringTrim(text);
  const address = stringAddress(trimmed);
  const wide = isWide(address);
  const length = lengthAt(address);
  if (length === 0) return 0;
  const radix = prefixRadix(address, wide, 0, length);
  if (radix !== 0) {
    const scan = scanRadix(address, wide, 2, length, radix);
    return scan.end === length && length > 2 ? scan.value : f64FromBits(NOT_A_NUMBER_BITS);
  }
  const sign = unitAt(address, wide, 0);
  const at = sign === 0x2d || sign === 0x2b ? 1 : 0;
  if (stringStartsWith(trimmed, INFINITY_TEXT, at) && length === at + INFINITY_TEXT.length) {
    return signed(f64FromBits(INFINITY_BITS), sign === 0x2d);
  }
  const scan = scanDecimal(address, wide, at, length);
  if (scan.end !== length || scan.end === at) return f64FromBits(NOT_A_NUMBER_BITS);
  return signed(scan.value, sign === 0x2d);
}

/** parseFloat: the longest literal at the start, or NaN. */
export function parseDouble(text: string): f64 {
  const trimmed = stringTrimStart(text);
  const address = stringAddress(trimmed);
  const wide = isWide(address);
  const length = lengthAt(address);
  if (length === 0) return f64FromBits(NOT_A_NUMBER_BITS);
  const sign = unitAt(address, wide, 0);
  const at = sign === 0x2d || sign === 0x2b ? 1 : 0;
  if (stringStartsWith(trimmed, INFINITY_TEXT, at))
    return signed(f64FromBits(INFINITY_BITS), sign === 0x2d);
  const scan = scanDecimal(address, wide, at, length);
  if (scan.end === at) return f64FromBits(NOT_A_NUMBER_BITS);
  return signed(scan.value, sign === 0x2d);
}

/** Digits of a radix from `start`. Exact up to 2^53; beyond, exact for powers of two and 10, else rounded per digit. */
function scanRadix(
  address: number,
  wide: boolean,
  start: number,
  length: number,
  radix: number,
): DecimalScan {
  const result = new DecimalScan(start);
  let at = start;
  let value: f64 = 0;
  let exact = 0;
  let big = false;
  while (at < length) {
    const digit = digitValue(unitAt(address, wide, at));
    if (digit >= radix) break;
    if (!big) {
      exact = exact * radix + digit;
      value = exact;
      // The next step could leave the safe integers.
      if (exact > 200_000_000_000_000) big = true;
    }
    at++;
  }
  result.end = at;
  if (big) {
    const r = new Natural((at - start) * 6 + 64);
    for (let i = start; i < at; i++) r.multiplyAdd(radix, digitValue(unitAt(address, wide, i)));
    const s = new Natural((at - start) * 6 + 64);
    s.set(1);
    value = r.bitLength() > 1030 ? f64FromBits(INFINITY_BITS) : nearestDouble(r, s);
  }
  result.value = value;
  return result;
}

/** parseInt: NaN when there is no digit. */
export function parseInteger(text: string, radix: number = 0): f64 {
  const trimmed = stringTrimStart(text);
  const address = stringAddress(trimmed);
  const wide = isWide(address);
  const length = lengthAt(address);
  let at = 0;
  let negative = false;
  if (length > 0) {
    const sign = unitAt(address, wide, 0);
    negative = sign === 0x2d;
    if (negative || sign === 0x2b) at = 1;
  }
  let base = radix;
  if ((base === 0 || base === 16) && prefixRadix(address, wide, at, length) === 16) {
    base = 16;
    at += 2;
  }
  if (base === 0) base = 10;
  if (base < 2 || base > 36) return f64FromBits(NOT_A_NUMBER_BITS);
  const scan = scanRadix(address, wide, at, length, base);
  if (scan.end === at) return f64FromBits(NOT_A_NUMBER_BITS);
  return signed(scan.value, negative);
}
