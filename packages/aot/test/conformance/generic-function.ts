function identity<T>(x: T): T {
  return x;
}
function pairUp<A, B>(a: A, b: B): { first: A; second: B } {
  return { first: a, second: b };
}
function last<T>(xs: readonly T[]): T | undefined {
  return xs.length > 0 ? xs[xs.length - 1] : undefined;
}
console.log(identity(5), identity('s'), pairUp(1, 'x').second, pairUp(true, 2.5).second, last([1, 2, 3]), last(['q']), last<number>([]));

export {};
