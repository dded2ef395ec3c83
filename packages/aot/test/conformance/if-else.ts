function grade(n: number): string {
  if (n >= 90) {
    return 'A';
  } else if (n >= 80) return 'B';
  else if (n >= 70) {
    return 'C';
  }
  return 'F';
}
for (const n of [95, 85, 75, 5]) console.log(grade(n));

export {};
