const m = new Map<string, number>();
for (let i = 0; i < 20000; i++) m.set(`key${i}`, i);
let sum = 0;
for (let i = 0; i < 20000; i += 7) sum += m.get(`key${i}`) ?? 0;
for (let i = 0; i < 20000; i += 2) m.delete(`key${i}`);
console.log(sum, m.size, m.has('key1'), m.has('key2'));

export {};
