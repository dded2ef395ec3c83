function fnv(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i++) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n);
  }
  return hash;
}
console.log(fnv(''), fnv('a'), fnv('tessera'));
console.log(fnv('hello').toString(16));

export {};
