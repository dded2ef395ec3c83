const a = new Uint8Array(10);
for (let i = 0; i < a.length; i++) a[i] = i * i;
const sub = a.subarray(2, 5);
sub[0] = 99;
const copy = a.slice(2, 5);
copy[0] = 1;
a.set([7, 8], 8);
a.set(sub, 0);
console.log(a.join(), sub.join(), copy.join(), a.indexOf(99), a.fill(5, 6, 8).join(), sub.byteOffset);
let sum = 0;
for (const x of a) sum += x;
console.log(sum);

export {};
