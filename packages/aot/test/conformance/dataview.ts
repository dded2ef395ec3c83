const v = new DataView(new ArrayBuffer(16));
v.setUint32(0, 0xdeadbeef);
v.setUint16(4, 0x1234, true);
v.setInt8(6, -5);
v.setBigUint64(8, 0x0102030405060708n);
console.log(v.getUint32(0), v.getUint32(0, true), v.getInt16(0), v.getUint8(4), v.getInt8(6), v.getBigUint64(8, true), v.getUint16(4, true));
try {
  v.getUint32(13);
} catch (e) {
  console.log(e instanceof RangeError);
}
v.setFloat64(8, 2.5);
console.log(v.getFloat64(8), v.getUint8(8), v.byteLength);

export {};
