function find(xs: number[], x: number): number | undefined {
  for (let i = 0; i < xs.length; i++) if (xs[i] === x) return i;
  return undefined;
}
const at = find([5, 6, 7], 7);
console.log(at, find([1], 2), at === undefined ? -1 : at * 2, find([1], 1) ?? 99, find([1], 5) ?? 99);
let maybe: number | undefined = at;
if (maybe !== undefined) maybe += 10;
console.log(maybe);

export {};
