const x = 3.99;
console.log(Math.trunc(x), Math.floor(-x), Math.ceil(x), Math.round(x), x | 0, -x | 0);
const n = Math.trunc(1234.5);
console.log(n * 2, n % 10);

export {};
