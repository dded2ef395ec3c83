abstract class Animal {
  static count = 0;
  protected legs = 4;
  constructor(
    readonly name: string,
    private age: number = 1,
  ) {
    Animal.count++;
  }
  abstract sound(): string;
  describe(): string {
    return `${this.name} says ${this.sound()} on ${this.legs} legs, ${this.age}`;
  }
  get older(): number {
    return this.age + 1;
  }
  set older(v: number) {
    this.age = v - 1;
  }
  static make(n: string): Animal {
    return new Dog(n);
  }
}
class Dog extends Animal {
  sound(): string {
    return 'woof';
  }
}
class Bird extends Animal {
  #wings = 2;
  constructor(name: string) {
    super(name, 7);
    this.legs = 2;
  }
  sound(): string {
    return 'tweet';
  }
  override describe(): string {
    return `${super.describe()} and ${this.#wings} wings`;
  }
}
const zoo: Animal[] = [new Dog('rex'), new Bird('tweety'), Animal.make('fido')];
for (const a of zoo) console.log(a.describe());
zoo[0]!.older = 10;
console.log(zoo[0]!.older, Animal.count, zoo[1] instanceof Bird, zoo[0] instanceof Bird, zoo[1] instanceof Animal);

interface Area {
  area(): number;
  readonly label: string;
}
class Square implements Area {
  label = 'square';
  constructor(private s: number) {}
  area(): number {
    return this.s * this.s;
  }
}
class Rect implements Area {
  constructor(
    private w: number,
    private h: number,
  ) {}
  area(): number {
    return this.w * this.h;
  }
  get label(): string {
    return `rect${this.w}x${this.h}`;
  }
}
const areas: Area[] = [new Square(3), new Rect(2, 5), { area: () => 42, label: 'literal' }];
for (const a of areas) console.log(a.label, a.area());

class Box<T> {
  constructor(public value: T) {}
  map<U>(f: (x: T) => U): Box<U> {
    return new Box(f(this.value));
  }
}
const b = new Box(5).map((x) => `n${x}`).map((s) => s.length);
console.log(b.value);
class Node2<K, V> {
  left: Node2<K, V> | undefined;
  right: Node2<K, V> | undefined;
  constructor(
    public key: K,
    public value: V,
  ) {}
}
class Tree<K, V> {
  root: Node2<K, V> | undefined;
  size = 0;
  constructor(private compare: (a: K, b: K) => number) {}
  set(key: K, value: V): void {
    if (!this.root) {
      this.root = new Node2(key, value);
      this.size++;
      return;
    }
    let n = this.root;
    for (;;) {
      const c = this.compare(key, n.key);
      if (c === 0) {
        n.value = value;
        return;
      }
      if (c < 0) {
        if (!n.left) {
          n.left = new Node2(key, value);
          this.size++;
          return;
        }
        n = n.left;
      } else {
        if (!n.right) {
          n.right = new Node2(key, value);
          this.size++;
          return;
        }
        n = n.right;
      }
    }
  }
  walk(f: (k: K, v: V) => void, n: Node2<K, V> | undefined | null = this.root): void {
    if (!n) return;
    this.walk(f, n.left ?? null);
    f(n.key, n.value);
    this.walk(f, n.right ?? null);
  }
}
const t = new Tree<number, string>((a, b) => a - b);
for (const k of [5, 2, 8, 1, 9, 2]) t.set(k, `v${k}`);
let out = '';
t.walk((k, v) => {
  out += `${k}=${v};`;
});
console.log(out, t.size);
