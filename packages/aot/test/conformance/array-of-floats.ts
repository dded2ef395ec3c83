const xs = [0.5, 1.25, -3.75];
xs.push(1 / 3);
let s = 0.0;
for (const x of xs) s += x;
console.log(s, xs.length, Math.max(xs[0], xs[1]), xs.map((x) => x * 2).join(' '));

export {};
