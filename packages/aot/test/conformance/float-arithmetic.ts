const half = 0.5;
const third = 1 / 3;
console.log(half + third, half * third, half - third, half / third, -half);
console.log(0.1 + 0.2, 1.1 * 1.1, 1e21 * 10.5, 1e-7 * 0.5, 5e-324 * 1.5);
console.log(Math.sqrt(2), Math.floor(2.7), Math.ceil(2.1), Math.round(2.5), Math.round(-2.5), Math.trunc(-2.7));
console.log(1.5 % 1, -5.5 % 2, 10.25 % 3.5);
console.log(100 / 4, 7 / 2, 1 / 4);

export {};
