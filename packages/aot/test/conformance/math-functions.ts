console.log(Math.hypot(3, 4), Math.cbrt(27), Math.log2(8), Math.exp(0), Math.pow(2, 10), 2 ** 8, Math.PI > 3.14);
console.log(Math.abs(-2.5), Math.sign(-0.5), Math.fround(0.1));

export {};
