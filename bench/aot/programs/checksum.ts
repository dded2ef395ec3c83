const SEGMENT_BYTES = 1460;
const SEGMENTS = 718;

function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.trunc(folded / 65536);
  return folded ^ 0xffff;
}

/** RFC 1071 over single bytes. */
export function checksumBytes(data: Uint8Array, start: number, end: number): number {
  let sum = 0;
  for (let i = start; i + 1 < end; i += 2) sum += (data[i] << 8) | data[i + 1];
  if (((end - start) & 1) !== 0) sum += data[end - 1] << 8;
  return fold(sum);
}

/** RFC 1071 over 32-bit words. */
export function checksumWords(view: DataView, start: number, end: number): number {
  let sum = 0;
  let i = start;
  for (; i + 3 < end; i += 4) sum += view.getUint32(i);
  if (i + 1 < end) {
    sum += view.getUint16(i);
    i += 2;
  }
  if (i < end) sum += view.getUint8(i) << 8;
  return fold(sum);
}

function fill(): Uint8Array {
  const data = new Uint8Array(SEGMENT_BYTES * SEGMENTS);
  for (let i = 0; i < data.length; i++) data[i] = (i * 7 + (i >> 8)) & 255;
  return data;
}

/** The internet checksum of 718 segments of 1,460 bytes, by bytes and by words. */
export function run(iterations: number): string {
  const data = fill();
  const view = new DataView(data.buffer);
  let digest = 0;
  for (let n = 0; n < iterations; n++) {
    digest = 0;
    for (let s = 0; s < SEGMENTS; s++) {
      const start = s * SEGMENT_BYTES;
      digest = (digest * 31 + checksumBytes(data, start, start + SEGMENT_BYTES)) % 1000003;
      digest = (digest * 31 + checksumWords(view, start, start + SEGMENT_BYTES)) % 1000003;
    }
  }
  return String(digest);
}
