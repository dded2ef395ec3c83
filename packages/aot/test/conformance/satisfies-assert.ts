interface Conf {
  n: number;
}
const c = { n: 5 } satisfies Conf;
const u: unknown = c;
const back = u as Conf;
const nn = [1, 2].find((x) => x === 2)!;
console.log(back.n, nn);

export {};
