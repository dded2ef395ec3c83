class Stack<T> {
  private readonly items: T[] = [];
  push(x: T): this {
    this.items.push(x);
    return this;
  }
  pop(): T | undefined {
    return this.items.pop();
  }
  map<U>(f: (x: T) => U): Stack<U> {
    const out = new Stack<U>();
    for (const x of this.items) out.push(f(x));
    return out;
  }
  get size(): number {
    return this.items.length;
  }
}
const s = new Stack<number>().push(1).push(2).push(3);
const t = s.map((x) => `n${x}`);
console.log(s.pop(), s.size, t.pop(), t.size, new Stack<string>().pop());

export {};
