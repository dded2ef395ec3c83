/**
 * Arithmetic with pairs of doubles whose sum is the value: about 106 bits, so that elementary functions computed in it and
 * rounded once are right in all but very rare cases. Error-free sums and products after Dekker and Knuth.
 */
import type { f64 } from '@tessera/machine';

/** 2^27 + 1 splits a double into two halves whose products are exact. */
const SPLITTER = 134217729;

export class DoubleDouble {
  readonly high: f64;
  readonly low: f64;
  constructor(high: f64, low: f64) {
    this.high = high;
    this.low = low;
  }

  /** high + low with |low| at most half a last place of high. */
  static sum(a: f64, b: f64): DoubleDouble {
    const sum = a + b;
    const part = sum - a;
    return new DoubleDouble(sum, a - (sum - part) + (b - part));
  }

  static product(a: f64, b: f64): DoubleDouble {
    const product = a * b;
    const ta = SPLITTER * a;
    const aHigh = ta - (ta - a);
    const aLow = a - aHigh;
    const tb = SPLITTER * b;
    const bHigh = tb - (tb - b);
    const bLow = b - bHigh;
    return new DoubleDouble(
      product,
      aHigh * bHigh - product + aHigh * bLow + aLow * bHigh + aLow * bLow,
    );
  }

  add(other: DoubleDouble): DoubleDouble {
    const s = DoubleDouble.sum(this.high, other.high);
    const t = DoubleDouble.sum(this.low, other.low);
    const u = DoubleDouble.sum(s.high, s.low + t.high);
    return DoubleDouble.sum(u.high, u.low + t.low);
  }

  addDouble(other: f64): DoubleDouble {
    const s = DoubleDouble.sum(this.high, other);
    return DoubleDouble.sum(s.high, s.low + this.low);
  }

  negate(): DoubleDouble {
    return new DoubleDouble(-this.high, -this.low);
  }

  multiply(other: DoubleDouble): DoubleDouble {
    const p = DoubleDouble.product(this.high, other.high);
    return DoubleDouble.sum(p.high, p.low + this.high * other.low + this.low * other.high);
  }

  multiplyDouble(other: f64): DoubleDouble {
    const p = DoubleDouble.product(this.high, other);
    return DoubleDouble.sum(p.high, p.low + this.low * other);
  }

  divide(other: DoubleDouble): DoubleDouble {
    const first = this.high / other.high;
    const rest = this.add(other.multiplyDouble(first).negate());
    const second = rest.high / other.high;
    const last = rest.add(other.multiplyDouble(second).negate());
    return DoubleDouble.sum(first, second).addDouble(last.high / other.high);
  }

  squareRoot(): DoubleDouble {
    const first = Math.sqrt(this.high);
    if (first === 0) return new DoubleDouble(0, 0);
    const rest = this.add(DoubleDouble.product(first, first).negate());
    return DoubleDouble.sum(first, rest.high / (2 * first));
  }

  value(): f64 {
    return this.high + this.low;
  }
}
