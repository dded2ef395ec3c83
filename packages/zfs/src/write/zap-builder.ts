/** Serialises ZAPs as a whole: micro when everything fits one block, fat otherwise. */

import { zapHash } from '../dmu/zap.js';
import { ZfsError } from '../errors.js';
import { bytesOf } from '../view.js';
import { setInt } from './tree.js';

const MICRO_MAX_BYTES = 131072;
const MICRO_NAME = 49;
const LEAF_BYTES = 16384;
const LEAF_TABLE = 512;
const CHUNK = 24;
const CHUNKS = 638;
const TABLE_SHIFT = 10;

export class ZapItem {
  readonly name: string;
  /** Bytes per integer. */
  readonly width: number;
  /** Big-endian. */
  readonly value: Uint8Array;
  constructor(name: string, width: number, value: Uint8Array) {
    this.name = name;
    this.width = width;
    this.value = value;
  }

  static number(name: string, value: number): ZapItem {
    const bytes = new Uint8Array(8);
    const data = new DataView(bytes.buffer);
    data.setUint32(0, Math.trunc(value / 4294967296));
    data.setUint32(4, value % 4294967296);
    return new ZapItem(name, 8, bytes);
  }

  static text(name: string, text: string): ZapItem {
    return new ZapItem(name, 1, bytesOf(`${text}\0`));
  }
}

export class BuiltZap {
  readonly blockBytes: number;
  readonly blocks: Uint8Array[];
  constructor(blockBytes: number, blocks: Uint8Array[]) {
    this.blockBytes = blockBytes;
    this.blocks = blocks;
  }
}

export function buildZap(items: readonly ZapItem[], salt: bigint): BuiltZap {
  let micro = 64 * (items.length + 1) <= MICRO_MAX_BYTES;
  for (const item of items) {
    if (item.width !== 8 || item.value.length !== 8 || item.name.length > MICRO_NAME) micro = false;
  }
  return micro ? buildMicro(items, salt) : buildFat(items, salt);
}

class Hashed {
  readonly item: ZapItem;
  readonly high: number;
  readonly low: number;
  cd = 0;
  constructor(item: ZapItem, salt: bigint) {
    this.item = item;
    const hash = zapHash(salt, bytesOf(item.name), false);
    this.high = hash[0];
    this.low = hash[1];
  }
}

/** Ordered by hash, equal hashes told apart by ascending numbers. */
function hashed(items: readonly ZapItem[], salt: bigint): Hashed[] {
  const out: Hashed[] = [];
  for (const item of items) out.push(new Hashed(item, salt));
  out.sort((a, b) => a.high - b.high || a.low - b.low);
  for (let i = 1; i < out.length; i++) {
    if (out[i].high === out[i - 1].high && out[i].low === out[i - 1].low)
      out[i].cd = out[i - 1].cd + 1;
  }
  return out;
}

function buildMicro(items: readonly ZapItem[], salt: bigint): BuiltZap {
  const size = Math.max(512, Math.trunc((64 * (items.length + 1) + 511) / 512) * 512);
  const block = new Uint8Array(size);
  const data = new DataView(block.buffer);
  data.setBigUint64(0, 0x8000000000000003n, true);
  data.setBigUint64(8, salt, true);
  let at = 64;
  for (const entry of hashed(items, salt)) {
    for (let i = 0; i < 8; i++) block[at + i] = entry.item.value[7 - i];
    data.setUint32(at + 8, entry.cd, true);
    block.set(bytesOf(entry.item.name), at + 14);
    at += 64;
  }
  return new BuiltZap(size, [block]);
}

function chunksOf(item: ZapItem): number {
  const array = (size: number): number => Math.trunc((size + 20) / 21);
  return 1 + array(item.name.length + 1) + array(item.value.length);
}

function buildFat(items: readonly ZapItem[], salt: bigint): BuiltZap {
  const sorted = hashed(items, salt);
  const header = new Uint8Array(LEAF_BYTES);
  const data = new DataView(header.buffer);
  const blocks: Uint8Array[] = [header];
  // Leaves by prefix: split until the entries of each fit.
  const split = (from: number, to: number, prefix: number, bits: number): void => {
    let chunks = 0;
    for (let i = from; i < to; i++) chunks += chunksOf(sorted[i].item);
    if (chunks > CHUNKS) {
      if (bits >= TABLE_SHIFT) throw new ZfsError('unsupported', 'a directory of that size');
      let middle = from;
      while (middle < to && ((sorted[middle].high >>> (31 - bits)) & 1) === 0) middle++;
      split(from, middle, prefix * 2, bits + 1);
      split(middle, to, prefix * 2 + 1, bits + 1);
      return;
    }
    const block = blocks.length;
    blocks.push(buildLeaf(sorted, from, to, prefix, bits));
    const span = Math.pow(2, TABLE_SHIFT - bits);
    for (let i = 0; i < span; i++) setInt(data, LEAF_BYTES / 2 + (prefix * span + i) * 8, block);
  };
  split(0, sorted.length, 0, 0);
  data.setBigUint64(0, 0x8000000000000001n, true);
  data.setBigUint64(8, 0x2f52ab2abn, true);
  setInt(data, 32, TABLE_SHIFT);
  setInt(data, 56, blocks.length);
  setInt(data, 64, blocks.length - 1);
  setInt(data, 72, sorted.length);
  data.setBigUint64(80, salt, true);
  return new BuiltZap(LEAF_BYTES, blocks);
}

function buildLeaf(
  sorted: readonly Hashed[],
  from: number,
  to: number,
  prefix: number,
  bits: number,
): Uint8Array {
  const leaf = new Uint8Array(LEAF_BYTES);
  const data = new DataView(leaf.buffer);
  data.setBigUint64(0, 0x8000000000000000n, true);
  setInt(data, 16, prefix);
  data.setUint32(24, 0x2ab1eaf, true);
  data.setUint16(30, to - from, true);
  data.setUint16(32, bits, true);
  data.setUint8(36, 1);
  const table = 48;
  const first = table + LEAF_TABLE * 2;
  leaf.fill(0xff, table, first);
  let next = 0;
  const putArray = (bytes: Uint8Array): number => {
    const start = next;
    for (let at = 0; at < bytes.length; at += 21) {
      const chunk = first + next * CHUNK;
      leaf[chunk] = 251;
      leaf.set(bytes.subarray(at, Math.min(at + 21, bytes.length)), chunk + 1);
      next++;
      data.setUint16(chunk + 22, at + 21 < bytes.length ? next : 0xffff, true);
    }
    return start;
  };
  const indexShift = 32 - bits - 9;
  // Chains are ordered by hash and number; adding in falling order at the head gives that.
  for (let i = to - 1; i >= from; i--) {
    const entry = sorted[i];
    const name = putArray(bytesOf(`${entry.item.name}\0`));
    const value = putArray(entry.item.value);
    const chunk = next++;
    const at = first + chunk * CHUNK;
    const slot = (entry.high >>> indexShift) & (LEAF_TABLE - 1);
    data.setUint8(at, 252);
    data.setUint8(at + 1, entry.item.width);
    data.setUint16(at + 2, data.getUint16(table + slot * 2, true), true);
    data.setUint16(at + 4, name, true);
    data.setUint16(at + 6, entry.item.name.length + 1, true);
    data.setUint16(at + 8, value, true);
    data.setUint16(at + 10, Math.trunc(entry.item.value.length / entry.item.width), true);
    data.setUint32(at + 12, entry.cd, true);
    data.setUint32(at + 16, entry.low, true);
    data.setUint32(at + 20, entry.high, true);
    data.setUint16(table + slot * 2, chunk, true);
  }
  for (let chunk = next; chunk < CHUNKS; chunk++) {
    const at = first + chunk * CHUNK;
    leaf[at] = 253;
    data.setUint16(at + 22, chunk + 1 < CHUNKS ? chunk + 1 : 0xffff, true);
  }
  data.setUint16(28, CHUNKS - next, true);
  data.setUint16(34, next < CHUNKS ? next : 0xffff, true);
  return leaf;
}
