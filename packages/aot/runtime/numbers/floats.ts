/** Doubles to text, as JavaScript prints them. */
import type { f64 } from '@tessera/machine';
import { RangeErrorImpl } from '../errors.js';
import { f64Bits, stringAtAddress } from '../primitives.js';
import { makeString, setUnit } from '../strings/raw.js';
import type { Decimal } from './decimal.js';
import { fixedDigits, shortestDigits } from './decimal.js';
import { numberToString } from './integers.js';

const ZERO = 0x30;
const POINT = 0x2e;
const MINUS = 0x2d;

/** Text of a known maximal length, built from left to right. */
class TextBuffer {
  private readonly units: Uint8Array;
  private length: number = 0;
  constructor(capacity: number) {
    this.units = new Uint8Array(capacity);
  }

  put(unit: number): void {
    this.units[this.length] = unit;
    this.length++;
  }

  /** `count` digits from `from`; zeros where the decimal has none. */
  putDigits(decimal: Decimal, from: number, count: number): void {
    for (let i = from; i < from + count; i++) {
      this.put(i >= 0 && i < decimal.count ? ZERO + decimal.digits[i] : ZERO);
    }
  }

  putExponent(exponent: number): void {
    this.put(0x65);
    this.put(exponent < 0 ? MINUS : 0x2b);
    const text = numberToString(exponent < 0 ? -exponent : exponent);
    for (let i = 0; i < text.length; i++) this.put(text.charCodeAt(i));
  }

  take(): string {
    const address = makeString(this.length, false);
    for (let i = 0; i < this.length; i++) setUnit(address, false, i, this.units[i]);
    return stringAtAddress(address);
  }
}

/** What has no digits: NaN and the infinities; '' for the rest. */
function specialText(value: f64): string {
  const bits = f64Bits(value);
  if (BigInt.asUintN(11, bits >> 52n) !== 0x7ffn) return '';
  if (BigInt.asUintN(52, bits) !== 0n) return 'NaN';
  return isNegative(value) ? '-Infinity' : 'Infinity';
}

function isNegative(value: f64): boolean {
  return f64Bits(value) >> 63n !== 0n;
}

function isZero(value: f64): boolean {
  return BigInt.asUintN(63, f64Bits(value)) === 0n;
}

export function floatToString(value: f64): string {
  const special = specialText(value);
  if (special !== '') return special;
  if (isZero(value)) return '0';
  const negative = isNegative(value);
  const magnitude: f64 = negative ? -value : value;
  if (magnitude < 9007199254740992) {
    const whole = Math.trunc(magnitude);
    if (whole === magnitude) return numberToString(negative ? -whole : whole);
  }
  const decimal = shortestDigits(magnitude);
  const count = decimal.count;
  const point = decimal.point;
  const text = new TextBuffer(40);
  if (negative) text.put(MINUS);
  if (point > 21 || point <= -6) {
    text.putDigits(decimal, 0, 1);
    if (count > 1) {
      text.put(POINT);
      text.putDigits(decimal, 1, count - 1);
    }
    text.putExponent(point - 1);
  } else if (point <= 0) {
    text.put(ZERO);
    text.put(POINT);
    text.putDigits(decimal, point, count - point);
  } else if (point >= count) {
    text.putDigits(decimal, 0, point);
  } else {
    text.putDigits(decimal, 0, point);
    text.put(POINT);
    text.putDigits(decimal, point, count - point);
  }
  return text.take();
}

export function numberToFixed(value: f64, places: number = 0): string {
  if (places < 0 || places > 100)
    throw new RangeErrorImpl('toFixed() digits argument must be between 0 and 100');
  const special = specialText(value);
  if (special !== '') return special;
  const negative = value < 0;
  const magnitude: f64 = negative ? -value : value;
  if (magnitude >= 1e21) return floatToString(value);
  const text = new TextBuffer(130);
  if (negative) text.put(MINUS);
  if (isZero(magnitude)) {
    text.put(ZERO);
    if (places > 0) text.put(POINT);
    for (let i = 0; i < places; i++) text.put(ZERO);
    return text.take();
  }
  const decimal = fixedDigits(magnitude, places, true);
  if (decimal.point <= 0) text.put(ZERO);
  else text.putDigits(decimal, 0, decimal.point);
  if (places > 0) {
    text.put(POINT);
    text.putDigits(decimal, decimal.count === 0 ? 0 : decimal.point, places);
  }
  return text.take();
}

export function numberToExponential(value: f64, places: number = -1): string {
  if (places > 100) throw new RangeErrorImpl('toExponential() argument must be between 0 and 100');
  const special = specialText(value);
  if (special !== '') return special;
  const negative = value < 0;
  const magnitude: f64 = negative ? -value : value;
  const text = new TextBuffer(130);
  if (negative) text.put(MINUS);
  if (isZero(magnitude)) {
    text.put(ZERO);
    if (places > 0) text.put(POINT);
    for (let i = 0; i < places; i++) text.put(ZERO);
    text.putExponent(0);
    return text.take();
  }
  const decimal =
    places < 0 ? shortestDigits(magnitude) : fixedDigits(magnitude, places + 1, false);
  const after = places < 0 ? decimal.count - 1 : places;
  text.putDigits(decimal, 0, 1);
  if (after > 0) {
    text.put(POINT);
    text.putDigits(decimal, 1, after);
  }
  text.putExponent(decimal.point - 1);
  return text.take();
}

export function numberToPrecision(value: f64, precision: number): string {
  const special = specialText(value);
  if (special !== '') return special;
  if (precision < 1 || precision > 100) {
    throw new RangeErrorImpl('toPrecision() argument must be between 1 and 100');
  }
  if (isZero(value)) return numberToFixed(0, precision - 1);
  const negative = value < 0;
  const magnitude: f64 = negative ? -value : value;
  const decimal = fixedDigits(magnitude, precision, false);
  const point = decimal.point;
  if (point - 1 < -6 || point - 1 >= precision) return numberToExponential(value, precision - 1);
  const text = new TextBuffer(130);
  if (negative) text.put(MINUS);
  if (point <= 0) {
    text.put(ZERO);
    text.put(POINT);
    text.putDigits(decimal, point, precision - point);
  } else {
    text.putDigits(decimal, 0, point);
    if (point < precision) {
      text.put(POINT);
      text.putDigits(decimal, point, precision - point);
    }
  }
  return text.take();
}
