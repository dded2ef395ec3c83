const words = 'the quick brown fox'.split(' ');
console.log(words.length, words.map((w) => w.length).join(), words.map((w) => w[0].toUpperCase() + w.slice(1)).join(' '), words.reverse().join('<'));

export {};
