const n = 5;
const name = 'world';
const ok = true;
console.log(`hello ${name}, ${n} + ${n * 2} = ${n + n * 2}, ${ok} ${!ok} ${undefined} ${null}`);
console.log(`nested ${`inner ${n}`} done`, `multi
line`);

export {};
