/**
 * The XDR encoding of name-value lists (RFC 4506 rules: big-endian, everything padded to four bytes).
 *
 *   list  = version:u32 flags:u32 pair* 0:u32 0:u32
 *   pair  = encodedSize:u32 decodedSize:u32 name:string type:u32 count:u32 value
 *
 * `encodedSize` covers the pair from its own first byte; `decodedSize` is what the native form would take, which other
 * readers use to size memory, so the encoder computes it by the native layout's rules.
 */
import {
  NV_BOOLEAN,
  NV_BOOLEAN_ARRAY,
  NV_BOOLEAN_VALUE,
  NV_BYTE,
  NV_BYTE_ARRAY,
  NV_DOUBLE,
  NV_HRTIME,
  NV_INT8,
  NV_INT8_ARRAY,
  NV_INT16_ARRAY,
  NV_INT64,
  NV_INT64_ARRAY,
  NV_LIST,
  NV_LIST_ARRAY,
  NV_MAX_DEPTH,
  NV_STRING,
  NV_STRING_ARRAY,
  NV_UINT8,
  NV_UINT8_ARRAY,
  NV_UINT16_ARRAY,
  NV_UINT32_ARRAY,
  NV_UINT64,
  NV_UINT64_ARRAY,
  NvList,
  type NvPair,
  type NvValue,
} from './nvlist.js';

class XdrReader {
  readonly #bytes: Uint8Array;
  readonly #data: DataView;
  at: number;
  failed = false;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
  }

  #room(size: number): boolean {
    if (this.at + size > this.#bytes.length) this.failed = true;
    return !this.failed;
  }

  u32(): number {
    if (!this.#room(4)) return 0;
    this.at += 4;
    return this.#data.getUint32(this.at - 4);
  }

  u64(): bigint {
    if (!this.#room(8)) return 0n;
    this.at += 8;
    return this.#data.getBigUint64(this.at - 8);
  }

  text(): string {
    const length = this.u32();
    if (!this.#room(length)) return '';
    let text = '';
    for (let i = 0; i < length; i++) text += String.fromCharCode(this.#bytes[this.at + i]);
    this.at += (length + 3) & ~3;
    return text;
  }

  opaque(length: number): Uint8Array {
    if (!this.#room(length)) return new Uint8Array(0);
    const out = this.#bytes.slice(this.at, this.at + length);
    this.at += (length + 3) & ~3;
    return out;
  }

  get rest(): number {
    return this.#bytes.length - this.at;
  }
}

function signExtend(type: number, value: number): bigint {
  const signed = type === 3 || type === 5 || type === NV_INT8;
  return signed ? BigInt.asUintN(64, BigInt(value | 0)) : BigInt(value);
}

function readValue(input: XdrReader, type: number, count: number, depth: number): NvValue | null {
  switch (type) {
    case NV_BOOLEAN:
      return { kind: 'flag' };
    case NV_BOOLEAN_VALUE:
    case NV_BYTE:
    case 3:
    case 4:
    case 5:
    case 6:
    case NV_INT8:
    case NV_UINT8:
      return { kind: 'integer', type, value: signExtend(type, input.u32()) };
    case NV_INT64:
    case NV_UINT64:
    case NV_HRTIME:
    case NV_DOUBLE:
      return { kind: 'integer', type, value: input.u64() };
    case NV_STRING:
      return { kind: 'string', text: input.text() };
    case NV_BYTE_ARRAY:
      return { kind: 'bytes', type, bytes: input.opaque(count) };
    case NV_INT8_ARRAY:
    case NV_UINT8_ARRAY: {
      // xdr_array of 8-bit items: a count, then one item per four bytes.
      const length = input.u32();
      if (length * 4 > input.rest) return null;
      const bytes = new Uint8Array(length);
      for (let i = 0; i < length; i++) bytes[i] = input.u32();
      return { kind: 'bytes', type, bytes };
    }
    case NV_BOOLEAN_ARRAY:
    case NV_INT16_ARRAY:
    case NV_UINT16_ARRAY:
    case 13:
    case NV_UINT32_ARRAY: {
      const length = input.u32();
      if (length * 4 > input.rest) return null;
      const values: bigint[] = [];
      for (let i = 0; i < length; i++) values.push(BigInt(input.u32()));
      return { kind: 'integers', type, values };
    }
    case NV_INT64_ARRAY:
    case NV_UINT64_ARRAY: {
      const length = input.u32();
      if (length * 8 > input.rest) return null;
      const values: bigint[] = [];
      for (let i = 0; i < length; i++) values.push(input.u64());
      return { kind: 'integers', type, values };
    }
    case NV_STRING_ARRAY: {
      if (count * 4 > input.rest) return null;
      const texts: string[] = [];
      for (let i = 0; i < count; i++) texts.push(input.text());
      return { kind: 'strings', texts };
    }
    case NV_LIST: {
      const list = readList(input, depth + 1);
      return list === null ? null : { kind: 'list', list };
    }
    case NV_LIST_ARRAY: {
      if (count * 8 > input.rest) return null;
      const lists: NvList[] = [];
      for (let i = 0; i < count; i++) {
        const list = readList(input, depth + 1);
        if (list === null) return null;
        lists.push(list);
      }
      return { kind: 'lists', lists };
    }
    default:
      return null;
  }
}

/** @depth 20 */
function readList(input: XdrReader, depth: number): NvList | null {
  if (depth > NV_MAX_DEPTH) return null;
  const list = new NvList();
  input.u32();
  list.flags = input.u32();
  for (;;) {
    const start = input.at;
    const encoded = input.u32();
    const decoded = input.u32();
    if (input.failed) return null;
    if (encoded === 0 && decoded === 0) return list;
    const name = input.text();
    const type = input.u32();
    const count = input.u32();
    if (input.failed) return null;
    const value = readValue(input, type, count, depth);
    if (value === null || input.failed || input.at > start + encoded) return null;
    input.at = start + encoded;
    list.pairs.push({ name, value });
  }
}

/** Decodes a list without the four-byte encoding header. */
export function decodeXdr(bytes: Uint8Array, at: number): NvList | null {
  return readList(new XdrReader(bytes, at), 0);
}

class XdrWriter {
  bytes = new Uint8Array(1024);
  length = 0;

  #grow(size: number): void {
    if (this.length + size <= this.bytes.length) return;
    const next = new Uint8Array(Math.max(this.bytes.length * 2, this.length + size));
    next.set(this.bytes.subarray(0, this.length));
    this.bytes = next;
  }

  u32(value: number): void {
    this.#grow(4);
    new DataView(this.bytes.buffer).setUint32(this.length, value);
    this.length += 4;
  }

  setU32(at: number, value: number): void {
    new DataView(this.bytes.buffer).setUint32(at, value);
  }

  u64(value: bigint): void {
    this.#grow(8);
    new DataView(this.bytes.buffer).setBigUint64(this.length, BigInt.asUintN(64, value));
    this.length += 8;
  }

  text(text: string): void {
    this.u32(text.length);
    const padded = (text.length + 3) & ~3;
    this.#grow(padded);
    for (let i = 0; i < text.length; i++) this.bytes[this.length + i] = text.charCodeAt(i);
    this.length += padded;
  }

  opaque(bytes: Uint8Array): void {
    const padded = (bytes.length + 3) & ~3;
    this.#grow(padded);
    this.bytes.set(bytes, this.length);
    this.length += padded;
  }
}

function typeOf(value: NvValue): number {
  switch (value.kind) {
    case 'flag':
      return NV_BOOLEAN;
    case 'integer':
    case 'integers':
    case 'bytes':
      return value.type;
    case 'string':
      return NV_STRING;
    case 'strings':
      return NV_STRING_ARRAY;
    case 'list':
      return NV_LIST;
    case 'lists':
      return NV_LIST_ARRAY;
  }
}

function countOf(value: NvValue): number {
  switch (value.kind) {
    case 'flag':
      return 0;
    case 'integers':
      return value.values.length;
    case 'bytes':
      return value.bytes.length;
    case 'strings':
      return value.texts.length;
    case 'lists':
      return value.lists.length;
    default:
      return 1;
  }
}

const align8 = (size: number): number => (size + 7) & ~7;

/** Bytes of the pair in the native layout: a 16-byte header, the name, the value, each padded to eight. */
function nativeSize(pair: NvPair): number {
  const value = pair.value;
  let size = 0;
  switch (value.kind) {
    case 'flag':
      size = 0;
      break;
    case 'integer':
      size = 8;
      break;
    case 'integers':
      size =
        value.type === NV_UINT64_ARRAY || value.type === NV_INT64_ARRAY
          ? value.values.length * 8
          : value.type === NV_INT16_ARRAY || value.type === NV_UINT16_ARRAY
            ? value.values.length * 2
            : value.values.length * 4;
      break;
    case 'bytes':
      size = value.bytes.length;
      break;
    case 'string':
      size = value.text.length + 1;
      break;
    case 'strings':
      size = value.texts.length * 8;
      for (const text of value.texts) size += text.length + 1;
      break;
    case 'list':
      size = 24;
      break;
    case 'lists':
      size = value.lists.length * 32;
      break;
  }
  return align8(16 + pair.name.length + 1) + align8(size);
}

/** @depth 20 */
function writeList(out: XdrWriter, list: NvList): void {
  out.u32(0);
  out.u32(list.flags);
  for (const pair of list.pairs) {
    const start = out.length;
    out.u32(0);
    out.u32(nativeSize(pair));
    out.text(pair.name);
    out.u32(typeOf(pair.value));
    out.u32(countOf(pair.value));
    const value = pair.value;
    switch (value.kind) {
      case 'flag':
        break;
      case 'integer':
        if (value.type === NV_UINT64 || value.type === NV_INT64 || value.type === NV_HRTIME) {
          out.u64(value.value);
        } else if (value.type === NV_DOUBLE) {
          out.u64(value.value);
        } else {
          out.u32(Number(BigInt.asUintN(32, value.value)));
        }
        break;
      case 'integers':
        out.u32(value.values.length);
        for (const item of value.values) {
          if (value.type === NV_UINT64_ARRAY || value.type === NV_INT64_ARRAY) out.u64(item);
          else out.u32(Number(BigInt.asUintN(32, item)));
        }
        break;
      case 'bytes':
        if (value.type === NV_BYTE_ARRAY) {
          out.opaque(value.bytes);
        } else {
          out.u32(value.bytes.length);
          for (let i = 0; i < value.bytes.length; i++) out.u32(value.bytes[i]);
        }
        break;
      case 'string':
        out.text(value.text);
        break;
      case 'strings':
        for (const text of value.texts) out.text(text);
        break;
      case 'list':
        writeList(out, value.list);
        break;
      case 'lists':
        for (const item of value.lists) writeList(out, item);
        break;
    }
    out.setU32(start, out.length - start);
  }
  out.u32(0);
  out.u32(0);
}

/** Encodes a list without the four-byte encoding header. */
export function encodeXdr(list: NvList): Uint8Array {
  const out = new XdrWriter();
  writeList(out, list);
  return out.bytes.slice(0, out.length);
}
