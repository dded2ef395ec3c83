const MIN_MATCH = 4;
const HASH_BITS = 12;

function read32(source: Uint8Array, at: number): number {
  return (
    (source[at] | (source[at + 1] << 8) | (source[at + 2] << 16) | (source[at + 3] << 24)) >>> 0
  );
}

function hash(value: number): number {
  return (Math.imul(value, -1640531535) >>> 0) >>> (32 - HASH_BITS);
}

class Writer {
  at = 0;

  constructor(readonly bytes: Uint8Array) {}

  put(value: number): void {
    this.bytes[this.at] = value;
    this.at += 1;
  }

  length(value: number): void {
    let rest = value;
    while (rest >= 255) {
      this.put(255);
      rest -= 255;
    }
    this.put(rest);
  }

  sequence(
    source: Uint8Array,
    literalStart: number,
    literals: number,
    offset: number,
    match: number,
  ): void {
    const matchCode = match === 0 ? 0 : match - MIN_MATCH;
    this.put((Math.min(literals, 15) << 4) | Math.min(matchCode, 15));
    if (literals >= 15) this.length(literals - 15);
    for (let i = 0; i < literals; i++) this.bytes[this.at + i] = source[literalStart + i];
    this.at += literals;
    if (match === 0) return;
    this.put(offset & 255);
    this.put(offset >> 8);
    if (matchCode >= 15) this.length(matchCode - 15);
  }
}

/** Greedy LZ4 block compression; returns the length. */
export function compress(source: Uint8Array, target: Uint8Array): number {
  const table = new Int32Array(1 << HASH_BITS).fill(-1);
  const writer = new Writer(target);
  const end = source.length;
  let anchor = 0;
  let at = 0;
  while (at + 12 < end) {
    const value = read32(source, at);
    const slot = hash(value);
    const candidate = table[slot];
    table[slot] = at;
    if (candidate < 0 || at - candidate > 65535 || read32(source, candidate) !== value) {
      at += 1;
      continue;
    }
    let match = MIN_MATCH;
    while (at + match < end - 5 && source[candidate + match] === source[at + match]) match += 1;
    writer.sequence(source, anchor, at - anchor, at - candidate, match);
    at += match;
    anchor = at;
  }
  writer.sequence(source, anchor, end - anchor, 0, 0);
  return writer.at;
}

/** Decompresses one block; returns the length, or -1 for a malformed one. */
export function decompress(source: Uint8Array, length: number, target: Uint8Array): number {
  let from = 0;
  let to = 0;
  while (from < length) {
    const token = source[from++];
    let literals = token >> 4;
    if (literals === 15) {
      let more = 255;
      while (more === 255) {
        if (from >= length) return -1;
        more = source[from++];
        literals += more;
      }
    }
    if (from + literals > length || to + literals > target.length) return -1;
    for (let i = 0; i < literals; i++) target[to + i] = source[from + i];
    from += literals;
    to += literals;
    if (from >= length) break;
    if (from + 2 > length) return -1;
    const offset = source[from] | (source[from + 1] << 8);
    from += 2;
    let match = (token & 15) + MIN_MATCH;
    if (match === 15 + MIN_MATCH) {
      let more = 255;
      while (more === 255) {
        if (from >= length) return -1;
        more = source[from++];
        match += more;
      }
    }
    if (offset === 0 || offset > to || to + match > target.length) return -1;
    for (let i = 0; i < match; i++) target[to + i] = target[to + i - offset];
    to += match;
  }
  return to;
}

/** 128 KiB of synthetic text compressed and decompressed. */
export function run(iterations: number): string {
  const source = new Uint8Array(131072);
  let seed = 1;
  for (let i = 0; i < source.length; i++) {
    seed = (seed * 69069 + 12345) % 2147483648;
    source[i] =
      i > 64 && (seed & 0x70000) !== 0
        ? source[i - 1 - ((seed >> 20) & 31)]
        : 97 + ((seed >> 8) % 26);
  }
  const packed = new Uint8Array(source.length * 2);
  const unpacked = new Uint8Array(source.length);
  let bytes = 0;
  for (let n = 0; n < iterations; n++) {
    bytes = compress(source, packed);
    if (decompress(packed, bytes, unpacked) !== source.length) return 'malformed';
  }
  for (let i = 0; i < source.length; i++) if (source[i] !== unpacked[i]) return 'different';
  return String(bytes);
}
