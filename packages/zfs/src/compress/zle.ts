/** Zero-length encoding: a byte below 64 starts that many + 1 literals, one of 64 and more stands for zeros. */
const LEVEL = 64;

export function zleDecompress(input: Uint8Array, out: Uint8Array): boolean {
  let from = 0;
  let to = 0;
  while (from < input.length && to < out.length) {
    const length = input[from++] + 1;
    if (length <= LEVEL) {
      if (length > input.length - from || length > out.length - to) return false;
      out.set(input.subarray(from, from + length), to);
      from += length;
      to += length;
    } else {
      const zeros = length - LEVEL;
      if (zeros > out.length - to) return false;
      out.fill(0, to, to + zeros);
      to += zeros;
    }
  }
  return to === out.length;
}

export function zleCompress(input: Uint8Array, out: Uint8Array): number {
  let from = 0;
  let to = 0;
  while (from < input.length) {
    if (to >= out.length) return -1;
    const start = from;
    if (input[from] === 0) {
      const most = Math.min(from + 256 - LEVEL, input.length);
      while (from < most && input[from] === 0) from++;
      out[to++] = from - start - 1 + LEVEL;
    } else {
      const most = Math.min(from + LEVEL, input.length);
      while (from < most && input[from] !== 0) from++;
      const length = from - start;
      if (to + 1 + length > out.length) return -1;
      out[to++] = length - 1;
      out.set(input.subarray(start, from), to);
      to += length;
    }
  }
  return to;
}
