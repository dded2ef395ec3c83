/**
 * LZJB: groups of eight items under a map byte; a set bit is a copy of 3 to 66 bytes from up to 1023 back, stored as
 * six bits of length - 3 and ten bits of distance.
 */
const MATCH_MIN = 3;
const MATCH_MAX = 66;
const DISTANCE_MASK = 0x3ff;

export function lzjbDecompress(input: Uint8Array, out: Uint8Array): boolean {
  let from = 0;
  let to = 0;
  let map = 0;
  let bit = 0x80;
  while (to < out.length) {
    bit <<= 1;
    if (bit === 0x100) {
      bit = 1;
      if (from >= input.length) return false;
      map = input[from++];
    }
    if ((map & bit) === 0) {
      if (from >= input.length) return false;
      out[to++] = input[from++];
      continue;
    }
    if (from + 2 > input.length) return false;
    const length = (input[from] >>> 2) + MATCH_MIN;
    const distance = ((input[from] << 8) | input[from + 1]) & DISTANCE_MASK;
    from += 2;
    if (distance === 0 || distance > to) return false;
    for (let i = 0; i < length && to < out.length; i++) {
      out[to] = out[to - distance];
      to++;
    }
  }
  return true;
}

export function lzjbCompress(input: Uint8Array, out: Uint8Array): number {
  const table = new Int32Array(1024).fill(-1);
  let to = 0;
  let mapAt = -1;
  let bit = 0x80;
  let at = 0;
  while (at < input.length) {
    bit <<= 1;
    if (bit === 0x100) {
      // A whole group is at most 17 bytes.
      if (to + 17 > out.length) return -1;
      bit = 1;
      mapAt = to;
      out[to++] = 0;
    }
    if (at > input.length - MATCH_MAX) {
      out[to++] = input[at++];
      continue;
    }
    const hash =
      (Math.imul((input[at] << 16) | (input[at + 1] << 8) | input[at + 2], 0x9e3779b1) >>> 22) &
      1023;
    const candidate = table[hash];
    table[hash] = at;
    const distance = at - candidate;
    if (
      candidate >= 0 &&
      distance <= DISTANCE_MASK &&
      input[candidate] === input[at] &&
      input[candidate + 1] === input[at + 1] &&
      input[candidate + 2] === input[at + 2]
    ) {
      let length = MATCH_MIN;
      while (length < MATCH_MAX && input[candidate + length] === input[at + length]) length++;
      out[mapAt] |= bit;
      out[to++] = ((length - MATCH_MIN) << 2) | (distance >>> 8);
      out[to++] = distance & 0xff;
      at += length;
    } else {
      out[to++] = input[at++];
    }
  }
  return to;
}
