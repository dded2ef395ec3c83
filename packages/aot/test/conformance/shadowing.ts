const x = 1;
function f(): number {
  const x = 2;
  {
    const x = 3;
    if (x === 3) {
      const x = 4;
      return x;
    }
  }
  return x;
}
console.log(x, f());
for (let x = 0; x < 1; x++) console.log(x);
console.log(x);

export {};
