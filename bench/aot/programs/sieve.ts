function sieve(flags: boolean[], size: number): number {
  let primes = 0;
  for (let i = 2; i <= size; i++) {
    if (flags[i - 1]) {
      primes += 1;
      for (let k = i + i; k <= size; k += i) flags[k - 1] = false;
    }
  }
  return primes;
}

/** Primes up to 5,000 by Eratosthenes; 669. */
export function run(iterations: number): string {
  let primes = 0;
  for (let i = 0; i < iterations; i++) {
    primes = sieve(new Array<boolean>(5000).fill(true), 5000);
  }
  return String(primes);
}
