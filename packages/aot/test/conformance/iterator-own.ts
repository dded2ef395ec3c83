class Range {
  constructor(
    private readonly from: number,
    private readonly to: number,
  ) {}
  [Symbol.iterator](): Iterator<number> {
    let i = this.from;
    const to = this.to;
    return {
      next(): IteratorResult<number> {
        return i < to ? { done: false, value: i++ } : { done: true, value: undefined };
      },
    };
  }
}
let s = 0;
for (const x of new Range(3, 7)) s = s * 10 + x;
console.log(s, [...new Range(0, 3)].join());

export {};
