// Numbers, control flow, functions.
function fib(n: number): number {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}
console.log(fib(20));
let total = 0;
for (let i = 0; i < 10; i++) {
  if (i === 3) continue;
  if (i === 8) break;
  total += i;
}
console.log('total', total);
console.log(Math.trunc(7 / 2), Math.trunc(-7 / 2), Math.floor(-7 / 2), Math.ceil(7 / 2), (7 / 2) | 0, -7 % 3);
console.log(1 << 31, 1 << 5, -1 >>> 0, -1 >>> 28, -8 >> 1, 0xff & 0x0f, 5 | 2, 5 ^ 1, ~5);
outer: for (let i = 0; i < 3; i++) {
  for (let j = 0; j < 3; j++) {
    if (j === 2) continue outer;
    if (i === 2) break outer;
    console.log(i, j);
  }
}
function name(k: number): string {
  switch (k) {
    case 1:
      return 'one';
    case 2:
    case 3:
      return 'few';
    default:
      return 'many';
  }
}
console.log(name(1), name(2), name(3), name(9));
function word(s: string): number {
  switch (s) {
    case 'a':
      return 1;
    case 'b':
      return 2;
  }
  return 0;
}
console.log(word('a'), word('b'), word('zz'));
let w = 3;
while (w > 0) w--;
do {
  w++;
} while (w < 5);
console.log(w, w++ + ++w, w);
const big = 0xffff_ffff_ffff_ffffn;
console.log(big, BigInt.asUintN(64, big + 1n), BigInt.asIntN(64, big), 5n * 7n, -5n / 2n, -5n % 3n, 1n << 40n);
let h = 0xcbf29ce484222325n;
for (let i = 0; i < 5; i++) h = BigInt.asUintN(64, (h ^ BigInt(i)) * 0x100000001b3n);
console.log(h, Number(h & 0xffffn));
console.log(true && false, !0 ? 'y' : 'n', 3 > 2, 'abc' < 'abd', 'x' + 1 + true);
const enum Color {
  Red = 1,
  Green,
}
enum Shape {
  Circle,
  Square = 5,
}
console.log(Color.Green, Shape.Square, Shape[5]);
const s = 'hello';
console.log(s.length, s[1], s.charCodeAt(0), s.slice(1, 3), s.indexOf('l'), s.toUpperCase(), `${s}-${total}!`);
function opt(a: number, b = 10, c?: number): number {
  return a + b + (c ?? 100);
}
console.log(opt(1), opt(1, 2), opt(1, 2, 3));
function sum(...xs: number[]): number {
  let r = 0;
  for (const x of xs) r += x;
  return r;
}
console.log(sum(), sum(1, 2, 3), sum(...[4, 5]));
