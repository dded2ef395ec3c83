const u8 = new Uint8Array([1, 2, 300, -1]);
const i8 = new Int8Array(2);
i8[0] = 200;
const u16 = new Uint16Array(3);
u16[1] = 70000;
const i32 = new Int32Array([1, -2, 2147483648]);
const u32 = new Uint32Array([4294967295, -1]);
console.log(u8.join(), i8.join(), u16.join(), i32.join(), u32.join(), u8.length, u16.byteLength, Uint32Array.BYTES_PER_ELEMENT);
u8[0] += 255;
u8[1]--;
console.log(u8[0], u8[1]);

export {};
