console.log('a' < 'b', 'a' < 'B', 'abc' < 'abd', 'ab' < 'abc', '' < 'a', 'é' > 'z', '10' < '9');
const words = ['pear', 'apple', 'fig', 'banana', 'Apple'];
words.sort();
console.log(words.join(' '));

export {};
