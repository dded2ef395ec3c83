function name(n: number): string {
  switch (n) {
    case 0:
      return 'zero';
    case 1:
    case 2:
      return 'one or two';
    case 3: {
      const text = 'three';
      return text;
    }
    default:
      return 'many';
  }
}
for (let i = 0; i < 5; i++) console.log(name(i));

export {};
