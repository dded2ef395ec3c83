const buffer = new ArrayBuffer(16);
const bytes = new Uint8Array(buffer);
const words = new Uint32Array(buffer, 4, 2);
words[0] = 0x01020304;
console.log(bytes.join(), words.length, buffer.byteLength);
const f = new Float64Array(2);
f[0] = 1.5;
f[1] = f[0] / 3;
console.log(f[0], f[1], f.length);
const big = new BigUint64Array(2);
big[0] = 0xffffffffffffffffn;
console.log(big[0], big[1]);

export {};
