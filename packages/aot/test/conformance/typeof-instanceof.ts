class A {
  a = 1;
}
class B {
  b = 2;
}
function which(x: A | B | string | number): string {
  if (typeof x === 'string') return 's' + x;
  if (typeof x === 'number') return 'n' + x;
  if (x instanceof A) return 'A' + x.a;
  return 'B' + x.b;
}
console.log(which('q'), which(5), which(new A()), which(new B()));
console.log(typeof 1, typeof 'a', typeof true, typeof undefined, typeof 1n, typeof which);

export {};
