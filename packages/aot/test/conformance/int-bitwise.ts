const v = 0x12345678;
console.log(v & 0xff, v | 0xf, v ^ 0xffff, ~v, v << 4, v << 8, v >> 4, v >>> 4);
console.log(-1 >>> 0, -1 >> 1, -1 >>> 28, 1 << 31, 1 << 32, 1 << 33, 5 >>> 32);
console.log(0xffffffff | 0, 0x80000000 | 0, 4294967297 | 0, 4294967296 + 5 >>> 0, -4294967297 | 0);
console.log(Math.imul(123456789, 987654321), Math.imul(-5, 12), Math.clz32(1), Math.clz32(0), Math.clz32(0x8000));
let w = 6;
w <<= 2;
w |= 1;
w &= 29;
w ^= 3;
w >>= 1;
w >>>= 1;
console.log(w);

export {};
