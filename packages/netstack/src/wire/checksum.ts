// The Internet checksum (RFC 1071).
//
// Problem: it is the most expensive step per byte of a segment, more than the copies. The ones' complement sum does not
// depend on byte order or lane width, so we add 32-bit little-endian words and swap the 16-bit result once at the end.
// That needs a Uint32Array over the same memory; `Checksummer` keeps the views of the buffers it saw last, since making
// one per packet would cost more than the wide lanes win. Short runs use bytes.

import { read16 } from './bytes.js';

const CACHED_VIEWS_MAX = 8;
const WIDE_BYTES_MIN = 64;

/** Folds a sum of 16-bit words into 16 bits. */
export function foldSum(sum: number): number {
  let value = sum;
  while (value > 0xffff) value = (value & 0xffff) + Math.trunc(value / 0x10000);
  return value;
}

/** Sum of big-endian 16-bit words, an odd last byte counts as the high half. Not folded, not inverted. */
export function sumBytes(buffer: Uint8Array, at: number, length: number): number {
  let sum = 0;
  const end = at + length;
  const even = end - (length & 1);
  for (let i = at; i < even; i += 2) sum += (buffer[i] << 8) | buffer[i + 1];
  if ((length & 1) !== 0) sum += buffer[end - 1] << 8;
  return sum;
}

function swap16(value: number): number {
  return ((value & 0xff) << 8) | (value >>> 8);
}

/** Sums long runs with 32-bit lanes. One per interface; holds views of at most eight buffers. */
export class Checksummer {
  readonly #buffers: ArrayBufferLike[] = [];
  readonly #words: Uint32Array[] = [];
  #next = 0;

  /** Sum of the big-endian 16-bit words of a run, folded to 16 bits. Borrows the buffer. */
  sum(buffer: Uint8Array, at: number, length: number): number {
    if (length < WIDE_BYTES_MIN) return foldSum(sumBytes(buffer, at, length));
    const words = this.#wordsOf(buffer.buffer);
    let position = buffer.byteOffset + at;
    if ((position & 1) !== 0) return foldSum(sumBytes(buffer, at, length));
    let index = at;
    let head = 0;
    if ((position & 2) !== 0) {
      head = read16(buffer, index);
      index += 2;
      position += 2;
    }
    const count = (at + length - index) >>> 2;
    const first = position >>> 2;
    const last = Math.min(first + count, words.length);
    let a = 0;
    let b = 0;
    let i = first;
    for (; i + 4 <= last; i += 4) {
      a += words[i] + words[i + 1];
      b += words[i + 2] + words[i + 3];
    }
    for (; i < last; i++) a += words[i];
    index += (last - first) << 2;
    const wide = swap16(foldSum(a + b));
    return foldSum(head + wide + sumBytes(buffer, index, at + length - index));
  }

  #wordsOf(buffer: ArrayBufferLike): Uint32Array {
    for (let i = 0; i < this.#buffers.length; i++)
      if (this.#buffers[i] === buffer) return this.#words[i];
    const words = new Uint32Array(buffer, 0, buffer.byteLength >>> 2);
    const slot = this.#next;
    this.#next = (slot + 1) % CACHED_VIEWS_MAX;
    if (slot < this.#buffers.length) {
      this.#buffers[slot] = buffer;
      this.#words[slot] = words;
    } else {
      this.#buffers.push(buffer);
      this.#words.push(words);
    }
    return words;
  }
}

/** The checksum field for a sum: its complement. */
export function finishChecksum(sum: number): number {
  return ~foldSum(sum) & 0xffff;
}

/** The checksum of a run of bytes, ready for the header field. */
export function checksum(buffer: Uint8Array, at: number, length: number): number {
  return finishChecksum(sumBytes(buffer, at, length));
}

/** Sum of a 32-bit word, for pseudo headers. */
export function sumWord(word: number): number {
  return (word >>> 16) + (word & 0xffff);
}
