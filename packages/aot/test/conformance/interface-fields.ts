interface Box {
  value: number;
  label?: string;
}
function grow(b: Box): void {
  b.value += 1;
}
class Big {
  other = 'o';
  value = 41;
}
const big = new Big();
grow(big);
const small: Box = { value: 1, label: 'small' };
grow(small);
console.log(big.value, small.value, small.label, ({ value: 0 } as Box).label);

export {};
