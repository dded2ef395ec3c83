function f(a: number, b = 10, c?: string, ...rest: number[]): string {
  return `${a} ${b} ${c ?? 'none'} ${rest.length}`;
}
console.log(f(1), f(1, 2), f(1, undefined, 'x'), f(1, 2, 'y', 3, 4, 5));

export {};
