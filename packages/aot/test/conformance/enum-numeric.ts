enum Color {
  Red,
  Green = 5,
  Blue,
}
const c: Color = Color.Blue;
console.log(Color.Red, Color.Green, c, Color[5], Color[c]);
function name(c: Color): string {
  switch (c) {
    case Color.Red:
      return 'r';
    case Color.Green:
      return 'g';
    default:
      return 'b';
  }
}
console.log(name(c), name(0));

export {};
