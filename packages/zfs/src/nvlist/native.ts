/**
 * The native encoding of name-value lists: C structures in the writer's byte order, found in send streams and ioctls.
 *
 *   list  = version:i32 flags:u32 pair* 0:i32          (nested lists have no version and flags of their own)
 *   pair  = size:i32 nameSize:i16 reserved:i16 count:i32 type:i32 name, padded to 8, then the value
 *
 * A nested list's own 24-byte header stands in the pair's value; its pairs follow the pair that names it.
 */
import { View } from '../view.js';
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
  type NvValue,
} from './nvlist.js';

class NativeReader {
  readonly view: View;
  at: number;
  constructor(view: View, at: number) {
    this.view = view;
    this.at = at;
  }
}

function integers(view: View, at: number, count: number, width: number): bigint[] | null {
  if (count < 0 || at + count * width > view.length) return null;
  const values: bigint[] = [];
  for (let i = 0; i < count; i++) {
    const p = at + i * width;
    values.push(width === 8 ? view.u64(p) : BigInt(width === 4 ? view.u32(p) : view.u16(p)));
  }
  return values;
}

function readValue(
  input: NativeReader,
  type: number,
  count: number,
  at: number,
  end: number,
  depth: number,
): NvValue | null {
  const view = input.view;
  switch (type) {
    case NV_BOOLEAN:
      return { kind: 'flag' };
    case NV_BYTE:
    case NV_INT8:
    case NV_UINT8:
      return { kind: 'integer', type, value: BigInt(view.u8(at)) };
    case 3:
    case 4:
      return { kind: 'integer', type, value: BigInt(view.u16(at)) };
    case NV_BOOLEAN_VALUE:
    case 5:
    case 6:
      return { kind: 'integer', type, value: BigInt(view.u32(at)) };
    case NV_INT64:
    case NV_UINT64:
    case NV_HRTIME:
    case NV_DOUBLE:
      return { kind: 'integer', type, value: view.u64(at) };
    case NV_STRING:
      return { kind: 'string', text: view.cString(at, end - at) };
    case NV_BYTE_ARRAY:
    case NV_INT8_ARRAY:
    case NV_UINT8_ARRAY:
      return { kind: 'bytes', type, bytes: view.slice(at, count).slice() };
    case NV_INT16_ARRAY:
    case NV_UINT16_ARRAY:
    case NV_BOOLEAN_ARRAY:
    case 13:
    case NV_UINT32_ARRAY:
    case NV_INT64_ARRAY:
    case NV_UINT64_ARRAY: {
      const width =
        type === NV_INT16_ARRAY || type === NV_UINT16_ARRAY
          ? 2
          : type === NV_INT64_ARRAY || type === NV_UINT64_ARRAY
            ? 8
            : 4;
      const values = integers(view, at, count, width);
      return values === null ? null : { kind: 'integers', type, values };
    }
    case NV_STRING_ARRAY: {
      const texts: string[] = [];
      let p = at + count * 8;
      for (let i = 0; i < count; i++) {
        if (p >= end) return null;
        const text = view.cString(p, end - p);
        texts.push(text);
        p += text.length + 1;
      }
      return { kind: 'strings', texts };
    }
    case NV_LIST: {
      const list = new NvList();
      list.flags = view.u32(at + 4);
      return readPairs(input, list, depth + 1) ? { kind: 'list', list } : null;
    }
    case NV_LIST_ARRAY: {
      const lists: NvList[] = [];
      for (let i = 0; i < count; i++) {
        const list = new NvList();
        list.flags = view.u32(at + count * 8 + i * 24 + 4);
        if (!readPairs(input, list, depth + 1)) return null;
        lists.push(list);
      }
      return { kind: 'lists', lists };
    }
    default:
      return null;
  }
}

/** @depth 20 */
function readPairs(input: NativeReader, list: NvList, depth: number): boolean {
  if (depth > NV_MAX_DEPTH) return false;
  const view = input.view;
  for (;;) {
    const start = input.at;
    const size = view.u32(start);
    if (size === 0) {
      input.at = start + 4;
      return true;
    }
    const nameSize = view.u16(start + 4);
    const count = view.u32(start + 8);
    const type = view.u32(start + 12);
    const valueAt = start + ((16 + nameSize + 7) & ~7);
    const end = start + size;
    if (size < 16 || nameSize === 0 || valueAt > end || end > view.length) return false;
    input.at = end;
    const name = view.cString(start + 16, nameSize);
    const value = readValue(input, type, count, valueAt, end, depth);
    if (value === null) return false;
    list.pairs.push({ name, value });
  }
}

/** Decodes a list without the four-byte encoding header; may throw `ZfsError` for cut-off input. */
export function decodeNative(bytes: Uint8Array, at: number, little: boolean): NvList | null {
  const view = new View(bytes, little);
  const list = new NvList();
  list.flags = view.u32(at + 4);
  return readPairs(new NativeReader(view, at + 8), list, 0) ? list : null;
}
