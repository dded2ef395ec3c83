let s = '';
for (const x of [1, 2, 3]) s += x;
const list = ['a', 'b'];
for (const item of list) {
  s += item;
  if (list.length < 4) list.push('c');
}
for (const [i, v] of list.entries()) s += `${i}${v}`;
console.log(s);

export {};
