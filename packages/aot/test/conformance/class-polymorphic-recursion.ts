abstract class Expr {
  abstract eval(): number;
  abstract show(): string;
}
class Num extends Expr {
  constructor(private readonly n: number) {
    super();
  }
  eval(): number {
    return this.n;
  }
  show(): string {
    return String(this.n);
  }
}
class Bin extends Expr {
  constructor(
    private readonly op: string,
    private readonly l: Expr,
    private readonly r: Expr,
  ) {
    super();
  }
  eval(): number {
    const a = this.l.eval();
    const b = this.r.eval();
    if (this.op === '+') return a + b;
    if (this.op === '*') return a * b;
    return a - b;
  }
  show(): string {
    return `(${this.l.show()}${this.op}${this.r.show()})`;
  }
}
const e = new Bin('+', new Num(2), new Bin('*', new Num(3), new Bin('-', new Num(10), new Num(4))));
console.log(e.show(), e.eval());

export {};
