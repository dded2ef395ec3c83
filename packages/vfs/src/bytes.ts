/**
 * Byte strings: names and paths are bytes, not text.
 *
 * A `bytestr` has one char code 0-255 per byte; equality, order and Map keys are byte-exact. UTF-8 conversion happens
 * only at public doors and for display.
 */
declare const BYTESTR: unique symbol;
export type bytestr = string & { readonly [BYTESTR]?: 'bytestr' };

/** Bytes `[start, end)` of `bytes` as a byte string. Halving keeps the copying at n log n where strings are flat. */
export function bytesToString(bytes: Uint8Array, start: number, end: number): bytestr {
  const length = end - start;
  if (length <= 0) return '';
  if (length === 1) return String.fromCharCode(bytes[start]);
  const middle = start + (length >> 1);
  return bytesToString(bytes, start, middle) + bytesToString(bytes, middle, end);
}

/** The same bytes, for fields of more than one byte. */
export function dataView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
}

/** Copies a byte string into `out` at `offset`. Preconditions: it fits, and every code is below 256. */
export function copyStringTo(text: bytestr, out: Uint8Array, offset: number): number {
  for (let index = 0; index < text.length; index++) {
    out[offset + index] = text.charCodeAt(index) & 0xff;
  }
  return text.length;
}

export function stringToBytes(text: bytestr): Uint8Array {
  const out = new Uint8Array(text.length);
  copyStringTo(text, out, 0);
  return out;
}

/** UTF-16 text to the UTF-8 byte string that Linux would see; lone surrogates become U+FFFD as in WHATWG encoders. */
export function utf8Encode(text: string): bytestr {
  let out = '';
  for (let index = 0; index < text.length; index++) {
    let code = text.charCodeAt(index);
    if (code < 0x80) {
      out += String.fromCharCode(code);
      continue;
    }
    if (code >= 0xd800 && code <= 0xdfff) {
      const next = index + 1 < text.length ? text.charCodeAt(index + 1) : 0;
      if (code < 0xdc00 && next >= 0xdc00 && next <= 0xdfff) {
        code = 0x10000 + ((code - 0xd800) << 10) + (next - 0xdc00);
        index++;
      } else {
        code = 0xfffd;
      }
    }
    if (code < 0x800) {
      out += String.fromCharCode(0xc0 | (code >> 6)) + String.fromCharCode(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
      out +=
        String.fromCharCode(0xe0 | (code >> 12)) +
        String.fromCharCode(0x80 | ((code >> 6) & 0x3f)) +
        String.fromCharCode(0x80 | (code & 0x3f));
    } else {
      out +=
        String.fromCharCode(0xf0 | (code >> 18)) +
        String.fromCharCode(0x80 | ((code >> 12) & 0x3f)) +
        String.fromCharCode(0x80 | ((code >> 6) & 0x3f)) +
        String.fromCharCode(0x80 | (code & 0x3f));
    }
  }
  return out;
}

/** Byte order, as the packed image sorts names: negative, zero or positive. */
export function compareBytes(a: bytestr, b: bytestr): number {
  const shared = a.length < b.length ? a.length : b.length;
  for (let index = 0; index < shared; index++) {
    const difference = a.charCodeAt(index) - b.charCodeAt(index);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
