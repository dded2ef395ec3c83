/**
 * Zstandard decompression (RFC 8878), for frames without a dictionary.
 *
 * ZFS stores an 8-byte header (big-endian length of the frame, then version and level) and a frame without its magic
 * number. Every length is checked against the output, so hostile input ends in `false`.
 */
import {
  BackwardBits,
  FseTable,
  type HuffmanTable,
  readFseTable,
  readHuffmanTable,
} from './zstd-entropy.js';

const LITERALS_BASE: readonly number[] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 128,
  256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536,
];
const LITERALS_EXTRA: readonly number[] = [
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12,
  13, 14, 15, 16,
];
const MATCH_BASE: readonly number[] = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
  29, 30, 31, 32, 33, 34, 35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051,
  4099, 8195, 16387, 32771, 65539,
];
const MATCH_EXTRA: readonly number[] = [
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
  1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
];
const LITERALS_DEFAULT: FseTable = new FseTable(
  6,
  [
    4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1,
    -1, -1, -1, -1,
  ],
);
const MATCH_DEFAULT: FseTable = new FseTable(
  6,
  [
    1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
  ],
);
const OFFSET_DEFAULT: FseTable = new FseTable(
  5,
  [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1],
);

const MAX_BLOCK_BYTES = 131072;

class FrameDecoder {
  readonly #in: Uint8Array;
  readonly #out: Uint8Array;
  #to = 0;
  #huffman: HuffmanTable | null = null;
  #literalsTable: FseTable | null = null;
  #offsetTable: FseTable | null = null;
  #matchTable: FseTable | null = null;
  #repeat1 = 1;
  #repeat2 = 4;
  #repeat3 = 8;
  readonly #literals = new Uint8Array(MAX_BLOCK_BYTES);

  constructor(input: Uint8Array, out: Uint8Array) {
    this.#in = input;
    this.#out = out;
  }

  /** Decodes one frame without magic from `start`; bytes made, or -1. */
  run(start: number): number {
    const input = this.#in;
    let at = start;
    if (at >= input.length) return -1;
    const descriptor = input[at++];
    const single = (descriptor & 0x20) !== 0;
    if ((descriptor & 8) !== 0) return -1;
    if (!single) at++;
    const dictionaryFlag = descriptor & 3;
    if (dictionaryFlag !== 0) return -1;
    const sizeFlag = descriptor >> 6;
    at += sizeFlag === 0 ? (single ? 1 : 0) : 1 << sizeFlag;
    for (;;) {
      if (at + 3 > input.length) return -1;
      const header = input[at] | (input[at + 1] << 8) | (input[at + 2] << 16);
      at += 3;
      const type = (header >> 1) & 3;
      const size = header >> 3;
      if (type === 0) {
        if (size > input.length - at || size > this.#out.length - this.#to) return -1;
        this.#out.set(input.subarray(at, at + size), this.#to);
        this.#to += size;
        at += size;
      } else if (type === 1) {
        if (at >= input.length || size > this.#out.length - this.#to) return -1;
        this.#out.fill(input[at], this.#to, this.#to + size);
        this.#to += size;
        at++;
      } else if (type === 2) {
        if (size > input.length - at || size > MAX_BLOCK_BYTES) return -1;
        if (!this.#block(at, at + size)) return -1;
        at += size;
      } else {
        return -1;
      }
      if ((header & 1) !== 0) return this.#to;
    }
  }

  /** Literals of a block: their number, and where the sequences start; null for bad input. */
  #readLiterals(start: number, end: number): { count: number; next: number } | null {
    const input = this.#in;
    if (start >= end) return null;
    const type = input[start] & 3;
    const format = (input[start] >> 2) & 3;
    let at = start;
    if (type < 2) {
      const headerBytes = (format & 1) === 0 ? 1 : format === 1 ? 2 : 3;
      if (at + headerBytes > end) return null;
      let count = input[at] >> 3;
      if (headerBytes === 2) count = (input[at] >> 4) | (input[at + 1] << 4);
      if (headerBytes === 3)
        count = (input[at] >> 4) | (input[at + 1] << 4) | (input[at + 2] << 12);
      at += headerBytes;
      if (count > MAX_BLOCK_BYTES) return null;
      if (type === 0) {
        if (count > end - at) return null;
        this.#literals.set(input.subarray(at, at + count), 0);
        return { count, next: at + count };
      }
      if (at >= end) return null;
      this.#literals.fill(input[at], 0, count);
      return { count, next: at + 1 };
    }
    const headerBytes = format < 2 ? 3 : format + 2;
    if (at + headerBytes > end) return null;
    const sizeBits = format < 2 ? 10 : format === 2 ? 14 : 18;
    let value = 0;
    for (let i = headerBytes - 1; i >= 0; i--) value = value * 256 + input[at + i];
    value = Math.trunc(value / 16);
    const count = value % (1 << sizeBits);
    const packed = Math.trunc(value / (1 << sizeBits));
    at += headerBytes;
    const next = at + packed;
    if (next > end || count > MAX_BLOCK_BYTES) return null;
    if (type === 2) {
      const huffman = readHuffmanTable(input, at, next);
      if (huffman === null) return null;
      this.#huffman = huffman.table;
      at = huffman.end;
    }
    const table = this.#huffman;
    if (table === null) return null;
    if (format === 0) {
      return table.decode(input, at, next, this.#literals, 0, count) ? { count, next } : null;
    }
    if (at + 6 > next) return null;
    const each = (count + 3) >> 2;
    if (each * 3 > count) return null;
    let from = at + 6;
    for (let i = 0; i < 4; i++) {
      const size = i < 3 ? input[at + 2 * i] | (input[at + 2 * i + 1] << 8) : next - from;
      const length = i < 3 ? each : count - 3 * each;
      if (size <= 0 || from + size > next) return null;
      if (!table.decode(input, from, from + size, this.#literals, i * each, length)) return null;
      from += size;
    }
    return { count, next };
  }

  #block(start: number, end: number): boolean {
    const input = this.#in;
    const literals = this.#readLiterals(start, end);
    if (literals === null) return false;
    let at = literals.next;
    if (at >= end) return false;
    let sequences = input[at++];
    if (sequences >= 128) {
      if (sequences === 255) {
        if (at + 2 > end) return false;
        sequences = input[at] + (input[at + 1] << 8) + 0x7f00;
        at += 2;
      } else {
        if (at >= end) return false;
        sequences = ((sequences - 128) << 8) + input[at++];
      }
    }
    let literalAt = 0;
    if (sequences > 0) {
      if (at >= end) return false;
      const modes = input[at++];
      const tables: (FseTable | null)[] = [
        this.#literalsTable,
        this.#offsetTable,
        this.#matchTable,
      ];
      const defaults: FseTable[] = [LITERALS_DEFAULT, OFFSET_DEFAULT, MATCH_DEFAULT];
      const maxLogs: number[] = [9, 8, 9];
      const maxSymbols: number[] = [35, 31, 52];
      for (let i = 0; i < 3; i++) {
        const mode = (modes >> (6 - 2 * i)) & 3;
        if (mode === 0) {
          tables[i] = defaults[i];
        } else if (mode === 1) {
          if (at >= end || input[at] > maxSymbols[i]) return false;
          tables[i] = FseTable.single(input[at++]);
        } else if (mode === 2) {
          const fse = readFseTable(input, at, end, maxLogs[i], maxSymbols[i]);
          if (fse === null) return false;
          tables[i] = fse.table;
          at = fse.end;
        }
      }
      const literalsTable = tables[0];
      const offsetTable = tables[1];
      const matchTable = tables[2];
      if (literalsTable === null || offsetTable === null || matchTable === null) return false;
      this.#literalsTable = literalsTable;
      this.#offsetTable = offsetTable;
      this.#matchTable = matchTable;
      const bits = new BackwardBits(input, at, end);
      if (!bits.valid) return false;
      let literalState = bits.read(literalsTable.accuracyLog);
      let offsetState = bits.read(offsetTable.accuracyLog);
      let matchState = bits.read(matchTable.accuracyLog);
      for (let i = 0; i < sequences; i++) {
        const offsetCode = offsetTable.symbols[offsetState];
        const matchCode = matchTable.symbols[matchState];
        const literalCode = literalsTable.symbols[literalState];
        const offsetValue = Math.pow(2, offsetCode) + bits.read(offsetCode);
        const matchLength = MATCH_BASE[matchCode] + bits.read(MATCH_EXTRA[matchCode]);
        const literalLength = LITERALS_BASE[literalCode] + bits.read(LITERALS_EXTRA[literalCode]);
        if (bits.left < 0) return false;
        const distance = this.#distance(offsetValue, literalLength);
        if (literalLength > literals.count - literalAt) return false;
        if (!this.#copy(literalAt, literalLength, distance, matchLength)) return false;
        literalAt += literalLength;
        if (i < sequences - 1) {
          literalState =
            literalsTable.bases[literalState] + bits.read(literalsTable.bits[literalState]);
          matchState = matchTable.bases[matchState] + bits.read(matchTable.bits[matchState]);
          offsetState = offsetTable.bases[offsetState] + bits.read(offsetTable.bits[offsetState]);
          if (bits.left < 0) return false;
        }
      }
      if (bits.left !== 0) return false;
    }
    const rest = literals.count - literalAt;
    if (rest > this.#out.length - this.#to) return false;
    this.#out.set(this.#literals.subarray(literalAt, literals.count), this.#to);
    this.#to += rest;
    return true;
  }

  /** Resolves repeated offsets (RFC 8878 section 3.1.1.5). */
  #distance(value: number, literalLength: number): number {
    if (value > 3) {
      this.#repeat3 = this.#repeat2;
      this.#repeat2 = this.#repeat1;
      this.#repeat1 = value - 3;
      return this.#repeat1;
    }
    const index = literalLength === 0 ? value + 1 : value;
    if (index === 1) return this.#repeat1;
    let distance = this.#repeat2;
    if (index === 3) distance = this.#repeat3;
    if (index === 4) distance = this.#repeat1 - 1;
    if (index > 2) this.#repeat3 = this.#repeat2;
    this.#repeat2 = this.#repeat1;
    this.#repeat1 = distance;
    return distance;
  }

  #copy(literalAt: number, literalLength: number, distance: number, matchLength: number): boolean {
    const out = this.#out;
    if (literalLength + matchLength > out.length - this.#to) return false;
    let to = this.#to;
    for (let i = 0; i < literalLength; i++) out[to++] = this.#literals[literalAt + i];
    if (distance <= 0 || distance > to) return false;
    if (distance >= matchLength) {
      out.copyWithin(to, to - distance, to - distance + matchLength);
      to += matchLength;
    } else {
      for (let i = 0; i < matchLength; i++) {
        out[to] = out[to - distance];
        to++;
      }
    }
    this.#to = to;
    return true;
  }
}

/** One frame without its magic number; the number of bytes made, or -1. */
export function zstdDecodeFrame(input: Uint8Array, start: number, out: Uint8Array): number {
  return new FrameDecoder(input, out).run(start);
}

/** `out` is filled exactly; false for bad input. */
export function zstdDecompress(input: Uint8Array, out: Uint8Array): boolean {
  if (input.length < 9) return false;
  const length = new DataView(input.buffer, input.byteOffset, 4).getUint32(0);
  if (length > input.length - 8) return false;
  return zstdDecodeFrame(input.subarray(8, 8 + length), 0, out) === out.length;
}
