class Point {
  constructor(
    public x: number,
    public readonly y: number,
  ) {}
  add(o: Point): Point {
    return new Point(this.x + o.x, this.y + o.y);
  }
  toString(): string {
    return `(${this.x}, ${this.y})`;
  }
}
const p = new Point(1, 2).add(new Point(10, 20));
p.x += 5;
console.log(p.toString(), `${p}`, p instanceof Point);

export {};
