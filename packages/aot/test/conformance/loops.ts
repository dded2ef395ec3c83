let s = 0;
for (let i = 0; i < 10; i++) s += i;
let i = 0;
while (i < 5) {
  i++;
  if (i === 3) continue;
  s += i * 100;
}
do {
  s += 1000;
  i--;
} while (i > 0);
console.log(s, i);
for (let a = 0, b = 10; a < b; a += 2, b--) console.log(a, b);
for (;;) {
  s++;
  if (s % 7 === 0) break;
}
console.log(s);

export {};
