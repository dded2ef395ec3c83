console.log('abc'.at(0), 'abc'.at(-1), 'a'.concat('b', 'c'), 'abcabc'.indexOf('c', 3), 'abc'.substring(1));

export {};
