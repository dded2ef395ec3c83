function* fib(): Generator<number> {
  let a = 0;
  let b = 1;
  while (true) {
    yield a;
    [a, b] = [b, a + b];
  }
}
let out = '';
for (const x of fib()) {
  if (x > 100) break;
  out += x + ' ';
}
console.log(out);

export {};
