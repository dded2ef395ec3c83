/**
 * BLAKE3, plain and keyed, 32-byte results (O'Connor, Aumasson, Neves, Wilcox-O'Hearn).
 *
 * A binary tree over chunks of 1 KiB. The stack of chaining values holds one entry per set bit of the number of chunks
 * done, so two subtrees of equal size merge as soon as both are there.
 */

const IV: Uint32Array = new Uint32Array([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);
const PERMUTATION: readonly number[] = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
const CHUNK_START = 1;
const CHUNK_END = 2;
const PARENT = 4;
const ROOT = 8;
const KEYED_HASH = 16;
const CHUNK_BYTES = 1024;

function mix(v: Uint32Array, a: number, b: number, c: number, d: number, x: number, y: number) {
  v[a] = v[a] + v[b] + x;
  let t = v[d] ^ v[a];
  v[d] = (t >>> 16) | (t << 16);
  v[c] = v[c] + v[d];
  t = v[b] ^ v[c];
  v[b] = (t >>> 12) | (t << 20);
  v[a] = v[a] + v[b] + y;
  t = v[d] ^ v[a];
  v[d] = (t >>> 8) | (t << 24);
  v[c] = v[c] + v[d];
  t = v[b] ^ v[c];
  v[b] = (t >>> 7) | (t << 25);
}

function compress(
  chain: Uint32Array,
  block: Uint32Array,
  counter: number,
  length: number,
  flags: number,
): Uint32Array {
  const v = new Uint32Array(16);
  v.set(chain, 0);
  v.set(IV.subarray(0, 4), 8);
  v[12] = counter % 4294967296;
  v[13] = Math.trunc(counter / 4294967296);
  v[14] = length;
  v[15] = flags;
  let m = block.slice();
  for (let round = 0; round < 7; round++) {
    mix(v, 0, 4, 8, 12, m[0], m[1]);
    mix(v, 1, 5, 9, 13, m[2], m[3]);
    mix(v, 2, 6, 10, 14, m[4], m[5]);
    mix(v, 3, 7, 11, 15, m[6], m[7]);
    mix(v, 0, 5, 10, 15, m[8], m[9]);
    mix(v, 1, 6, 11, 12, m[10], m[11]);
    mix(v, 2, 7, 8, 13, m[12], m[13]);
    mix(v, 3, 4, 9, 14, m[14], m[15]);
    const next = new Uint32Array(16);
    for (let i = 0; i < 16; i++) next[i] = m[PERMUTATION[i]];
    m = next;
  }
  const out = new Uint32Array(8);
  for (let i = 0; i < 8; i++) out[i] = v[i] ^ v[i + 8];
  return out;
}

function wordsAt(bytes: Uint8Array, at: number, length: number): Uint32Array {
  const padded = new Uint8Array(64);
  padded.set(bytes.subarray(at, at + length));
  const view = new DataView(padded.buffer);
  const words = new Uint32Array(16);
  for (let i = 0; i < 16; i++) words[i] = view.getUint32(i * 4, true);
  return words;
}

function chunk(key: Uint32Array, bytes: Uint8Array, counter: number, flags: number): Uint32Array {
  let chain = key;
  let at = 0;
  do {
    const take = Math.min(64, bytes.length - at);
    let f = flags & ~ROOT;
    if (at === 0) f |= CHUNK_START;
    if (at + take >= bytes.length) f |= CHUNK_END | (flags & ROOT);
    chain = compress(chain, wordsAt(bytes, at, take), counter, take, f);
    at += take;
  } while (at < bytes.length);
  return chain;
}

function parent(key: Uint32Array, left: Uint32Array, right: Uint32Array, flags: number) {
  const block = new Uint32Array(16);
  block.set(left, 0);
  block.set(right, 8);
  return compress(key, block, 0, 64, flags | PARENT);
}

/** Keyed with 32 bytes of `key` when it is not empty. */
export function blake3(bytes: Uint8Array, key: Uint8Array): Uint8Array {
  const keyed = key.length === 32;
  const flags = keyed ? KEYED_HASH : 0;
  const keyWords = keyed ? wordsAt(key, 0, 32).slice(0, 8) : IV;
  let root: Uint32Array;
  if (bytes.length <= CHUNK_BYTES) {
    root = chunk(keyWords, bytes, 0, flags | ROOT);
  } else {
    const stack: Uint32Array[] = [];
    const chunks = Math.trunc((bytes.length + CHUNK_BYTES - 1) / CHUNK_BYTES);
    let value: Uint32Array = keyWords;
    for (let i = 0; i < chunks; i++) {
      const start = i * CHUNK_BYTES;
      const end = Math.min(start + CHUNK_BYTES, bytes.length);
      value = chunk(keyWords, bytes.subarray(start, end), i, flags);
      if (i === chunks - 1) break;
      for (let done = i + 1; done % 2 === 0; done = Math.trunc(done / 2)) {
        value = parent(keyWords, stack[stack.length - 1], value, flags);
        stack.pop();
      }
      stack.push(value);
    }
    for (let i = stack.length - 1; i > 0; i--) value = parent(keyWords, stack[i], value, flags);
    root = parent(keyWords, stack[0], value, flags | ROOT);
  }
  const out = new Uint8Array(32);
  const view = new DataView(out.buffer);
  for (let i = 0; i < 8; i++) view.setUint32(i * 4, root[i], true);
  return out;
}
