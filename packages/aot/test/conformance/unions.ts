type Shape = { kind: 'circle'; r: number } | { kind: 'rect'; w: number; h: number };
function area(s: Shape): number {
  switch (s.kind) {
    case 'circle':
      return s.r * s.r * 3;
    case 'rect':
      return s.w * s.h;
  }
}
const shapes: Shape[] = [
  { kind: 'circle', r: 2 },
  { kind: 'rect', w: 3, h: 4 },
];
for (const s of shapes) console.log(s.kind, area(s));
function find(xs: number[], x: number): number | undefined {
  for (let i = 0; i < xs.length; i++) if (xs[i] === x) return i;
  return undefined;
}
console.log(find([1, 2, 3], 2), find([1], 9), find([1], 9) ?? -1, find([7], 7) === 0);
function show(v: string | number | boolean | undefined | null): string {
  if (typeof v === 'string') return `s:${v}`;
  if (typeof v === 'number') return `n:${v + 1}`;
  if (typeof v === 'boolean') return `b:${v}`;
  if (v === null) return 'null';
  return 'undef';
}
console.log(show('x'), show(4), show(true), show(undefined), show(null));
interface Opt {
  a: number;
  b?: string;
  c?: { d: number };
}
function f(o: Opt): string {
  return `${o.a} ${o.b ?? 'none'} ${o.c?.d ?? -1}`;
}
console.log(f({ a: 1 }), f({ a: 2, b: 'x' }), f({ a: 3, c: { d: 9 } }));
type Result<T> = { ok: true; value: T } | { ok: false; error: string };
function parse(s: string): Result<number> {
  if (s === '') return { ok: false, error: 'empty' };
  return { ok: true, value: s.length };
}
for (const s of ['', 'abc']) {
  const r = parse(s);
  console.log(r.ok ? r.value : r.error);
}
const { a, ...rest } = { a: 1, b: 'two', c: 3 };
console.log(a, rest.b, rest.c);
const [p, q = 5, ...more] = [1, 2, 3, 4];
console.log(p, q, more.join(','));
const pair: [string, number] = ['k', 1];
const [pk, pv] = pair;
console.log(pk, pv, pair.length);
function swap<T, U>([x, y]: [T, U]): [U, T] {
  return [y, x];
}
console.log(swap(['l', 2])[0]);
const base = { x: 1, y: 2 };
const ext = { ...base, y: 5, z: 'q' };
console.log(ext.x, ext.y, ext.z);
let u: string | undefined;
console.log(u?.length, u === undefined);
u = 'abc';
console.log(u?.length);
class N {
  next: N | null = null;
  constructor(public v: number) {}
}
const n = new N(1);
n.next = new N(2);
let sum = 0;
for (let k: N | null = n; k !== null; k = k.next) sum += k.v;
console.log(sum, n.next?.next?.v);
