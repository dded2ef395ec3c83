class Point {
  x: number;
  y: number;
  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }
}
class Named extends Point {
  name: string;
  tags: string[] = ['a', 'b'];
  constructor(name: string) {
    super(1, 2);
    this.name = name;
  }
}
class Empty {}
console.log(new Point(3, 4), new Named('n'), new Empty(), {}, [], [[]], [{}]);
console.log({ a: 1, b: 'two', c: [1, 2, 3], d: { e: { f: { g: 1 } } }, h: null, i: undefined, j: true, 'k-l': 2n });
console.log([1.5, 'x', null, undefined, true], [['deep', ['deeper', ['deepest', ['gone']]]]]);
console.log({ list: Array.from({ length: 30 }, (_, i) => i * 1000), text: 'a longer piece of text that takes room on the line', more: 'and more' });
console.log(['apple', 'banana', 'cherry', 'date', 'elderberry', 'fig', 'grape', 'honeydew']);
console.log(new Map<string, number[]>([['one', [1]], ['two', [2, 2]]]), new Set(['x', 'y']), new Map<number, Point>([[1, new Point(0, 0)]]));
console.log(new Uint8Array([1, 2, 3]), new Float64Array(2), new Uint8Array(0), new Int32Array([-1, 70000]));
const nested = { points: [new Point(1, 2), new Point(3, 4)], map: new Map([['k', new Point(5, 6)]]), pair: [1, 'a'] as [number, string] };
console.log(nested);
interface Node {
  name: string;
  next: Node | null;
}
const n: Node = { name: 'self', next: null };
n.next = n;
console.log(n);
console.log('%', 'plain', 1, 'multi\nline', ['multi\nline']);
console.log([true, false], [1n, 2n], [0.1, 100], ['']);
console.log(`${[1, 2, [3, 4].length]}`, String([1, 'a', null]), String({}), `${new Map()}`);
