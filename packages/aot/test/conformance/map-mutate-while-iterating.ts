const m = new Map<number, number>([[1, 1], [2, 2], [3, 3]]);
let seen = '';
for (const [k] of m) {
  seen += k;
  if (k === 1) m.delete(2);
  if (k === 3 && m.size < 6) m.set(k + 10, 0);
}
console.log(seen, [...m.keys()].join());

export {};
