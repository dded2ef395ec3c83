const a = [3, 1, 2];
a.push(5);
a.push(8, 13);
console.log(a.length, a[0], a[a.length - 1], a.pop(), a.shift(), a.length, a.join('-'));
a.unshift(9);
a[1] = 100;
console.log(a.join(), a.indexOf(2), a.includes(5), a.includes(77), a.at(-1));
a.reverse();
console.log(a.join(' '));
a.length = 2;
console.log(a.join(' '), a.length);

export {};
