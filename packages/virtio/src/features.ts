/** Feature bits (virtio 1.3, 2.2 and 6) and the 64-bit set they travel in. Immutable. */

export const FEATURE_NOTIFY_ON_EMPTY = 24;
export const FEATURE_ANY_LAYOUT = 27;
export const FEATURE_INDIRECT = 28;
export const FEATURE_EVENT_INDEX = 29;
export const FEATURE_VERSION_1 = 32;
export const FEATURE_ACCESS_PLATFORM = 33;
export const FEATURE_PACKED = 34;
export const FEATURE_IN_ORDER = 35;
export const FEATURE_ORDER_PLATFORM = 36;
export const FEATURE_NOTIFICATION_DATA = 38;
export const FEATURE_QUEUE_RESET = 40;

export class Features {
  /** Bits 0..31, unsigned. */
  readonly low: number;
  /** Bits 32..63, unsigned. */
  readonly high: number;

  constructor(low: number, high: number) {
    this.low = low >>> 0;
    this.high = high >>> 0;
  }

  static of(bits: readonly number[]): Features {
    let set = new Features(0, 0);
    for (const bit of bits) set = set.with(bit);
    return set;
  }

  has(bit: number): boolean {
    if (bit < 32) return ((this.low >>> bit) & 1) === 1;
    return ((this.high >>> (bit - 32)) & 1) === 1;
  }

  with(bit: number): Features {
    if (bit < 32) return new Features(this.low | (1 << bit), this.high);
    return new Features(this.low, this.high | (1 << (bit - 32)));
  }

  without(bit: number): Features {
    if (bit < 32) return new Features(this.low & ~(1 << bit), this.high);
    return new Features(this.low, this.high & ~(1 << (bit - 32)));
  }

  and(other: Features): Features {
    return new Features(this.low & other.low, this.high & other.high);
  }

  or(other: Features): Features {
    return new Features(this.low | other.low, this.high | other.high);
  }

  equals(other: Features): boolean {
    return this.low === other.low && this.high === other.high;
  }

  isSubsetOf(other: Features): boolean {
    return this.and(other).equals(this);
  }

  toString(): string {
    return `0x${this.high.toString(16).padStart(8, '0')}${this.low.toString(16).padStart(8, '0')}`;
  }
}

/** What only makes sense together: a set that a driver may accept, or a device may allow. */
export function closeFeatures(wanted: Features): Features {
  let set = wanted;
  // Packed rings, in-order use and queue reset exist for modern devices only.
  if (!set.has(FEATURE_VERSION_1)) {
    set = set.without(FEATURE_PACKED).without(FEATURE_IN_ORDER).without(FEATURE_QUEUE_RESET);
    set = set.without(FEATURE_ACCESS_PLATFORM).without(FEATURE_ORDER_PLATFORM);
    set = set.without(FEATURE_NOTIFICATION_DATA);
  }
  return set;
}
