const m = new Map<number, string>();
for (let i = 0; i < 100; i++) m.set((i * 37) % 101, `v${i}`);
for (let i = 0; i < 100; i += 3) m.delete((i * 37) % 101);
m.set(0, 'again');
let out = '';
for (const [k, v] of m) out += `${k}${v} `;
console.log(m.size, out);

export {};
