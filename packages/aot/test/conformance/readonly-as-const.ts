const modes = ['r', 'w'] as const;
const table = { a: 1, b: 2 } as const;
let s = '';
for (const m of modes) s += m;
console.log(s, modes.length, table.a + table.b);

export {};
