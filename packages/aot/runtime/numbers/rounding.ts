/** Rounding and remainders of doubles, exact. Functions named `math…` are those of Math. */
import type { f64 } from '@tessera/machine';
import { f64Bits, f64FromBits } from '../primitives.js';

/** From here on every double is an integer. */
const NO_FRACTION = 4503599627370496;

/** Whether there is nothing to round: large, infinite, or not a number. */
function isWhole(value: f64): boolean {
  return !(value < NO_FRACTION && value > -NO_FRACTION);
}

export function mathTrunc(value: f64): f64 {
  if (isWhole(value)) return value;
  const whole: f64 = Math.trunc(value);
  return whole;
}

export function mathFloor(value: f64): f64 {
  if (isWhole(value)) return value;
  const whole: f64 = Math.trunc(value);
  return whole > value ? whole - 1 : whole;
}

export function mathCeil(value: f64): f64 {
  if (isWhole(value)) return value;
  const whole: f64 = Math.trunc(value);
  return whole < value ? whole + 1 : whole;
}

/** Halves go up, also below zero. */
export function mathRound(value: f64): f64 {
  const below = mathFloor(value);
  return value - below >= 0.5 ? below + 1 : below;
}

export function mathSign(value: f64): f64 {
  if (value > 0) return 1;
  if (value < 0) return -1;
  return value;
}

/** `left % right` of doubles: the sign of `left`, exact. */
export function floatRemainder(left: f64, right: f64): f64 {
  const a: f64 = left < 0 ? -left : left;
  const b: f64 = right < 0 ? -right : right;
  // NaN operands, an infinite dividend and a zero divisor have no remainder.
  if (!(a < f64FromBits(0x7ff0_0000_0000_0000n)) || !(b > 0))
    return f64FromBits(0x7ff8_0000_0000_0000n);
  if (a < b) return left;
  let rest: f64 = a;
  while (rest >= b) {
    // The largest doubling of b that fits: its exponent, or one less. Subtracting it is exact.
    let step = withExponentOf(b, rest);
    if (step > rest) step = step * 0.5;
    if (step < b) step = b;
    rest = rest - step;
  }
  const negative = f64Bits(left) >> 63n !== 0n;
  return negative ? -rest : rest;
}

/** b * 2^n with the exponent of `like`. Preconditions: both positive, b not greater. */
function withExponentOf(b: f64, like: f64): f64 {
  let scaled: f64 = b;
  // Subnormals have no exponent of their own: double until they do.
  while (scaled < 2.2250738585072014e-308 && scaled * 2 <= like) {
    scaled = scaled * 2;
  }
  if (scaled < 2.2250738585072014e-308) return scaled;
  const fraction = BigInt.asUintN(52, f64Bits(scaled));
  const exponent = BigInt.asUintN(64, BigInt.asUintN(11, f64Bits(like) >> 52n) << 52n);
  return f64FromBits(BigInt.asUintN(64, exponent | fraction));
}
