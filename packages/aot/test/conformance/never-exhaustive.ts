type T = { k: 'a'; n: number } | { k: 'b' };
function unreachable(x: never): never {
  throw new Error(`unexpected ${String(x)}`);
}
function f(t: T): number {
  switch (t.k) {
    case 'a':
      return t.n;
    case 'b':
      return 0;
    default:
      return unreachable(t);
  }
}
console.log(f({ k: 'a', n: 3 }), f({ k: 'b' }));

export {};
