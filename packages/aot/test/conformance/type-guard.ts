interface Fish {
  kind: 'fish';
  swim(): string;
}
interface Bird {
  kind: 'bird';
  fly(): string;
}
function isFish(p: Fish | Bird): p is Fish {
  return p.kind === 'fish';
}
const pets: (Fish | Bird)[] = [
  { kind: 'fish', swim: () => 'swims' },
  { kind: 'bird', fly: () => 'flies' },
];
for (const p of pets) console.log(isFish(p) ? p.swim() : p.fly());

export {};
