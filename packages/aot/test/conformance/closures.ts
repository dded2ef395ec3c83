function counter(): () => number {
  let n = 0;
  return () => ++n;
}
const c1 = counter();
const c2 = counter();
console.log(c1(), c1(), c2());
const fs: (() => number)[] = [];
for (let i = 0; i < 3; i++) fs.push(() => i * 10);
console.log(fs.map((f) => f()).join(','));
const add = (a: number) => (b: number) => a + b;
console.log(add(3)(4));
const xs = [3, 1, 2];
console.log([...xs].sort((a, b) => a - b).join(' '), xs.filter((x) => x > 1).join('|'), xs.reduce((a, x) => a + x, 0), xs.some((x) => x === 3), xs.every((x) => x > 0));
function even(n: number): boolean {
  function odd(m: number): boolean {
    return m === 0 ? false : even2(m - 1);
  }
  function even2(m: number): boolean {
    return m === 0 ? true : odd(m - 1);
  }
  return even2(n);
}
console.log(even(10), even(7));
function outer(k: number): number {
  function inner(m: number): number {
    return m === 0 ? k : inner(m - 1) + k;
  }
  return inner(3);
}
console.log(outer(5));
class Button {
  private handlers: ((x: string) => void)[] = [];
  label = 'b';
  on(h: (x: string) => void): void {
    this.handlers.push(h);
  }
  fire(): void {
    for (const h of this.handlers) h(this.label);
  }
  arrow = (s: string): string => this.label + s;
}
const btn = new Button();
let log = '';
btn.on((x) => {
  log += x;
});
btn.on((x) => {
  log += x + x;
});
btn.fire();
console.log(log, btn.arrow('!'));
const make = (x: number, label = 'dflt'): string => `${label}${x}`;
const g: (x: number) => string = make;
console.log(g(4), make(1, 'z'));
const obj = {
  n: 5,
  inc(by: number): number {
    this.n += by;
    return this.n;
  },
};
console.log(obj.inc(2), obj.inc(3), obj.n);
const fact = (n: number): number => (n <= 1 ? 1 : n * fact(n - 1));
console.log(fact(10));
