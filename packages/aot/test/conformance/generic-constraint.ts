interface HasId {
  id: number;
}
function index<T extends HasId>(xs: T[]): Map<number, T> {
  const m = new Map<number, T>();
  for (const x of xs) m.set(x.id, x);
  return m;
}
const m = index([{ id: 4, v: 'four' }, { id: 5, v: 'five' }]);
console.log(m.get(4)?.v, m.get(5)?.v, m.get(6)?.v, m.size);

export {};
