function times(count: number, action: (index: number) => void): void {
  for (let i = 0; i < count; i++) action(i);
}

function adder(step: number): (value: number) => number {
  return (value) => value + step;
}

/** A million closures made and called an iteration, and one passed to a callee that loops. */
export function run(iterations: number): string {
  let sum = 0;
  for (let n = 0; n < iterations; n++) {
    sum = 0;
    for (let i = 0; i < 1000000; i++) sum = adder(i & 7)(sum) & 0xffffff;
    times(1000000, (index) => {
      sum = (sum + index) & 0xffffff;
    });
  }
  return String(sum);
}
