class Cell {
  constructor(
    readonly n: number,
    readonly next: Cell | undefined,
  ) {}
}
let keep: Cell | undefined;
let total = 0;
for (let i = 0; i < 200000; i++) {
  const c = new Cell(i, i % 1000 === 0 ? keep : undefined);
  if (i % 1000 === 0) keep = c;
  total += c.n & 1;
}
let n = 0;
for (let c = keep; c !== undefined; c = c.next) n++;
console.log(n, total);

export {};
