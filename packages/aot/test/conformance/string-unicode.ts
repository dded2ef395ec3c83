const s = 'héllo wörld €';
console.log(s, s.length, s.charCodeAt(1), s.charCodeAt(12), s.toUpperCase());
const emoji = 'a😀b';
console.log(emoji, emoji.length, emoji.codePointAt(1), emoji.charCodeAt(1), emoji.slice(1, 3));
console.log(String.fromCharCode(72, 105), String.fromCharCode(8364), String.fromCodePoint(128512));
console.log('é' === '\u00e9', '\x41\u{42}', 'tab\there', "quote's", 'back\\slash');

export {};
