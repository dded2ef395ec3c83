let codes = '';
for (const c of 'añ😀z') codes += c.length + ':' + c + ' ';
console.log(codes);

export {};
