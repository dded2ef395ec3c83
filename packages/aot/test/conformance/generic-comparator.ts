function maxBy<T>(xs: readonly T[], key: (x: T) => number): T {
  let best = xs[0];
  for (const x of xs) if (key(x) > key(best)) best = x;
  return best;
}
console.log(maxBy(['aa', 'b', 'cccc'], (s) => s.length), maxBy([3, -9, 4], (n) => n * n));

export {};
