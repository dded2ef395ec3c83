/** Fletcher's checksum over 32-bit words with 64-bit sums, as ZFS computes it. */
export function fletcher4(words: Uint32Array): bigint {
  let a = 0n;
  let b = 0n;
  let c = 0n;
  let d = 0n;
  for (let i = 0; i < words.length; i++) {
    a = BigInt.asUintN(64, a + BigInt(words[i]));
    b = BigInt.asUintN(64, b + a);
    c = BigInt.asUintN(64, c + b);
    d = BigInt.asUintN(64, d + c);
  }
  return BigInt.asUintN(64, a ^ b ^ c ^ d);
}

/** 256 KiB an iteration. */
export function run(iterations: number): string {
  const words = new Uint32Array(65536);
  for (let i = 0; i < words.length; i++) words[i] = (i * 2654435 + 12345) >>> 0;
  let digest = 0n;
  for (let n = 0; n < iterations; n++) digest = fletcher4(words);
  return String(digest);
}
