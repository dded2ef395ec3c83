const grid: number[][] = [];
for (let y = 0; y < 3; y++) {
  const row: number[] = [];
  for (let x = 0; x < 4; x++) row.push(x * y);
  grid.push(row);
}
grid[1][2] += 40;
console.log(grid.map((r) => r.join(' ')).join('|'));

export {};
