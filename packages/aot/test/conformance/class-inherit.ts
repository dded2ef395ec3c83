abstract class Shape {
  constructor(readonly name: string) {}
  abstract area(): number;
  describe(): string {
    return `${this.name} ${this.area()}`;
  }
}
class Square extends Shape {
  constructor(private readonly side: number) {
    super('square');
  }
  area(): number {
    return this.side * this.side;
  }
}
class Cube extends Square {
  override area(): number {
    return 6 * super.area();
  }
  override describe(): string {
    return 'cube/' + super.describe();
  }
}
const shapes: Shape[] = [new Square(2), new Cube(3)];
for (const s of shapes) console.log(s.describe(), s instanceof Square, s instanceof Cube);

export {};
