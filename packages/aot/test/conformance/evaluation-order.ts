const log: string[] = [];
function t(name: string, value: number): number {
  log.push(name);
  return value;
}
const a = [t('a', 0), t('b', 1)];
a[t('c', 0)] = t('d', 5) + t('e', 6);
const r = t('f', 1) + t('g', 2) * t('h', 3);
const o = { x: t('i', 1), y: t('j', 2) };
function f(p: number, q: number): number {
  return p - q;
}
f(t('k', 1), t('l', 2));
console.log(log.join(''), r, o.x + o.y, a[0]);

export {};
