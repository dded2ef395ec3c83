console.log(later(4));
function later(n: number): number {
  return even(n) ? n : -n;
}
function even(n: number): boolean {
  return n === 0 || odd(n - 1);
}
function odd(n: number): boolean {
  return n !== 0 && even(n - 1);
}

export {};
