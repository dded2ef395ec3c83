// biome-ignore-all lint/suspicious/noApproximativeNumericConstant: high halves of constants kept as pairs of doubles
/**
 * Math's elementary functions: series in double-double arithmetic after reducing the argument, rounded once. V8's own are
 * within one last place, so the last digit differs from Node's where V8 does not give the nearest double.
 *
 * Limit: sin, cos and tan of arguments beyond 2^30 lose digits, since pi is kept to 160 bits.
 */
import type { f64 } from '@tessera/machine';
import { f64FromBits } from '../primitives.js';
import { DoubleDouble } from './double-double.js';
import { mathFloor } from './rounding.js';

const NOT_A_NUMBER = 0x7ff8_0000_0000_0000n;
const INFINITE = 0x7ff0_0000_0000_0000n;

function notANumber(): f64 {
  return f64FromBits(NOT_A_NUMBER);
}

function infinity(): f64 {
  return f64FromBits(INFINITE);
}

function isNaN64(value: f64): boolean {
  // biome-ignore lint/suspicious/noSelfCompare: the definition of NaN, with no call
  return !(value === value);
}

function ln2(): DoubleDouble {
  return new DoubleDouble(0.6931471805599453, 2.3190468138462996e-17);
}

function halfPi(): DoubleDouble {
  return new DoubleDouble(1.5707963267948966, 6.123233995736766e-17);
}
/** What halfPi leaves of pi / 2. */
const HALF_PI_REST = -1.4973849048591833e-33;

/** value * 2^exponent, rounding once also when the result is subnormal. */
function scale(value: DoubleDouble, exponent: number): f64 {
  let result = value.value();
  let left = exponent;
  while (left > 1000) {
    result = result * 1.0715086071862673e301;
    left -= 1000;
  }
  while (left < -1000) {
    result = result * 9.332636185032189e-302;
    left += 1000;
  }
  return result * powerOfTwo(left);
}

/** 2^exponent for -1022 to 1023. */
function powerOfTwo(exponent: number): f64 {
  return f64FromBits(BigInt.asUintN(64, BigInt(exponent + 1023) << 52n));
}

/** e^x for |x| below about 750, as r and n with e^x = r * 2^n. */
function exponential(x: DoubleDouble): DoubleDouble {
  // Halve the argument eight times, take the series, square the result back.
  const small = x.multiplyDouble(0.00390625);
  let term = new DoubleDouble(1, 0);
  let sum = new DoubleDouble(0, 0);
  for (let i = 1; i <= 14; i++) {
    const divisor: f64 = i;
    term = term.multiply(small).divide(new DoubleDouble(divisor, 0));
    sum = sum.add(term);
  }
  // With s = e^x - 1: squaring makes it 2 s + s^2, which loses nothing near zero.
  for (let i = 0; i < 8; i++) sum = sum.multiplyDouble(2).add(sum.multiply(sum));
  return sum;
}

function expOf(x: DoubleDouble): f64 {
  if (x.high > 709.8) return infinity();
  if (x.high < -745.2) return 0;
  const n = mathFloor(x.high / 0.6931471805599453 + 0.5);
  const reduced = x.add(ln2().multiplyDouble(n).negate());
  return scale(exponential(reduced).addDouble(1), Math.trunc(n));
}

export function mathExp(value: f64): f64 {
  if (isNaN64(value)) return value;
  return expOf(new DoubleDouble(value, 0));
}

export function mathExpm1(value: f64): f64 {
  if (isNaN64(value) || isTiny(value)) return value;
  if (value > 0.35 || value < -0.35) {
    const power = mathExp(value);
    return power - 1;
  }
  return exponential(new DoubleDouble(value, 0)).value();
}

/** ln of a positive finite number. */
function logOf(value: f64): DoubleDouble {
  let mantissa: f64 = value;
  let exponent: f64 = 0;
  while (mantissa >= 65536) {
    mantissa = mantissa * 0.0000152587890625;
    exponent = exponent + 16;
  }
  while (mantissa < 0.0000152587890625) {
    mantissa = mantissa * 65536;
    exponent = exponent - 16;
  }
  while (mantissa > 1.4142135623730951) {
    mantissa = mantissa * 0.5;
    exponent = exponent + 1;
  }
  while (mantissa < 0.7071067811865476) {
    mantissa = mantissa * 2;
    exponent = exponent - 1;
  }
  return ln2()
    .multiplyDouble(exponent)
    .add(logNearOne(DoubleDouble.sum(mantissa, -1)));
}

/** ln(1 + t) = 2 (s + s^3 / 3 + s^5 / 5 ...) with s = t / (2 + t). */
function logNearOne(t: DoubleDouble): DoubleDouble {
  const s = t.divide(t.addDouble(2));
  const square = s.multiply(s);
  let power = s;
  let sum = s;
  for (let i = 3; i <= 43; i += 2) {
    const divisor: f64 = i;
    power = power.multiply(square);
    sum = sum.add(power.divide(new DoubleDouble(divisor, 0)));
  }
  return sum.multiplyDouble(2);
}

export function mathLog(value: f64): f64 {
  if (isNaN64(value) || value < 0) return notANumber();
  if (value === 0) return -infinity();
  if (value === infinity()) return value;
  return logOf(value).value();
}

export function mathLog1p(value: f64): f64 {
  if (isNaN64(value) || value < -1) return notANumber();
  if (isTiny(value) || value === infinity()) return value;
  if (value > -0.29 && value < 0.41) return logNearOne(new DoubleDouble(value, 0)).value();
  return mathLog(1 + value);
}

export function mathLog2(value: f64): f64 {
  if (!(value > 0) || value === infinity()) return mathLog(value);
  return logOf(value).divide(ln2()).value();
}

export function mathLog10(value: f64): f64 {
  if (!(value > 0) || value === infinity()) return mathLog(value);
  return logOf(value).divide(new DoubleDouble(2.302585092994046, -2.1707562233822494e-16)).value();
}

/** base ** exponent. */
export function mathPow(base: f64, exponent: f64): f64 {
  if (exponent === 0) return 1;
  if (isNaN64(base) || isNaN64(exponent)) return notANumber();
  const whole = mathFloor(exponent) === exponent;
  const magnitude: f64 = base < 0 ? -base : base;
  if (exponent === infinity() || exponent === -infinity()) {
    if (magnitude === 1) return notANumber();
    return magnitude > 1 === exponent > 0 ? infinity() : 0;
  }
  const odd = whole && mathFloor(exponent * 0.5) * 2 !== exponent;
  let result: f64 = 0;
  if (magnitude === 0) result = exponent > 0 ? 0 : infinity();
  else if (magnitude === infinity()) result = exponent > 0 ? infinity() : 0;
  else if (base < 0 && !whole) return notANumber();
  else if (exponent > 1e17 || exponent < -1e17) {
    // The nearest magnitudes beside 1 over- or underflow here already.
    if (magnitude === 1) result = 1;
    else result = magnitude > 1 === exponent > 0 ? infinity() : 0;
  } else {
    const logarithm = logOf(magnitude).multiplyDouble(exponent);
    // Squaring is exact while it can be, but not where its parts overflow or vanish.
    const tame =
      logarithm.high < 600 && logarithm.high > -600 && magnitude < 1e140 && magnitude > 1e-140;
    result =
      whole && tame && exponent < 1024 && exponent > -1024
        ? wholePower(magnitude, exponent)
        : expOf(logarithm);
  }
  return odd && (base < 0 || 1 / base < 0) ? -result : result;
}

/** By squaring, in double-double. */
function wholePower(base: f64, exponent: f64): f64 {
  const negative = exponent < 0;
  let left = Math.trunc(negative ? -exponent : exponent);
  let square = new DoubleDouble(base, 0);
  let result = new DoubleDouble(1, 0);
  while (left > 0) {
    if (left % 2 === 1) result = result.multiply(square);
    left = Math.trunc(left / 2);
    if (left > 0) square = square.multiply(square);
  }
  if (negative) return new DoubleDouble(1, 0).divide(result).value();
  return result.value();
}

/** sin and cos of a reduced argument by their series. */
function sineSeries(x: DoubleDouble): DoubleDouble {
  const square = x.multiply(x).negate();
  let term = x;
  let sum = x;
  for (let i = 2; i <= 28; i += 2) {
    const divisor: f64 = i * (i + 1);
    term = term.multiply(square).divide(new DoubleDouble(divisor, 0));
    sum = sum.add(term);
  }
  return sum;
}

function cosineSeries(x: DoubleDouble): DoubleDouble {
  const square = x.multiply(x).negate();
  let term = new DoubleDouble(1, 0);
  let sum = term;
  for (let i = 1; i <= 27; i += 2) {
    const divisor: f64 = i * (i + 1);
    term = term.multiply(square).divide(new DoubleDouble(divisor, 0));
    sum = sum.add(term);
  }
  return sum;
}

/** An angle as a multiple of pi / 2 and a rest of at most pi / 4. */
class Angle {
  readonly quadrant: number;
  readonly rest: DoubleDouble;
  constructor(value: f64) {
    const n = mathFloor(value / 1.5707963267948966 + 0.5);
    const whole = halfPi().multiplyDouble(n);
    this.rest = DoubleDouble.sum(value, -whole.high)
      .addDouble(-whole.low)
      .addDouble(-HALF_PI_REST * n);
    this.quadrant = Math.trunc(n - mathFloor(n * 0.25) * 4);
  }
}

/** So close to zero that sin x, atan x, e^x - 1 and the like are x to the last place; also where products underflow. */
function isTiny(value: f64): boolean {
  return value < 1e-17 && value > -1e-17;
}

function isFinite64(value: f64): boolean {
  return value - value === 0;
}

function sineOf(angle: Angle, quarter: number): DoubleDouble {
  switch ((angle.quadrant + quarter) & 3) {
    case 0:
      return sineSeries(angle.rest);
    case 1:
      return cosineSeries(angle.rest);
    case 2:
      return sineSeries(angle.rest).negate();
    default:
      return cosineSeries(angle.rest).negate();
  }
}

export function mathSin(value: f64): f64 {
  if (!isFinite64(value)) return notANumber();
  if (isTiny(value)) return value;
  return sineOf(new Angle(value), 0).value();
}

export function mathCos(value: f64): f64 {
  if (!isFinite64(value)) return notANumber();
  if (isTiny(value)) return 1;
  return sineOf(new Angle(value), 1).value();
}

export function mathTan(value: f64): f64 {
  if (!isFinite64(value)) return notANumber();
  if (isTiny(value)) return value;
  const angle = new Angle(value);
  return sineOf(angle, 0).divide(sineOf(angle, 1)).value();
}

/** atan of a double-double: three halvings of the angle, then the series. */
function arcTangent(x: DoubleDouble): DoubleDouble {
  let reduced = x;
  for (let i = 0; i < 3; i++) {
    const root = reduced.multiply(reduced).addDouble(1).squareRoot();
    reduced = reduced.divide(root.addDouble(1));
  }
  const square = reduced.multiply(reduced).negate();
  let power = reduced;
  let sum = reduced;
  for (let i = 3; i <= 39; i += 2) {
    const divisor: f64 = i;
    power = power.multiply(square);
    sum = sum.add(power.divide(new DoubleDouble(divisor, 0)));
  }
  return sum.multiplyDouble(8);
}

export function mathAtan(value: f64): f64 {
  if (isNaN64(value) || isTiny(value)) return value;
  if (value > 1e17) return 1.5707963267948966;
  if (value < -1e17) return -1.5707963267948966;
  return arcTangent(new DoubleDouble(value, 0)).value();
}

export function mathAtan2(y: f64, x: f64): f64 {
  if (isNaN64(y) || isNaN64(x)) return notANumber();
  const below = y < 0 || (y === 0 && 1 / y < 0);
  const up: f64 = below ? -y : y;
  const right: f64 = x < 0 ? -x : x;
  const left = x < 0 || (x === 0 && 1 / x < 0);
  let angle = new DoubleDouble(0, 0);
  if (up === 0) angle = new DoubleDouble(0, 0);
  else if (right === 0) angle = halfPi();
  else if (up === infinity() && right === infinity()) angle = halfPi().multiplyDouble(0.5);
  else if (up === infinity()) angle = halfPi();
  else if (right === infinity()) angle = new DoubleDouble(0, 0);
  else if (up / right > 1e17) angle = halfPi();
  else if (!left && up / right < 1e-300) return y / x;
  else {
    // Away from the ends of the range, where exact products would leave it.
    const longer = up > right ? up : right;
    const factor: f64 = longer > 1e150 ? 1e-150 : longer < 1e-150 ? 1e150 : 1;
    angle = arcTangent(
      new DoubleDouble(up * factor, 0).divide(new DoubleDouble(right * factor, 0)),
    );
  }
  if (left) angle = halfPi().multiplyDouble(2).add(angle.negate());
  const result = angle.value();
  return below ? -result : result;
}

export function mathAsin(value: f64): f64 {
  if (!(value >= -1 && value <= 1)) return notANumber();
  if (isTiny(value)) return value;
  if (value === 1) return 1.5707963267948966;
  if (value === -1) return -1.5707963267948966;
  const root = DoubleDouble.product(value, value).negate().addDouble(1).squareRoot();
  return arcTangent(new DoubleDouble(value, 0).divide(root)).value();
}

export function mathAcos(value: f64): f64 {
  if (!(value >= -1 && value <= 1)) return notANumber();
  if (value === 1) return 0;
  if (value === -1) return 3.141592653589793;
  const root = DoubleDouble.product(value, value).negate().addDouble(1).squareRoot();
  return halfPi()
    .add(arcTangent(new DoubleDouble(value, 0).divide(root)).negate())
    .value();
}

export function mathSinh(value: f64): f64 {
  if (isTiny(value)) return value;
  if (value < 0.3 && value > -0.3) {
    const grown = mathExpm1(value);
    return (grown + grown / (grown + 1)) * 0.5;
  }
  return (mathExp(value) - mathExp(-value)) * 0.5;
}

export function mathCosh(value: f64): f64 {
  return (mathExp(value) + mathExp(-value)) * 0.5;
}

export function mathTanh(value: f64): f64 {
  if (isNaN64(value) || isTiny(value)) return value;
  if (value > 22) return 1;
  if (value < -22) return -1;
  const grown = mathExpm1(value * 2);
  return grown / (grown + 2);
}

export function mathHypot(a: f64, b: f64): f64 {
  const x: f64 = a < 0 ? -a : a;
  const y: f64 = b < 0 ? -b : b;
  if (x === infinity() || y === infinity()) return infinity();
  const longer = x > y ? x : y;
  const shorter = x > y ? y : x;
  if (isNaN64(a) || isNaN64(b)) return notANumber();
  if (longer === 0) return 0;
  const ratio = shorter / longer;
  if (longer > 1e150 || longer < 1e-140) return longer * Math.sqrt(1 + ratio * ratio);
  return DoubleDouble.product(longer, longer)
    .add(DoubleDouble.product(shorter, shorter))
    .squareRoot()
    .value();
}

export function mathCbrt(value: f64): f64 {
  if (isNaN64(value) || value === 0 || !isFinite64(value)) return value;
  const magnitude: f64 = value < 0 ? -value : value;
  const guess = expOf(logOf(magnitude).divide(new DoubleDouble(3, 0)));
  return value < 0 ? -guess : guess;
}
