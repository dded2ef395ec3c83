console.log('a', 1, 1.5, true, null, undefined, 10n);
console.log();
console.log('%', 'no format');
console.log([1, 2, 3], ['a', 'b'], [], [[1], [2, 3]]);
console.log({ a: 1, b: 'x', c: [1], d: { e: null } });

export {};
