type Visitor = (value: string, depth: number) => boolean;
function walk(words: readonly string[], visit: Visitor | undefined): number {
  let n = 0;
  for (const [i, w] of words.entries()) if (visit?.(w, i) ?? true) n++;
  return n;
}
console.log(walk(['a', 'bb', 'ccc'], (v) => v.length > 1), walk(['a'], undefined));

export {};
