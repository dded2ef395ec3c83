const enum Flag {
  A = 1 << 0,
  B = 1 << 1,
  C = A | B,
}
enum Dir {
  Up = 'UP',
  Down = 'DOWN',
}
console.log(Flag.A, Flag.B, Flag.C, Dir.Up, Dir.Down === 'DOWN');

export {};
