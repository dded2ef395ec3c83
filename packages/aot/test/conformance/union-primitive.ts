function show(x: number | string | boolean | undefined | null): string {
  if (typeof x === 'number') return `num ${x + 1}`;
  if (typeof x === 'string') return `str ${x.length}`;
  if (typeof x === 'boolean') return x ? 'yes' : 'no';
  if (x === undefined) return 'undef';
  return 'null';
}
console.log(show(1), show('abc'), show(true), show(undefined), show(null));
const mixed: (number | string)[] = [1, 'two', 3];
mixed.push('four');
let n = 0;
for (const m of mixed) n += typeof m === 'number' ? m : m.length;
console.log(n, mixed.join());

export {};
