interface Animal {
  readonly name: string;
  speak(times: number): string;
}
class Dog implements Animal {
  readonly name = 'dog';
  speak(times: number): string {
    return 'wuff '.repeat(times);
  }
}
class Cat {
  age = 3;
  constructor(readonly name: string) {}
  speak(times: number): string {
    return this.name + this.age * times;
  }
}
const literal: Animal = { name: 'lit', speak: (n) => `lit${n}` };
const animals: Animal[] = [new Dog(), new Cat('tom'), literal];
for (const a of animals) console.log(a.name, a.speak(2));

export {};
