function size(n: number): string {
  return n < 10 ? 'small' : n < 100 ? 'medium' : 'large';
}
console.log(size(5), size(50), size(500));

export {};
