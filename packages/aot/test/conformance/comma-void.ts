let i = 0;
const r = (i++, i * 10);
void i;
console.log(r, i);

export {};
