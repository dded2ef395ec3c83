class Res {
  static open = 0;
  constructor() {
    Res.open++;
  }
  close(): void {
    Res.open--;
  }
}
function use(depth: number): number {
  const r = new Res();
  try {
    if (depth === 0) throw new TypeError('deep');
    return use(depth - 1) + 1;
  } finally {
    r.close();
  }
}
try {
  use(5);
} catch (e) {
  console.log((e as Error).message, Res.open, e instanceof TypeError, e instanceof Error);
}

export {};
