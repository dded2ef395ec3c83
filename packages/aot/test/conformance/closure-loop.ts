const fs: (() => number)[] = [];
for (let i = 0; i < 3; i++) fs.push(() => i * 10);
for (const x of [7, 8]) fs.push(() => x);
let shared = 1;
fs.push(() => shared);
shared = 99;
console.log(fs.map((f) => f()).join());

export {};
