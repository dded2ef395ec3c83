const { x, y: renamed, z = 9 } = { x: 1, y: 2, z: undefined as number | undefined };
const [first, , third = 30, ...rest] = [10, 20, 33, 40, 50];
console.log(x, renamed, z, first, third, rest.join());
function area({ w, h }: { w: number; h: number }): number {
  return w * h;
}
console.log(area({ w: 3, h: 4 }));
let a = 1;
let b = 2;
[a, b] = [b, a];
console.log(a, b);
const { inner: { deep } } = { inner: { deep: 'd' } };
console.log(deep);
for (const { id, tag } of [{ id: 1, tag: 'x' }, { id: 2, tag: 'y' }]) console.log(id, tag);

export {};
