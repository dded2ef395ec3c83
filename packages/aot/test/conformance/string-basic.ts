const s = 'Hello';
console.log(s.length, s[0], s.charAt(4), s.charCodeAt(1), s + ', ' + 'world', s === 'Hel' + 'lo');
console.log(s.toUpperCase(), s.toLowerCase(), s.indexOf('l'), s.lastIndexOf('l'), s.includes('ell'), s.indexOf('z'));
console.log(s.slice(1, 3), s.slice(-2), s.substring(3, 1), s.startsWith('He'), s.endsWith('lo'), s.repeat(2));
console.log('  trim '.trim() + '|', ' a '.trimStart() + '|', ' a '.trimEnd() + '|', 'x'.padStart(3, '-'), 'x'.padEnd(3, '.'));
console.log('a,b,,c'.split(',').length, 'a-b'.split('-')[1], 'abc'.split('').join('+'));

export {};
