class Key {
  readonly id: number;
  constructor(id: number) {
    this.id = id;
  }
}
const numbers = new Map<number, string>();
for (let i = 0; i < 5000; i++) numbers.set((i * 7919) % 10007, `v${i}`);
for (let i = 0; i < 5000; i += 3) numbers.delete((i * 7919) % 10007);
let sum = 0;
let order = 0;
for (const [k, v] of numbers) {
  sum += k * v.length;
  order = (Math.imul(order, 33) + k) | 0;
}
console.log(numbers.size, sum, order, numbers.get(7919), numbers.get(1), numbers.has(10006));
const words = new Map<string, number>();
for (let i = 0; i < 3000; i++) {
  const w = `w${i % 500}${i % 7 === 0 ? 'é€' : ''}`;
  words.set(w, (words.get(w) ?? 0) + 1);
}
console.log(words.size, words.get('w1'), words.get('w0é€'), [...words.keys()].slice(0, 5), [...words.values()].slice(0, 10));
const byObject = new Map<Key, number>();
const keys: Key[] = [];
for (let i = 0; i < 200; i++) {
  const k = new Key(i);
  keys.push(k);
  byObject.set(k, i * i);
}
console.log(byObject.size, byObject.get(keys[14]!), byObject.get(new Key(14)), byObject.has(keys[199]!));
const set = new Set<string>();
for (let i = 0; i < 1000; i++) set.add(`s${i % 77}`);
set.delete('s3');
set.add('s3');
console.log(set.size, [...set].slice(-2), set.has('s76'), set.has('s77'));
const queue = new Map<number, number>();
let head = 0;
let total = 0;
for (let i = 0; i < 20000; i++) {
  queue.set(i, i * 2);
  if (queue.size > 50) {
    for (const k of queue.keys()) {
      head = k;
      break;
    }
    total += queue.get(head)!;
    queue.delete(head);
  }
}
console.log(queue.size, head, total);
const growing = new Map<number, number>([[0, 0]]);
let visited = 0;
for (const [k] of growing) {
  visited++;
  if (k < 100) growing.set(k + 1, k);
  if (k % 2 === 0) growing.delete(k);
}
console.log(visited, growing.size);
const bigs = new Map<bigint, string>([[1n, 'one'], [1n << 40n, 'big']]);
console.log(bigs.get(1099511627776n), bigs.get(3n), bigs.size);
const mixed = new Map<string | number, boolean>([['1', true], [1, false]]);
console.log(mixed.get('1'), mixed.get(1), mixed.size);
const fl = new Map<number, number>();
fl.set(1, 2).set(3, 4);
fl.forEach((v, k) => console.log(k, v));
fl.clear();
console.log(fl.size, fl, new Set(), new Map([['a', { b: [1, 2] }]]), new Set([1, 'x', true]));
