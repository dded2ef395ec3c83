function len(x: string): number;
function len(x: number[]): number;
function len(x: string | number[]): number {
  return typeof x === 'string' ? x.length : x.length * 100;
}
console.log(len('abc'), len([1, 2]));

export {};
