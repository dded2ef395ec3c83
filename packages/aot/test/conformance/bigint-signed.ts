const m = BigInt.asIntN(64, -5n);
console.log(m, BigInt.asIntN(64, m * 3n), m / 2n, m % 2n, m >> 1n, m < 0n);
let sum = 0n;
for (let i = 0; i < 10; i++) sum = BigInt.asIntN(64, sum - BigInt(i));
console.log(sum, String(sum), `${sum}`, sum.toString());

export {};
