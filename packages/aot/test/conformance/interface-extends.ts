interface Named {
  name(): string;
}
interface Sized extends Named {
  size: number;
}
class File implements Sized {
  size = 12;
  name(): string {
    return 'file';
  }
}
function show(n: Named): string {
  return n.name();
}
const s: Sized = new File();
console.log(show(s), s.size);

export {};
