let counter = 0;
const log: string[] = [];
function bump(tag: string): number {
  counter += 1;
  log.push(tag + counter);
  return counter;
}
const first = bump('a');
const second = bump('b');
console.log(first, second, counter, log.join());

export {};
