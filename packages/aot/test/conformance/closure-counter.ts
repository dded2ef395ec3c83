function counter(start: number): { next: () => number; reset: () => void } {
  let n = start;
  return {
    next: () => n++,
    reset: () => {
      n = start;
    },
  };
}
const a = counter(5);
const b = counter(100);
a.next();
a.next();
b.next();
console.log(a.next(), b.next());
a.reset();
console.log(a.next());

export {};
