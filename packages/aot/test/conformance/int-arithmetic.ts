let a = 7;
let b = -3;
console.log(a + b, a - b, a * b, Math.trunc(a / b), a % b, -a % b);
console.log(-7 % 3, 7 % -3, Math.trunc(-7 / 2), Math.trunc(7 / -2));
a += 5;
a -= 2;
a *= 3;
a %= 7;
console.log(a, b);
console.log(a++, ++a, a--, --a);
b = -b;
console.log(+b, -b, Math.abs(-9), Math.min(3, 1, 2), Math.max(3, 1, 2), Math.sign(-4));

export {};
