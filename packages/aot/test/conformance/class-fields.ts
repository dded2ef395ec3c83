class Counter {
  static made = 0;
  static readonly limit = 3;
  count = 10;
  readonly tags: string[] = [];
  label = `c${Counter.made}`;
  constructor() {
    Counter.made++;
    this.tags.push(this.label);
  }
  static make(): Counter {
    return new Counter();
  }
}
const a = Counter.make();
const b = Counter.make();
a.count++;
b.tags.push('x');
console.log(a.count, b.count, a.tags.join(), b.tags.join(), Counter.made, Counter.limit);

export {};
