const s = new Set<number>([3, 1, 3, 2]);
s.add(5).add(1);
console.log(s.size, s.has(3), s.has(9), s.delete(3), [...s].join());
const words = new Set('a b a c b'.split(' '));
console.log([...words].join(), Array.from(words).length);
for (const w of words) console.log(w);

export {};
