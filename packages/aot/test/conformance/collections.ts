const m = new Map<string, number>();
m.set('a', 1).set('b', 2).set('c', 3);
m.delete('b');
m.set('d', 4);
console.log(m.size, m.get('a'), m.get('zz'), m.has('c'));
for (const [k, v] of m) console.log(k, v);
for (const k of m.keys()) console.log(k);
let t = 0;
m.forEach((v) => {
  t += v;
});
console.log(t, [...m.values()].join());
const s = new Set([1, 2, 2, 3]);
s.add(9);
console.log(s.size, s.has(2), [...s].join());
const nm = new Map<number, string[]>([
  [1, ['x']],
  [2, []],
]);
nm.get(2)!.push('y', 'z');
console.log(nm.get(2)!.length, nm.get(1)![0]);
const a = [5, 3, 8];
a.push(1);
a.unshift(0);
console.log(a.join(), a.pop(), a.shift(), a.length, a.indexOf(8), a.includes(3), a.slice(1).join(), a.concat([7, 7]).join(), a.reverse().join());
console.log(a.map((x) => x * 2).join(), a.find((x) => x > 4), a.findIndex((x) => x === 100));
const grid: number[][] = [];
for (let i = 0; i < 3; i++) {
  grid.push([]);
  for (let j = 0; j < 3; j++) grid[i]!.push(i * j);
}
console.log(grid.map((r) => r.join(' ')).join('\n'));
const names = ['bob', 'al', 'cy'];
names.sort();
console.log(names.join(), names.map((x) => x.length).join());
const u8 = new Uint8Array(8);
u8[0] = 300;
u8[1] = 7;
const dv = new DataView(u8.buffer);
dv.setUint16(2, 0x1234);
dv.setUint32(4, 0xdeadbeef, true);
console.log([...u8].join(), dv.getUint16(2), dv.getUint16(2, true), dv.getUint32(4), u8.subarray(2, 4).length);
const fl = new Array<number>(3).fill(7);
console.log(fl.join());
console.log('a,b,c'.split(',').length, ' x '.trim(), 'abc'.padStart(5, '-'), 'x'.repeat(3), 'hello'.includes('ell'), parseInt('42', 10));
for (const ch of 'héy') console.log(ch);
console.log(Array.from({ length: 3 }, (_, i) => i * i).join());
