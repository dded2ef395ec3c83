class Button {
  clicks = 0;
  readonly onClick = (by: number): number => {
    this.clicks += by;
    return this.clicks;
  };
}
const b = new Button();
const f = b.onClick;
f(2);
console.log(f(3), b.clicks);

export {};
