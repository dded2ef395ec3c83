const a = 0xffffffffffffffffn;
const b = 1n;
console.log(BigInt.asUintN(64, a + b), BigInt.asUintN(64, a * a), BigInt.asIntN(64, a), a > b, a === 18446744073709551615n);
console.log(BigInt.asUintN(64, a << 4n), a >> 60n, a & 0xf0f0n, BigInt.asUintN(64, a ^ 1n), BigInt.asUintN(64, ~b));
console.log(BigInt.asIntN(64, 5n - 9n), BigInt.asUintN(64, 5n - 9n));
console.log(17n / 5n, 17n % 5n, BigInt(42), Number(42n), Number(a & 0xffffn));

export {};
