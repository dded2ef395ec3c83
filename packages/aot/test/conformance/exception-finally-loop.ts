function g(): number {
  let n = 0;
  for (let i = 0; i < 5; i++) {
    try {
      if (i === 1) continue;
      if (i === 3) break;
      n += 1;
    } finally {
      n += 10;
    }
  }
  return n;
}
function h(): number {
  try {
    return 1;
  } finally {
    console.log('cleanup');
  }
}
console.log(g(), h());

export {};
