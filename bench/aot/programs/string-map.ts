/** 100,000 counted keys an iteration: concatenation, lookup and update of a Map of strings. */
export function run(iterations: number): string {
  let total = 0;
  for (let n = 0; n < iterations; n++) {
    const counts = new Map<string, number>();
    for (let i = 0; i < 100000; i++) {
      const key = 'key' + (i % 5000);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    total = 0;
    for (const [key, count] of counts) total += key.length * count;
  }
  return String(total);
}
