type f64 = number & { readonly __kind?: 'f64' };
console.log(0, -1, 42, 9007199254740991, -9007199254740991);
console.log((255).toString(16), (255).toString(2), (-255).toString(36), (9007199254740991).toString(32));
console.log(0.1 + 0.2, 1 / 3, 1e21, 1.5e300, 5e-324, 1.7976931348623157e308, 123456789.125, -0.000001, 1e-7, 100.5);
console.log(1e21 + 0.5, 4.35, 0.000123, 2.5e-5, 12345678901234567890.5, 0.1 * 3);
console.log((1.005).toFixed(2), (2.5).toFixed(0), (1e-10).toFixed(3), (123.456).toFixed(1), (0.5).toFixed(0), (-1.5).toFixed(0));
console.log(Number('12.5'), Number(' 1e3 '), Number('0x1f'), Number(''), Number('abc'), Number('-.5'), Number('Infinity'), Number('1_0'));
console.log(parseFloat('3.14abc'), parseFloat('.5'), parseFloat('-1e-3x'), parseFloat('x'));
console.log(parseInt('42px', 10), parseInt('ff', 16), parseInt('0x1F', 16), parseInt('-101', 2), parseInt('z', 36));
console.log(9007199254740991n, -5n, 18446744073709551615n, BigInt('123456789012345678'), BigInt.asUintN(64, -1n), BigInt.asIntN(64, 1n << 63n));
console.log((255n).toString(16), String(12n), `${7n}`);
for (let i = 0; i < 20; i++) {
  const x = Math.sqrt(i * 7919 + 0.5) / (i + 1);
  console.log(x, x * 1e10, x / 1e10, Math.round(x * 1000) / 1000);
}
console.log(Math.floor(-1.5), Math.ceil(-1.5), Math.round(-1.5), Math.trunc(-1.5), Math.round(2.5), Math.round(0.49999999999999994));
console.log(5.5 % 2, -5.5 % 2, 1e17 % 7.5, 5 % 3, -5 % 3);
console.log(Math.max(1, 5, 3), Math.min(2.5, -1), Math.abs(-3.25), Math.sign(-2.5), Math.clz32(1), Math.imul(0xffffffff, 5));
console.log([0.1, 1 / 3, 2.5], [1, 2, 3], [1n, 2n]);
