const max = 9007199254740991;
console.log(max, -max, max - 1, max - max, max % 1000);
console.log(94906265 * 94906265, 3037000499 * 2000000);
console.log(Math.trunc(max / 2), Math.trunc(max / 3), Math.trunc(-max / 7));
console.log(1e15, 123456789012345, 4294967296 * 1024);
console.log(Number.MAX_SAFE_INTEGER === max, Number.isSafeInteger(max), Number.isInteger(5));

export {};
