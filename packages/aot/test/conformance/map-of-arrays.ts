const groups = new Map<number, string[]>();
for (const w of ['a', 'bb', 'cc', 'd', 'eee']) {
  const g = groups.get(w.length);
  if (g === undefined) groups.set(w.length, [w]);
  else g.push(w);
}
for (const [n, ws] of groups) console.log(n, ws.join());
console.log([...groups.values()].map((g) => g.length).join());

export {};
