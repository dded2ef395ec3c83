const m = new Map<string, number>();
m.set('a', 1).set('b', 2);
m.set('a', 10);
console.log(m.size, m.get('a'), m.get('zz'), m.has('b'), m.delete('b'), m.delete('b'), m.size);
for (const [k, v] of m) console.log(k, v);
for (const k of m.keys()) console.log(k);
for (const v of m.values()) console.log(v);
m.forEach((v, k) => console.log(k + v));
m.clear();
console.log(m.size);

export {};
