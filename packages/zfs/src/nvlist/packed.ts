import { decodeNative } from './native.js';
import type { NvList } from './nvlist.js';
import { decodeXdr, encodeXdr } from './xdr.js';

/** Reads a packed list: encoding (0 native, 1 XDR), byte order (1 little), two spare bytes, then the list. */
export function unpackNvList(bytes: Uint8Array): NvList | null {
  if (bytes.length < 12) return null;
  if (bytes[0] === 1) return decodeXdr(bytes, 4);
  if (bytes[0] === 0) return decodeNative(bytes, 4, bytes[1] === 1);
  return null;
}

/** Packs a list in XDR. */
export function packNvList(list: NvList): Uint8Array {
  const body = encodeXdr(list);
  const out = new Uint8Array(body.length + 4);
  out[0] = 1;
  out[1] = 1;
  out.set(body, 4);
  return out;
}
