// A counter per second, as RFC 4443 2.4 (f) and RFC 5961 section 7 ask for.

const SECOND_US = 1_000_000;

export class RateLimit {
  readonly #perSecondMax: number;
  #windowStartUs = 0;
  #used = 0;

  constructor(perSecondMax: number) {
    this.#perSecondMax = perSecondMax;
  }

  /** True when one more event may happen now. */
  allow(now: number): boolean {
    if (now - this.#windowStartUs >= SECOND_US) {
      this.#windowStartUs = now;
      this.#used = 0;
    }
    if (this.#used >= this.#perSecondMax) return false;
    this.#used += 1;
    return true;
  }
}
