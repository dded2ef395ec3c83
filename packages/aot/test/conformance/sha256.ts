const K: number[] = [];
function primes(n: number): number[] {
  const out: number[] = [];
  for (let c = 2; out.length < n; c++) if (out.every((p) => c % p !== 0)) out.push(c);
  return out;
}
for (const p of primes(64)) K.push(Math.trunc((Math.cbrt(p) % 1) * 4294967296));
const rotr = (x: number, n: number): number => ((x >>> n) | (x << (32 - n))) >>> 0;
console.log(K.length, K[0].toString(16), K[63].toString(16), rotr(0x80000001, 1).toString(16));

export {};
