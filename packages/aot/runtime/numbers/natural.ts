/**
 * Natural numbers of any size, as few operations as exact conversion between binary and decimal needs. @unchecked
 *
 * Limbs of 24 bits, least significant first: a limb times 10^8 stays far below 2^53 in both worlds.
 */
const LIMB_BITS = 24;
const LIMB = 0x100_0000;

export class Natural {
  private limbs: Uint32Array;
  private length: number;

  constructor(capacityBits: number) {
    this.limbs = new Uint32Array(Math.trunc(capacityBits / LIMB_BITS) + 3);
    this.length = 0;
  }

  /** Preconditions: a safe integer, not negative. */
  set(value: number): void {
    let rest = value;
    let i = 0;
    while (rest > 0) {
      const upper = Math.trunc(rest / LIMB);
      this.limbs[i] = rest - upper * LIMB;
      rest = upper;
      i++;
    }
    this.length = i;
  }

  isZero(): boolean {
    return this.length === 0;
  }

  /** this = this * factor + addend. Preconditions: both below 2^28. */
  multiplyAdd(factor: number, addend: number): void {
    let carry = addend;
    const length = this.length;
    const limbs = this.limbs;
    for (let i = 0; i < length; i++) {
      const product = limbs[i] * factor + carry;
      carry = Math.trunc(product / LIMB);
      limbs[i] = product - carry * LIMB;
    }
    let end = length;
    while (carry > 0) {
      const upper = Math.trunc(carry / LIMB);
      limbs[end] = carry - upper * LIMB;
      carry = upper;
      end++;
    }
    this.length = end;
  }

  multiplyByPowerOfTen(exponent: number): void {
    let left = exponent;
    while (left >= 8) {
      this.multiplyAdd(100_000_000, 0);
      left -= 8;
    }
    let factor = 1;
    while (left > 0) {
      factor *= 10;
      left--;
    }
    if (factor > 1) this.multiplyAdd(factor, 0);
  }

  shiftLeft(bits: number): void {
    if (this.length === 0) return;
    const whole = Math.trunc(bits / LIMB_BITS);
    const rest = bits - whole * LIMB_BITS;
    if (rest > 0) this.multiplyAdd(1 << rest, 0);
    if (whole === 0) return;
    const limbs = this.limbs;
    for (let i = this.length - 1; i >= 0; i--) limbs[i + whole] = limbs[i];
    for (let i = 0; i < whole; i++) limbs[i] = 0;
    this.length += whole;
  }

  bitLength(): number {
    if (this.length === 0) return 0;
    return (this.length - 1) * LIMB_BITS + 32 - Math.clz32(this.limbs[this.length - 1]);
  }

  /** Negative, zero or positive. */
  compare(other: Natural): number {
    if (this.length !== other.length) return this.length - other.length;
    for (let i = this.length - 1; i >= 0; i--) {
      const difference = this.limbs[i] - other.limbs[i];
      if (difference !== 0) return difference;
    }
    return 0;
  }

  /** Compares this + addend with other, without changing either. */
  compareSum(addend: Natural, other: Natural): number {
    const sum = new Natural(Math.max(this.length, addend.length) * LIMB_BITS + LIMB_BITS);
    sum.copyFrom(this);
    sum.add(addend);
    return sum.compare(other);
  }

  copyFrom(other: Natural): void {
    for (let i = 0; i < other.length; i++) this.limbs[i] = other.limbs[i];
    this.length = other.length;
  }

  add(other: Natural): void {
    let carry = 0;
    let i = 0;
    while (i < other.length || carry > 0) {
      let sum = carry;
      if (i < this.length) sum += this.limbs[i];
      if (i < other.length) sum += other.limbs[i];
      carry = sum >= LIMB ? 1 : 0;
      this.limbs[i] = sum - carry * LIMB;
      i++;
    }
    if (i > this.length) this.length = i;
  }

  /** Preconditions: not less than `other`. */
  subtract(other: Natural): void {
    let borrow = 0;
    for (let i = 0; i < this.length; i++) {
      let difference = this.limbs[i] - borrow;
      if (i < other.length) difference -= other.limbs[i];
      borrow = difference < 0 ? 1 : 0;
      this.limbs[i] = difference + borrow * LIMB;
    }
    while (this.length > 0 && this.limbs[this.length - 1] === 0) this.length--;
  }

  /** The quotient by `other`, leaving the remainder. Preconditions: it is small (a decimal digit). */
  divideSmall(other: Natural): number {
    let quotient = 0;
    while (this.compare(other) >= 0) {
      this.subtract(other);
      quotient++;
    }
    return quotient;
  }
}
