function kind(s: string): number {
  let r = 0;
  switch (s) {
    case 'a':
      r += 1;
    // falls through on purpose
    case 'b':
      r += 10;
      break;
    default:
      r = -1;
  }
  return r;
}
console.log(kind('a'), kind('b'), kind('c'), kind(''));

export {};
