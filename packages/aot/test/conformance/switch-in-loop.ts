let out = '';
for (let i = 0; i < 6; i++) {
  switch (i % 3) {
    case 0:
      continue;
    case 1:
      out += 'x';
      break;
    default:
      out += 'y';
  }
  out += i;
}
console.log(out);

export {};
