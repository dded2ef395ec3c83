let found = '';
outer: for (let i = 0; i < 5; i++) {
  for (let j = 0; j < 5; j++) {
    if (j === 3) continue outer;
    if (i === 3) break outer;
    found += `${i}${j} `;
  }
}
console.log(found);
block: {
  if (found.length > 3) break block;
  console.log('not reached');
}
console.log('after');

export {};
