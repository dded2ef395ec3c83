const a = [5, 3, 8, 1, 9, 2];
console.log(a.map((x) => x * 2).join(), a.filter((x) => x > 3).join(), a.reduce((s, x) => s + x, 0));
console.log(a.find((x) => x > 5), a.findIndex((x) => x > 100), a.some((x) => x === 1), a.every((x) => x > 0));
console.log(a.slice(1, 3).join(), a.slice(-2).join(), a.concat([7, 7]).join());
console.log(a.splice(1, 2).join(), a.join(), a.splice(1, 0, 50, 60).length, a.join());
let total = 0;
a.forEach((x, i) => {
  total += x * i;
});
console.log(total, a.lastIndexOf(9), [1, [2, 3], [4]].length);

export {};
