let t = '';
for (let i = 0; i < 20; i++) t += String.fromCharCode(97 + i);
console.log(t, t.length);
t = '';
for (let i = 0; i < 1000; i++) t += i % 10;
console.log(t.length, t.slice(990));

export {};
