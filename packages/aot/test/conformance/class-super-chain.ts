class A {
  readonly log: string[] = [];
  constructor() {
    this.log.push('A');
    this.init();
  }
  init(): void {
    this.log.push('A.init');
  }
}
class B extends A {
  value = 5;
  constructor() {
    super();
    this.log.push('B' + this.value);
  }
  override init(): void {
    super.init();
    this.log.push('B.init');
  }
}
class C extends B {}
console.log(new C().log.join(' '));

export {};
