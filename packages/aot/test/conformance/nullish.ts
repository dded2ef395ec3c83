function pick(a: number | null | undefined, b: number): number {
  return a ?? b;
}
console.log(pick(0, 5), pick(null, 5), pick(undefined, 6));
let x: string | undefined;
x ??= 'set';
x ??= 'again';
console.log(x);
const s: string | null = null as string | null;
console.log(s ?? 'was null', s === null, s === undefined);

export {};
