class P {
  x = 1;
  y = 'two';
}
console.log(new P(), new Map([['k', 1]]), new Set([1, 'a']));
console.log([new P()], { p: new P() });
console.log(new Uint8Array([1, 2, 3]), [undefined, null, true]);

export {};
