class Ring<T> {
  private readonly slots: (T | undefined)[];
  private head = 0;
  private count = 0;
  constructor(private readonly capacity: number) {
    this.slots = new Array<T | undefined>(capacity).fill(undefined);
  }
  push(x: T): boolean {
    if (this.count === this.capacity) return false;
    this.slots[(this.head + this.count) % this.capacity] = x;
    this.count++;
    return true;
  }
  shift(): T | undefined {
    if (this.count === 0) return undefined;
    const x = this.slots[this.head];
    this.slots[this.head] = undefined;
    this.head = (this.head + 1) % this.capacity;
    this.count--;
    return x;
  }
}
const r = new Ring<string>(2);
console.log(r.push('a'), r.push('b'), r.push('c'), r.shift(), r.push('d'), r.shift(), r.shift(), r.shift());

export {};
