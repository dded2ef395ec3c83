function* count(n: number): Generator<number> {
  for (let i = 0; i < n; i++) yield i;
}
function* chain(): Generator<number> {
  yield* count(2);
  yield 100;
  yield* count(3);
}
console.log([...count(4)].join(), [...chain()].join());
const g = count(1);
const a = g.next();
const b = g.next();
console.log(a.value, a.done, b.done);

export {};
