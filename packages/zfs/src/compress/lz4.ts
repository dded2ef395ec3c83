/**
 * LZ4 as ZFS stores it: a big-endian 32-bit length of the compressed bytes, then one raw LZ4 block.
 */

/** Decodes one raw block into `out`; the number of bytes made, or -1 for bad input. */
export function lz4DecodeBlock(input: Uint8Array, out: Uint8Array): number {
  let from = 0;
  let to = 0;
  const inputEnd = input.length;
  const outEnd = out.length;
  while (from < inputEnd) {
    const token = input[from++];
    let literals = token >>> 4;
    if (literals === 15) {
      let more = 255;
      while (more === 255) {
        if (from >= inputEnd) return -1;
        more = input[from++];
        literals += more;
      }
    }
    if (literals > inputEnd - from || literals > outEnd - to) return -1;
    if (literals > 0) {
      out.set(input.subarray(from, from + literals), to);
      from += literals;
      to += literals;
    }
    if (from >= inputEnd) return to;
    if (from + 2 > inputEnd) return -1;
    const distance = input[from] | (input[from + 1] << 8);
    from += 2;
    if (distance === 0 || distance > to) return -1;
    let length = token & 15;
    if (length === 15) {
      let more = 255;
      while (more === 255) {
        if (from >= inputEnd) return -1;
        more = input[from++];
        length += more;
      }
    }
    length += 4;
    if (length > outEnd - to) return -1;
    let source = to - distance;
    if (distance >= length) {
      out.copyWithin(to, source, source + length);
      to += length;
    } else {
      for (let i = 0; i < length; i++) out[to++] = out[source++];
    }
  }
  return to;
}

/** `out` is filled exactly; false for bad input. */
export function lz4Decompress(input: Uint8Array, out: Uint8Array): boolean {
  if (input.length < 4) return false;
  const length = new DataView(input.buffer, input.byteOffset, 4).getUint32(0);
  if (length + 4 > input.length) return false;
  return lz4DecodeBlock(input.subarray(4, 4 + length), out) === out.length;
}

const HASH_BITS = 12;
const MIN_MATCH = 4;
/** The last bytes of a block are always literals, and no match starts in the last 12. */
const LAST_LITERALS = 5;
const MATCH_LIMIT = 12;
const MAX_DISTANCE = 65535;

/** Encodes with a table of the last position of each 4-byte hash. The number of bytes used, or -1 if `out` is too small. */
export function lz4EncodeBlock(input: Uint8Array, out: Uint8Array): number {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const table = new Int32Array(1 << HASH_BITS).fill(-1);
  let to = 0;
  let anchor = 0;
  let at = 0;
  const limit = input.length - MATCH_LIMIT;
  while (at < limit) {
    const word = view.getUint32(at, true);
    const slot = Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS);
    const candidate = table[slot];
    table[slot] = at;
    if (
      candidate < 0 ||
      at - candidate > MAX_DISTANCE ||
      view.getUint32(candidate, true) !== word
    ) {
      at += 1 + ((at - anchor) >>> 6);
      continue;
    }
    let length = MIN_MATCH;
    const end = input.length - LAST_LITERALS;
    while (at + length < end && input[candidate + length] === input[at + length]) length++;
    to = sequence(input, anchor, at, at - candidate, length, out, to);
    if (to < 0) return -1;
    at += length;
    anchor = at;
  }
  return sequence(input, anchor, input.length, 0, 0, out, to);
}

function sequence(
  input: Uint8Array,
  anchor: number,
  end: number,
  distance: number,
  matchLength: number,
  out: Uint8Array,
  start: number,
): number {
  let to = start;
  const literals = end - anchor;
  const match = matchLength - MIN_MATCH;
  const extra = Math.trunc(literals / 255) + Math.trunc(Math.max(match, 0) / 255);
  if (to + 1 + literals + extra + 4 > out.length) return -1;
  const last = matchLength === 0;
  out[to++] = (Math.min(literals, 15) << 4) | (last ? 0 : Math.min(match, 15));
  if (literals >= 15) to = lengthBytes(literals - 15, out, to);
  out.set(input.subarray(anchor, end), to);
  to += literals;
  if (last) return to;
  out[to++] = distance & 0xff;
  out[to++] = distance >>> 8;
  if (match >= 15) to = lengthBytes(match - 15, out, to);
  return to;
}

function lengthBytes(length: number, out: Uint8Array, start: number): number {
  let to = start;
  let rest = length;
  while (rest >= 255) {
    out[to++] = 255;
    rest -= 255;
  }
  out[to++] = rest;
  return to;
}

/** With the length header; -1 if the result would not fit `out`. */
export function lz4Compress(input: Uint8Array, out: Uint8Array): number {
  if (out.length < 8) return -1;
  const used = lz4EncodeBlock(input, out.subarray(4));
  if (used < 0) return -1;
  new DataView(out.buffer, out.byteOffset, 4).setUint32(0, used);
  return used + 4;
}
