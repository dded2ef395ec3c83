function loud(name: string, value: boolean): boolean {
  console.log('eval', name);
  return value;
}
console.log(loud('a', true) && loud('b', false));
console.log(loud('c', false) || loud('d', true));
console.log(!loud('e', true));
console.log(loud('f', false) && loud('g', true));
let flag = false;
flag ||= true;
flag &&= loud('h', true);
console.log(flag);

export {};
