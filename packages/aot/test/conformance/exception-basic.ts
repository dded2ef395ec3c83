class MyError extends Error {
  constructor(readonly code: number) {
    super(`code ${code}`);
    this.name = 'MyError';
  }
}
function risky(n: number): number {
  if (n === 1) throw new Error('plain');
  if (n === 2) throw new MyError(42);
  if (n === 3) throw new RangeError('range');
  return n;
}
for (let i = 0; i < 4; i++) {
  try {
    console.log('got', risky(i));
  } catch (e) {
    if (e instanceof MyError) console.log('mine', e.code, e.message, e.name);
    else if (e instanceof Error) console.log(e.name, e.message);
  }
}

export {};
