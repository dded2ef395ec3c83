console.log(new Array<number>(5).fill(7).join(), Array.from({ length: 4 }, (_, i) => i * i).join(), Array.of(1, 2).length);
console.log(Array.isArray([1]), [1, 2, 3].fill(0, 1).join(), [3, 4].concat().length);

export {};
