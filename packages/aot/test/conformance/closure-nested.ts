function compose(f: (x: number) => number, g: (x: number) => number): (x: number) => number {
  return (x) => g(f(x));
}
const inc = (x: number): number => x + 1;
const dbl = (x: number): number => x * 2;
console.log(compose(inc, dbl)(5), compose(dbl, inc)(5), compose(compose(inc, inc), dbl)(1));
function curry(a: number): (b: number) => (c: number) => number {
  return (b) => (c) => a * 100 + b * 10 + c;
}
console.log(curry(1)(2)(3));

export {};
