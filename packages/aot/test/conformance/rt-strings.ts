const plain = 'The quick brown fox jumps over the lazy dog';
const wide = 'naïve café €5 – Ωμέγα 😀 end';
const texts = [plain, wide, '', 'a', '\u0000\u00ff', '  padded\t\n', 'aaaa'];
for (const t of texts) {
  console.log(t.length, t.toUpperCase(), t.toLowerCase(), `[${t.trim()}]`, `[${t.trimStart()}]`, `[${t.trimEnd()}]`);
  console.log(t.slice(2), t.slice(-3), t.slice(1, -1), t.substring(5, 2), t.charAt(1), t.at(-1));
  console.log(t.indexOf('a'), t.lastIndexOf('a'), t.includes('é'), t.startsWith('The'), t.endsWith('end'), t.indexOf('', 3), t.indexOf('zz'));
  console.log(t.split(' ').length, t.split('').length, t.split(' ').join('|'), t.split('a', 2).join('/'));
  console.log(t.replace('a', '<$&>'), t.replaceAll('a', '[$`]'), t.replaceAll('', '-').length);
  console.log(t.padStart(50, '·').length, t.padEnd(48, 'xy'), t.repeat(2).length);
  let units = 0;
  for (let i = 0; i < t.length; i++) units = (Math.imul(units, 31) + t.charCodeAt(i)) | 0;
  let points = 0;
  for (const c of t) points += c.codePointAt(0)!;
  console.log(units, points);
}
console.log(String.fromCharCode(72, 105, 0x20ac), String.fromCodePoint(0x1f600, 65));
console.log('a' < 'b', 'a' < 'B', 'é' > 'z', '😀' > '\uffee', 'abc' < 'abcd', 'abc' === 'ab' + 'c', wide === wide.slice(0, 5) + wide.slice(5));
let built = '';
for (let i = 0; i < 300; i++) built += i % 3 === 0 ? `${i},` : String.fromCharCode(97 + (i % 26));
console.log(built.length, built.slice(-40), built.split(',').length);
const narrow = 'x€y'.replace('€', 'e');
console.log(narrow === 'xey', narrow.length, new Map([[narrow, 1]]).get('xey'));
console.log(['b', 'a', 'C', 'é', 'z', 'Z', ''].sort().join());
console.log('x'.concat('y', 'z'), 'abc'.charAt(9) === '', 'abc'.substr(-2, 1), 'a-b-c'.split('-').reverse().join('+'));
console.log("it's", ["it's"], ['say "hi"'], ['both \' and "'], ['tab\tnew\nline\\'], [`\`'"`]);
console.log('ß'.toUpperCase(), 'ÿ'.toUpperCase(), 'ÀÉ'.toLowerCase(), 'Привет'.toUpperCase());
