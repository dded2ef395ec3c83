const a: number[] = [];
for (let i = 0; i < 40; i++) a.push((i * 37) % 41);
console.log(a.length, a.indexOf(5), a.lastIndexOf(40), a.includes(41), a.slice(3, 6), a.slice(-2), a.at(-1), a.at(99));
console.log(a.map((x) => x * 2).filter((x) => x % 3 === 0).reduce((s, x) => s + x, 0), a.some((x) => x === 40), a.every((x) => x < 41));
console.log(a.find((x) => x > 38), a.findIndex((x) => x > 100));
const b = [...a];
b.sort((x, y) => x - y);
console.log(b.join(' '));
b.sort((x, y) => (x % 10) - (y % 10));
console.log(b.join(' '));
console.log([10, 9, 1, 100].sort(), ['b', 'a', 'c'].sort(), [true, false].sort(), ['x10', 'x9'].sort().reverse());
const c = [1, 2, 3, 4, 5];
console.log(c.splice(1, 2), c, c.splice(-1), c, c.splice(1, 0, 7, 8, 9), c);
console.log(c.shift(), c.unshift(0, -1), c, c.pop(), c.reverse(), c.concat([5, 6], [7]), c.fill(3, 1, 3));
console.log([[1, 2], [3], []].flat(), [1, 2, 3].flatMap((x) => [x, x * 10]), Array.from({ length: 4 }, (_, i) => i * i));
console.log([1, 2, 3, 4, 5].copyWithin(0, 3), new Array<number>(3).fill(7), Array.of(1, 2));
const words = ['delta', 'alpha', 'charlie', 'bravo'];
for (const [i, w] of words.entries()) console.log(i, w);
console.log([...words].sort(), words, words.map((w) => w.length), words.reduceRight((s, w) => s + w[0], ''));
const queue: number[] = [];
let out = 0;
for (let i = 0; i < 3000; i++) {
  queue.push(i);
  if (i % 3 !== 0) out += queue.shift()!;
}
console.log(queue.length, out);
type f64 = number & { readonly __kind?: 'f64' };
const floats: f64[] = [0.5, 1.25, -3.75];
floats.push(1 / 3);
console.log(floats, floats.indexOf(1.25), Math.max(...[1, 2, 3]));
interface P {
  name: string;
  age: number;
}
const people: P[] = [{ name: 'Ann', age: 30 }, { name: 'Bob', age: 25 }, { name: 'Cy', age: 30 }];
people.sort((x, y) => x.age - y.age || (x.name < y.name ? 1 : -1));
console.log(people, people.map((p) => p.name).join());
const grid = Array.from({ length: 3 }, () => new Array<number>(3).fill(0));
grid[1]![2] = 5;
console.log(grid, grid.length);
const many = Array.from({ length: 130 }, (_, i) => i);
console.log(many, many.map((x) => `n${x % 7}`));
a.length = 3;
console.log(a, a.length);
