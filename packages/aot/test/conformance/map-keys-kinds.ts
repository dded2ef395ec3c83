class K {}
const k1 = new K();
const k2 = new K();
const m = new Map<K, string>([[k1, 'one'], [k2, 'two']]);
console.log(m.get(k1), m.get(k2), m.get(new K()));
const f = new Map<number | string, number>();
f.set(1, 1);
f.set('1', 2);
console.log(f.get(1), f.get('1'), f.size);
const b = new Map<bigint, number>([[5n, 1]]);
console.log(b.get(5n), b.get(6n));

export {};
