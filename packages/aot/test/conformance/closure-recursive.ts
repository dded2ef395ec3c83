const fact = (n: number): number => (n <= 1 ? 1 : n * fact(n - 1));
function outer(): number {
  function fib(n: number): number {
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
  }
  return fib(15);
}
console.log(fact(15), outer());

export {};
