const a = [1, 2];
const b = [0, ...a, 3, ...a];
const c = [...b];
c[0] = 99;
console.log(b.join(), c.join(), Math.max(...a));
function sum(...xs: number[]): number {
  return xs.reduce((p, q) => p + q, 0);
}
console.log(sum(), sum(1), sum(...b), sum(5, ...a));

export {};
