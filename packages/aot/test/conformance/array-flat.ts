console.log([[1, 2], [3], []].flat().join(), [1, 2].flatMap((x) => [x, x * 10]).join());

export {};
