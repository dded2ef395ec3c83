class Ok<T> {
  readonly ok = true as const;
  constructor(readonly value: T) {}
}
class Err<E> {
  readonly ok = false as const;
  constructor(readonly error: E) {}
}
type Result<T, E> = Ok<T> | Err<E>;
function parse(s: string): Result<number, string> {
  const n = Number(s);
  return Number.isNaN(n) ? new Err(`bad ${s}`) : new Ok(Math.trunc(n));
}
for (const s of ['12', 'x1']) {
  const r = parse(s);
  console.log(r.ok ? r.value + 1 : r.error);
}

export {};
