function minMax(xs: number[]): [number, number] {
  let lo = xs[0];
  let hi = xs[0];
  for (const x of xs) {
    if (x < lo) lo = x;
    if (x > hi) hi = x;
  }
  return [lo, hi];
}
const [lo, hi] = minMax([4, 8, -1]);
const pair: [string, number] = ['k', 5];
console.log(lo, hi, pair[0], pair[1], pair.length);
const [p, q] = pair;
console.log(p + q);

export {};
