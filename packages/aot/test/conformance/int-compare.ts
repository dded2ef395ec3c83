function order(x: number, y: number): string {
  if (x < y) return 'less';
  if (x > y) return 'more';
  return 'same';
}
console.log(order(1, 2), order(2, 1), order(2, 2), 3 <= 3, 3 >= 4, 3 !== 4, 3 === 3);
console.log(1 < 2 && 2 < 3, 1 > 2 || 2 > 1, !(1 > 2));

export {};
