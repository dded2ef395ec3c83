class Adder {
  constructor(private readonly n: number) {}
  add(x: number): number {
    return x + this.n;
  }
}
const adder = new Adder(10);
console.log([1, 2, 3].map((x) => adder.add(x)).join());

export {};
