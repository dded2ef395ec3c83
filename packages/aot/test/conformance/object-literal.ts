const o = { a: 1, b: 'two', c: { d: [1, 2] }, f(x: number): number { return x + this.a; } };
o.a = 5;
o.c.d.push(3);
console.log(o.a, o.b, o.c.d.length, o.f(1));
const copy = { ...o, a: 100 };
console.log(copy.a, copy.b, o.a);
const key = 1;
const short = { key, o };
console.log(short.key, short.o.b);

export {};
