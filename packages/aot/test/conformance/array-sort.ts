const a = [10, 9, 1, 100, 25];
console.log([...a].sort().join(), [...a].sort((x, y) => x - y).join(), [...a].sort((x, y) => y - x).join());
interface Row {
  key: number;
  tag: string;
}
const rows: Row[] = [];
for (let i = 0; i < 20; i++) rows.push({ key: i % 3, tag: `t${i}` });
rows.sort((p, q) => p.key - q.key);
console.log(rows.map((r) => `${r.key}${r.tag}`).join(' '));

export {};
