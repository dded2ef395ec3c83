/**
 * Inflate (RFC 1951) inside a zlib wrapper (RFC 1950), which is what `compression=gzip-N` stores.
 *
 * Codes are decoded canonically, one bit per step over counts per length: small tables, no build cost per block.
 */

const LENGTH_BASE: readonly number[] = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
  163, 195, 227, 258,
];
const LENGTH_EXTRA: readonly number[] = [
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
];
const DISTANCE_BASE: readonly number[] = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049,
  3073, 4097, 6145, 8193, 12289, 16385, 24577,
];
const DISTANCE_EXTRA: readonly number[] = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
const CODE_LENGTH_ORDER: readonly number[] = [
  16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];
const MAX_BITS = 15;
const FAST_BITS = 9;

/** A canonical prefix code: a table for short codes, counts per length for the rest. */
class PrefixCode {
  readonly #counts = new Uint16Array(MAX_BITS + 1);
  readonly #symbols: Uint16Array;
  /** symbol << 4 | bits, 0 where the code is longer. */
  readonly #fast = new Uint16Array(1 << FAST_BITS);
  readonly valid: boolean;

  constructor(lengths: Uint8Array) {
    this.#symbols = new Uint16Array(lengths.length);
    for (let i = 0; i < lengths.length; i++) this.#counts[lengths[i]]++;
    this.#counts[0] = 0;
    let left = 1;
    const offsets = new Uint16Array(MAX_BITS + 2);
    const nextCode = new Uint16Array(MAX_BITS + 2);
    let code = 0;
    for (let bits = 1; bits <= MAX_BITS; bits++) {
      left = left * 2 - this.#counts[bits];
      offsets[bits + 1] = offsets[bits] + this.#counts[bits];
      nextCode[bits] = code;
      code = (code + this.#counts[bits]) << 1;
    }
    this.valid = left >= 0;
    if (!this.valid) return;
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      const bits = lengths[symbol];
      if (bits === 0) continue;
      this.#symbols[offsets[bits]++] = symbol;
      const value = nextCode[bits]++;
      if (bits > FAST_BITS) continue;
      let reversed = 0;
      for (let i = 0; i < bits; i++) if ((value >> i) & 1) reversed |= 1 << (bits - 1 - i);
      for (let i = reversed; i < 1 << FAST_BITS; i += 1 << bits) {
        this.#fast[i] = (symbol << 4) | bits;
      }
    }
  }

  /** The symbol, or -1. */
  read(input: BitReader): number {
    input.fill();
    const entry = this.#fast[input.peek(FAST_BITS)];
    if (entry !== 0) {
      if (!input.skip(entry & 15)) return -1;
      return entry >> 4;
    }
    let code = 0;
    let first = 0;
    let index = 0;
    for (let bits = 1; bits <= MAX_BITS; bits++) {
      const bit = input.bits(1);
      if (bit < 0) return -1;
      code |= bit;
      const count = this.#counts[bits];
      if (code - count < first) return this.#symbols[index + (code - first)];
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    return -1;
  }
}

class BitReader {
  readonly #bytes: Uint8Array;
  #at: number;
  #hold = 0;
  #count = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  fill(): void {
    while (this.#count <= 16 && this.#at < this.#bytes.length) {
      this.#hold |= this.#bytes[this.#at++] << this.#count;
      this.#count += 8;
    }
  }

  peek(count: number): number {
    return this.#hold & ((1 << count) - 1);
  }

  skip(count: number): boolean {
    if (count > this.#count) return false;
    this.#hold >>>= count;
    this.#count -= count;
    return true;
  }

  /** Up to 16 bits, or -1 at the end. */
  bits(count: number): number {
    if (this.#count < count) this.fill();
    if (this.#count < count) return -1;
    const value = this.#hold & ((1 << count) - 1);
    this.#hold >>>= count;
    this.#count -= count;
    return value;
  }

  /** Drops the rest of the current byte and copies `length` stored bytes. */
  copyStored(out: Uint8Array, to: number, length: number): boolean {
    let at = this.#at - (this.#count >> 3);
    if (length > this.#bytes.length - at || length > out.length - to) return false;
    out.set(this.#bytes.subarray(at, at + length), to);
    at += length;
    this.#at = at;
    this.#hold = 0;
    this.#count = 0;
    return true;
  }

  align(): void {
    const odd = this.#count & 7;
    this.#hold >>>= odd;
    this.#count -= odd;
  }
}

function fixedCodes(): PrefixCode[] {
  const lengths = new Uint8Array(288);
  lengths.fill(8, 0, 144);
  lengths.fill(9, 144, 256);
  lengths.fill(7, 256, 280);
  lengths.fill(8, 280, 288);
  return [new PrefixCode(lengths), new PrefixCode(new Uint8Array(30).fill(5))];
}

function dynamicCodes(input: BitReader): PrefixCode[] | null {
  const literals = input.bits(5) + 257;
  const distances = input.bits(5) + 1;
  const lengthCodes = input.bits(4) + 4;
  if (literals < 257 || literals > 286 || distances < 1 || distances > 30 || lengthCodes < 4) {
    return null;
  }
  const codeLengths = new Uint8Array(19);
  for (let i = 0; i < lengthCodes; i++) {
    const bits = input.bits(3);
    if (bits < 0) return null;
    codeLengths[CODE_LENGTH_ORDER[i]] = bits;
  }
  const code = new PrefixCode(codeLengths);
  if (!code.valid) return null;
  const lengths = new Uint8Array(literals + distances);
  let at = 0;
  while (at < lengths.length) {
    const symbol = code.read(input);
    if (symbol < 0) return null;
    if (symbol < 16) {
      lengths[at++] = symbol;
      continue;
    }
    if (symbol === 16 && at === 0) return null;
    const value = symbol === 16 ? lengths[at - 1] : 0;
    const extra = symbol === 16 ? input.bits(2) : symbol === 17 ? input.bits(3) : input.bits(7);
    if (extra < 0) return null;
    const repeat = extra + (symbol === 18 ? 11 : 3);
    if (repeat > lengths.length - at) return null;
    lengths.fill(value, at, at + repeat);
    at += repeat;
  }
  if (lengths[256] === 0) return null;
  return [
    new PrefixCode(lengths.subarray(0, literals)),
    new PrefixCode(lengths.subarray(literals)),
  ];
}

/** Raw deflate from `at`; the number of bytes made, or -1. Stops early, without error, when `out` is full. */
export function inflateRaw(bytes: Uint8Array, at: number, out: Uint8Array): number {
  const input = new BitReader(bytes, at);
  let to = 0;
  let last = false;
  while (!last) {
    const final = input.bits(1);
    const type = input.bits(2);
    if (final < 0 || type < 0 || type === 3) return -1;
    last = final === 1;
    if (type === 0) {
      input.align();
      const length = input.bits(16);
      const inverse = input.bits(16);
      if (length < 0 || inverse < 0 || (length ^ inverse) !== 0xffff) return -1;
      if (!input.copyStored(out, to, length)) return -1;
      to += length;
      continue;
    }
    const codes = type === 1 ? fixedCodes() : dynamicCodes(input);
    if (codes === null || !codes[0].valid || !codes[1].valid) return -1;
    for (;;) {
      const symbol = codes[0].read(input);
      if (symbol < 0) return -1;
      if (symbol < 256) {
        if (to >= out.length) return -1;
        out[to++] = symbol;
        continue;
      }
      if (symbol === 256) break;
      if (symbol > 285) return -1;
      const lengthExtra = input.bits(LENGTH_EXTRA[symbol - 257]);
      if (lengthExtra < 0) return -1;
      const length = LENGTH_BASE[symbol - 257] + lengthExtra;
      const distanceSymbol = codes[1].read(input);
      if (distanceSymbol < 0 || distanceSymbol > 29) return -1;
      const distanceExtra = input.bits(DISTANCE_EXTRA[distanceSymbol]);
      if (distanceExtra < 0) return -1;
      const distance = DISTANCE_BASE[distanceSymbol] + distanceExtra;
      if (distance > to || length > out.length - to) return -1;
      let source = to - distance;
      for (let i = 0; i < length; i++) out[to++] = out[source++];
    }
  }
  return to;
}

/** `out` is filled exactly; false for bad input. The Adler-32 is not looked at: ZFS has a checksum of its own. */
export function gzipDecompress(input: Uint8Array, out: Uint8Array): boolean {
  if (input.length < 6) return false;
  const header = (input[0] << 8) | input[1];
  if ((input[0] & 15) !== 8 || header % 31 !== 0 || (input[1] & 0x20) !== 0) return false;
  return inflateRaw(input, 2, out) === out.length;
}
