/** The suite's shared linear congruential generator, so that every language sees the same sequence. */
export class Random {
  private seed = 74755;

  next(): number {
    this.seed = (this.seed * 1309 + 13849) & 65535;
    return this.seed;
  }
}
