class Permute {
  count = 0;
  private readonly values: number[] = [0, 1, 2, 3, 4, 5];

  private swap(i: number, j: number): void {
    const old = this.values[i];
    this.values[i] = this.values[j];
    this.values[j] = old;
  }

  permute(n: number): void {
    this.count += 1;
    if (n === 0) return;
    const last = n - 1;
    this.permute(last);
    for (let i = last; i >= 0; i--) {
      this.swap(last, i);
      this.permute(last);
      this.swap(last, i);
    }
  }
}

/** All permutations of six values, by recursion; 8,660 calls. */
export function run(iterations: number): string {
  let last = 0;
  for (let i = 0; i < iterations; i++) {
    const job = new Permute();
    job.permute(6);
    last = job.count;
  }
  return String(last);
}
