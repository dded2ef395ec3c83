class MyError extends Error {
  constructor(
    message: string,
    readonly code: number,
  ) {
    super(message);
    this.name = 'MyError';
  }
}
function risky(n: number): number {
  if (n === 1) throw new MyError('one', 11);
  if (n === 2) throw new Error('two');
  if (n === 3) throw 'three';
  return n;
}
for (let i = 0; i < 4; i++) {
  try {
    console.log('got', risky(i));
  } catch (e) {
    if (e instanceof MyError) console.log(e.name, e.message, e.code);
    else if (e instanceof Error) console.log(e.message);
    else console.log('other', e === 'three');
  } finally {
    console.log('finally', i);
  }
}
function f(n: number): string {
  try {
    if (n === 0) return 'zero';
    risky(n);
    return 'ok';
  } catch {
    return 'caught';
  } finally {
    console.log('f-finally');
  }
}
console.log(f(0), f(1), f(9));
function nested(): number {
  for (let i = 0; i < 5; i++) {
    try {
      try {
        if (i === 1) continue;
        if (i === 3) break;
        risky(i);
      } finally {
        console.log('inner', i);
      }
    } catch (e) {
      console.log('outer', i);
    }
  }
  return 1;
}
console.log(nested());
const thrower = (x: number): number => {
  if (x > 1) throw new Error('big');
  return x;
};
try {
  console.log([1, 2, 3].map(thrower).length);
} catch (e) {
  console.log((e as Error).message);
}
