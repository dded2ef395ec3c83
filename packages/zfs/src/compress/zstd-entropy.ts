/** The entropy coders of Zstandard (RFC 8878 section 4): bits read backwards, FSE tables, Huffman tables. */

/** Bits from the end of a byte range; the topmost set bit of the last byte is the end mark. */
export class BackwardBits {
  readonly #bytes: Uint8Array;
  readonly #start: number;
  /** Bits left; reads past the start give zeros and make it negative. */
  left: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#start = start;
    this.left = -1000000;
    if (end > start) {
      const last = bytes[end - 1];
      if (last !== 0) this.left = (end - start) * 8 - (Math.clz32(last) - 23);
    }
  }

  get valid(): boolean {
    return this.left >= 0;
  }

  /** Up to 24 bits. */
  #small(count: number): number {
    this.left -= count;
    let low = this.left;
    let wanted = count;
    let shift = 0;
    if (low < 0) {
      shift = -low;
      if (shift >= wanted) return 0;
      wanted -= shift;
      low = 0;
    }
    const byte = this.#start + (low >> 3);
    const odd = low & 7;
    let value = this.#bytes[byte] >>> odd;
    let have = 8 - odd;
    for (let i = 1; have < wanted; i++) {
      value |= this.#bytes[byte + i] << have;
      have += 8;
    }
    return (value & ((1 << wanted) - 1)) << shift;
  }

  /** Up to 32 bits. */
  read(count: number): number {
    if (count <= 16) return count === 0 ? 0 : this.#small(count);
    const high = this.#small(count - 16);
    return high * 65536 + this.#small(16);
  }
}

/** An FSE decoding table: for each state a symbol, bits to read, and the base of the next state. */
export class FseTable {
  readonly accuracyLog: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly bases: Uint16Array;

  constructor(accuracyLog: number, frequencies: readonly number[]) {
    const size = 1 << accuracyLog;
    this.accuracyLog = accuracyLog;
    this.symbols = new Uint8Array(size);
    this.bits = new Uint8Array(size);
    this.bases = new Uint16Array(size);
    const next = new Uint32Array(frequencies.length);
    let top = size;
    for (let s = 0; s < frequencies.length; s++) {
      if (frequencies[s] === -1) {
        top--;
        this.symbols[top] = s;
        next[s] = 1;
      }
    }
    const step = (size >> 1) + (size >> 3) + 3;
    let at = 0;
    for (let s = 0; s < frequencies.length; s++) {
      if (frequencies[s] <= 0) continue;
      next[s] = frequencies[s];
      for (let i = 0; i < frequencies[s]; i++) {
        this.symbols[at] = s;
        do {
          at = (at + step) & (size - 1);
        } while (at >= top);
      }
    }
    for (let i = 0; i < size; i++) {
      const s = this.symbols[i];
      const value = next[s]++;
      this.bits[i] = accuracyLog - (31 - Math.clz32(value));
      this.bases[i] = (value << this.bits[i]) - size;
    }
  }

  /** A table of one symbol that needs no bits. */
  static single(symbol: number): FseTable {
    const table = new FseTable(0, [1]);
    table.symbols[0] = symbol;
    return table;
  }
}

export interface FseHeader {
  readonly table: FseTable;
  readonly end: number;
}

/** Reads a table description that starts at `start`; null for bad input. */
export function readFseTable(
  bytes: Uint8Array,
  start: number,
  end: number,
  maxLog: number,
  maxSymbol: number,
): FseHeader | null {
  let position = start * 8;
  const limit = end * 8;
  const bit = (count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++) {
      const p = position + i;
      if (p < limit) value |= ((bytes[p >> 3] >> (p & 7)) & 1) << i;
    }
    return value;
  };
  const accuracyLog = bit(4) + 5;
  position += 4;
  if (accuracyLog > maxLog) return null;
  let remaining = 1 << accuracyLog;
  const frequencies: number[] = [];
  while (remaining > 0 && frequencies.length <= maxSymbol) {
    const bits = 32 - Math.clz32(remaining + 1);
    let value = bit(bits);
    const lowMask = (1 << (bits - 1)) - 1;
    const threshold = (1 << bits) - 1 - (remaining + 1);
    if ((value & lowMask) < threshold) {
      position += bits - 1;
      value &= lowMask;
    } else {
      position += bits;
      if (value > lowMask) value -= threshold;
    }
    const frequency = value - 1;
    remaining -= frequency < 0 ? 1 : frequency;
    frequencies.push(frequency);
    if (frequency === 0) {
      let repeat = 3;
      while (repeat === 3) {
        repeat = bit(2);
        position += 2;
        for (let i = 0; i < repeat; i++) frequencies.push(0);
        if (frequencies.length > maxSymbol + 1) return null;
      }
    }
    if (position > limit) return null;
  }
  if (remaining !== 0 || frequencies.length > maxSymbol + 1) return null;
  return { table: new FseTable(accuracyLog, frequencies), end: (position + 7) >> 3 };
}

const HUFFMAN_MAX_BITS = 11;

/** A Huffman decoding table indexed by the next `maxBits` bits. */
export class HuffmanTable {
  readonly maxBits: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;

  constructor(weights: readonly number[], maxBits: number) {
    this.maxBits = maxBits;
    this.symbols = new Uint8Array(1 << maxBits);
    this.bits = new Uint8Array(1 << maxBits);
    let at = 0;
    for (let w = 1; w <= maxBits; w++) {
      for (let s = 0; s < weights.length; s++) {
        if (weights[s] !== w) continue;
        const end = at + (1 << (w - 1));
        this.symbols.fill(s, at, end);
        this.bits.fill(maxBits + 1 - w, at, end);
        at = end;
      }
    }
  }

  /** Decodes exactly `length` symbols from one stream. */
  decode(
    bytes: Uint8Array,
    start: number,
    end: number,
    out: Uint8Array,
    to: number,
    length: number,
  ): boolean {
    const input = new BackwardBits(bytes, start, end);
    if (!input.valid) return false;
    const mask = (1 << this.maxBits) - 1;
    let state = input.read(this.maxBits);
    for (let i = 0; i < length; i++) {
      out[to + i] = this.symbols[state];
      const count = this.bits[state];
      state = ((state << count) & mask) | input.read(count);
      if (input.left < -this.maxBits) return false;
    }
    return input.left === -this.maxBits;
  }
}

export interface HuffmanHeader {
  readonly table: HuffmanTable;
  readonly end: number;
}

export function readHuffmanTable(
  bytes: Uint8Array,
  start: number,
  end: number,
): HuffmanHeader | null {
  if (start >= end) return null;
  const header = bytes[start];
  const weights: number[] = [];
  let after = start + 1;
  if (header >= 128) {
    const count = header - 127;
    after += (count + 1) >> 1;
    if (after > end) return null;
    for (let i = 0; i < count; i++) {
      const byte = bytes[start + 1 + (i >> 1)];
      weights.push(i % 2 === 0 ? byte >> 4 : byte & 15);
    }
  } else {
    after += header;
    if (after > end) return null;
    const fse = readFseTable(bytes, start + 1, after, 6, 255);
    if (fse === null) return null;
    const input = new BackwardBits(bytes, fse.end, after);
    if (!input.valid) return null;
    const table = fse.table;
    let one = input.read(table.accuracyLog);
    let two = input.read(table.accuracyLog);
    if (input.left < 0) return null;
    // Two interleaved states; the first one that runs out of bits leaves the other's symbol as the last.
    for (;;) {
      weights.push(table.symbols[one]);
      if (weights.length > 254) return null;
      one = table.bases[one] + input.read(table.bits[one]);
      if (input.left < 0) {
        weights.push(table.symbols[two]);
        break;
      }
      weights.push(table.symbols[two]);
      if (weights.length > 254) return null;
      two = table.bases[two] + input.read(table.bits[two]);
      if (input.left < 0) {
        weights.push(table.symbols[one]);
        break;
      }
    }
  }
  let sum = 0;
  for (const w of weights) {
    if (w > HUFFMAN_MAX_BITS) return null;
    if (w > 0) sum += 1 << (w - 1);
  }
  if (sum === 0) return null;
  const maxBits = 32 - Math.clz32(sum);
  if (maxBits > HUFFMAN_MAX_BITS) return null;
  const rest = (1 << maxBits) - sum;
  const lastBits = 31 - Math.clz32(rest);
  if (1 << lastBits !== rest) return null;
  weights.push(lastBits + 1);
  return { table: new HuffmanTable(weights, maxBits), end: after };
}
