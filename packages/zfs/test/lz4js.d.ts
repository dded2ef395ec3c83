declare module 'lz4js' {
  const lz4: {
    compressBound(size: number): number;
    compressBlock(
      from: Uint8Array,
      to: Uint8Array,
      at: number,
      size: number,
      table: Uint32Array,
    ): number;
    decompressBlock(
      from: Uint8Array,
      to: Uint8Array,
      at: number,
      size: number,
      to_at: number,
    ): number;
  };
  export default lz4;
}
