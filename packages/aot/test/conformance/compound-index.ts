const a = [1, 2, 3];
let i = 0;
a[i++] += 10;
a[i++] *= 5;
console.log(a.join(), i);
const o = { n: 5, list: [1] };
o.n -= 2;
o.n++;
o.list[0]++;
o.list[o.list.length - 1] += o.n;
console.log(o.n, o.list[0]);

export {};
