/**
 * ZAP: named attributes in an object.
 *
 * Micro: one block of 64-byte entries (value, collision number, name of up to 49 bytes).
 * Fat: block 0 is a header with a table of pointers, indexed by the top bits of a name's hash, to leaf blocks; the
 * table moves to blocks of its own when it outgrows half of block 0. A leaf has a hash table of chains over 24-byte
 * chunks; names and values are runs of chunks, integers always big-endian.
 */
import { corrupt } from '../errors.js';
import { bytesOf, type View } from '../view.js';
import type { DataObject } from './object-source.js';

export const MICRO_MAGIC_LOW = 3;
export const FAT_MAGIC_LOW = 1;
const FAT_HEADER_MAGIC = 0x2f52ab2abn;
const LEAF_MAGIC = 0x2ab1eaf;
const CHUNK_BYTES = 24;
const CHUNK_ENTRY = 252;
const CHUNK_ARRAY = 251;
const CHUNK_END = 0xffff;
const ARRAY_BYTES = 21;
export const MICRO_ENTRY_BYTES = 64;
const MAX_VALUE_BYTES = 1048576;
const FLAG_HASH64 = 1;
const FLAG_UINT64_KEY = 2;

export class ZapEntry {
  /** One code per byte; for numeric keys, eight bytes per number. */
  readonly name: string;
  /** Bytes per integer of the value: 1, 2, 4 or 8. */
  readonly width: number;
  /** Value as big-endian bytes. */
  readonly value: Uint8Array;
  readonly cd: number;

  constructor(name: string, width: number, value: Uint8Array, cd: number) {
    this.name = name;
    this.width = width;
    this.value = value;
    this.cd = cd;
  }

  /** The first integer. */
  get first(): bigint {
    let value = 0n;
    for (let i = 0; i < this.width && i < this.value.length; i++) {
      value = (value << 8n) | BigInt(this.value[i]);
    }
    return value;
  }

  /** The first integer; throws when it is not a safe one. */
  get number(): number {
    const value = this.first;
    if (value > 9007199254740991n) throw corrupt(`ZAP entry "${this.name}" is out of range`);
    return Number(value);
  }

  integer(index: number): number {
    let value = 0;
    for (let i = 0; i < this.width; i++) value = value * 256 + this.value[index * this.width + i];
    return value;
  }

  get count(): number {
    return Math.trunc(this.value.length / this.width);
  }

  /** Text up to a NUL. */
  get text(): string {
    let text = '';
    for (let i = 0; i < this.value.length && this.value[i] !== 0; i++) {
      text += String.fromCharCode(this.value[i]);
    }
    return text;
  }
}

const CRC_HIGH: Uint32Array = new Uint32Array(256);
const CRC_LOW: Uint32Array = new Uint32Array(256);

function fillCrc(): boolean {
  for (let i = 0; i < 256; i++) {
    let high = 0;
    let low = i;
    for (let bit = 0; bit < 8; bit++) {
      const odd = low & 1;
      low = (low >>> 1) | (high << 31);
      high = high >>> 1;
      if (odd !== 0) {
        high ^= 0xc96c5795;
        low ^= 0xd7870f42;
      }
    }
    CRC_HIGH[i] = high;
    CRC_LOW[i] = low;
  }
  return CRC_HIGH[128] === 0xc96c5795;
}
export const CRC_READY: boolean = fillCrc();

/** Upper and lower half of the hash of a name: reflected CRC-64 that starts at the salt, cut to its top bits. */
export function zapHash(salt: bigint, name: Uint8Array, hash64: boolean): Uint32Array {
  let high = Number(salt >> 32n);
  let low = Number(salt & 0xffffffffn);
  for (let i = 0; i < name.length; i++) {
    const index = (low ^ name[i]) & 0xff;
    low = ((low >>> 8) | (high << 24)) ^ CRC_LOW[index];
    high = (high >>> 8) ^ CRC_HIGH[index];
  }
  const out = new Uint32Array(2);
  out[0] = hash64 ? high : high & 0xfffffff0;
  out[1] = hash64 ? low & 0xffff0000 : 0;
  return out;
}

export class Zap {
  readonly #dnode: DataObject;
  readonly #head: View;
  readonly #fat: boolean;

  constructor(dnode: DataObject) {
    this.#dnode = dnode;
    this.#head = dnode.readBlock(0);
    const high = this.#head.high(0);
    const low = this.#head.low(0);
    if (high !== 0x80000000 || (low !== MICRO_MAGIC_LOW && low !== FAT_MAGIC_LOW)) {
      throw corrupt(`object ${dnode.object} is not a ZAP`);
    }
    this.#fat = low === FAT_MAGIC_LOW;
    if (this.#fat && this.#head.u64(8) !== FAT_HEADER_MAGIC) {
      throw corrupt(`object ${dnode.object} is not a ZAP`);
    }
  }

  get fat(): boolean {
    return this.#fat;
  }

  /** Non-zero when names are compared in a normal form. */
  get normalFlags(): number {
    return this.#head.clamped(this.#fat ? 88 : 16);
  }

  get #hash64(): boolean {
    return this.#fat && (this.#head.low(96) & FLAG_HASH64) !== 0;
  }

  /** The entry of that exact name, or undefined. */
  get(name: string): ZapEntry | undefined {
    if (!this.#fat) return this.#microFind(name);
    if (this.normalFlags !== 0) {
      for (const entry of this.entries()) if (entry.name === name) return entry;
      return undefined;
    }
    const hash = zapHash(this.#head.u64(80), bytesOf(name), this.#hash64);
    const shift = this.#head.int(32);
    const block = this.#leafBlock(shift === 0 ? 0 : hash[0] >>> (32 - shift), shift);
    return this.#leafFind(block, hash, name);
  }

  number(name: string): number | undefined {
    const entry = this.get(name);
    return entry === undefined ? undefined : entry.number;
  }

  /** All entries; order is that of the blocks. */
  entries(): ZapEntry[] {
    const out: ZapEntry[] = [];
    if (!this.#fat) {
      const head = this.#head;
      for (let at = 64; at + MICRO_ENTRY_BYTES <= head.length; at += MICRO_ENTRY_BYTES) {
        if (head.u8(at + 14) !== 0) out.push(this.#microEntry(at));
      }
      return out;
    }
    const shift = this.#head.int(32);
    if (shift > 30) throw corrupt('a ZAP pointer table is too large');
    const seen = new Set<number>();
    const count = Math.pow(2, shift);
    if (count > (this.#dnode.lastBlock + 1) * this.#dnode.dataBlockBytes) {
      throw corrupt('a ZAP pointer table is larger than its object');
    }
    for (let i = 0; i < count; i++) {
      const block = this.#leafBlock(i, shift);
      if (block === 0 || seen.has(block)) continue;
      seen.add(block);
      this.#leafEntries(block, out);
    }
    return out;
  }

  #microEntry(at: number): ZapEntry {
    const head = this.#head;
    const value = new Uint8Array(8);
    new DataView(value.buffer).setBigUint64(0, head.u64(at));
    return new ZapEntry(head.cString(at + 14, 50), 8, value, head.u32(at + 8));
  }

  #microFind(name: string): ZapEntry | undefined {
    const head = this.#head;
    for (let at = 64; at + MICRO_ENTRY_BYTES <= head.length; at += MICRO_ENTRY_BYTES) {
      if (head.u8(at + 14) !== 0 && head.cString(at + 14, 50) === name) return this.#microEntry(at);
    }
    return undefined;
  }

  /** Block of the leaf for a slot of the pointer table. */
  #leafBlock(slot: number, shift: number): number {
    const head = this.#head;
    const tableBlock = head.int(16);
    const blockBytes = this.#dnode.dataBlockBytes;
    if (tableBlock === 0) {
      if (Math.pow(2, shift) * 8 > blockBytes / 2)
        throw corrupt('a ZAP pointer table is too large');
      return head.int(Math.trunc(blockBytes / 2) + slot * 8);
    }
    const byte = slot * 8;
    const block = this.#dnode.readBlock(tableBlock + Math.trunc(byte / blockBytes));
    return block.int(byte % blockBytes);
  }

  #leaf(block: number): View {
    const leaf = this.#dnode.readBlock(block);
    if (leaf.length < 1024 || leaf.u32(24) !== LEAF_MAGIC) {
      throw corrupt(`a leaf of ZAP ${this.#dnode.object} is broken`);
    }
    return leaf;
  }

  #leafFind(block: number, hash: Uint32Array, name: string): ZapEntry | undefined {
    const leaf = this.#leaf(block);
    const tableBytes = Math.trunc(leaf.length / 32) * 2;
    const prefixBits = leaf.u16(32);
    const indexBits = 31 - Math.clz32(tableBytes / 2);
    const index = bitsAfter(hash, prefixBits, indexBits);
    let chunk = leaf.u16(48 + index * 2);
    for (let steps = 0; chunk !== CHUNK_END; steps++) {
      const at = chunkAt(leaf, tableBytes, chunk);
      if (steps > leaf.length || leaf.u8(at) !== CHUNK_ENTRY)
        throw corrupt('a ZAP chain is broken');
      if (leaf.high(at + 16) === hash[0] && leaf.low(at + 16) === hash[1]) {
        const entry = this.#entry(leaf, tableBytes, at);
        if (entry.name === name) return entry;
      }
      chunk = leaf.u16(at + 2);
    }
    return undefined;
  }

  #leafEntries(block: number, out: ZapEntry[]): void {
    const leaf = this.#leaf(block);
    const tableBytes = Math.trunc(leaf.length / 32) * 2;
    const chunks = Math.trunc((leaf.length - 48 - tableBytes) / CHUNK_BYTES);
    for (let chunk = 0; chunk < chunks; chunk++) {
      const at = chunkAt(leaf, tableBytes, chunk);
      if (leaf.u8(at) === CHUNK_ENTRY) out.push(this.#entry(leaf, tableBytes, at));
    }
  }

  #entry(leaf: View, tableBytes: number, at: number): ZapEntry {
    const width = leaf.u8(at + 1);
    const nameCount = leaf.u16(at + 6);
    const valueCount = leaf.u16(at + 10);
    if (width !== 1 && width !== 2 && width !== 4 && width !== 8) {
      throw corrupt('a ZAP value has a bad width');
    }
    const numericKey = (this.#head.low(96) & FLAG_UINT64_KEY) !== 0;
    const nameBytes = numericKey ? nameCount * 8 : nameCount;
    const nameRaw = readArray(leaf, tableBytes, leaf.u16(at + 4), nameBytes);
    let name = '';
    const end = numericKey ? nameRaw.length : nameRaw.length - 1;
    for (let i = 0; i < end; i++) name += String.fromCharCode(nameRaw[i]);
    const value = readArray(leaf, tableBytes, leaf.u16(at + 8), valueCount * width);
    return new ZapEntry(name, width, value, leaf.u32(at + 12));
  }
}

function chunkAt(leaf: View, tableBytes: number, chunk: number): number {
  const at = 48 + tableBytes + chunk * CHUNK_BYTES;
  if (at + CHUNK_BYTES > leaf.length) throw corrupt('a ZAP chunk number is out of range');
  return at;
}

function readArray(leaf: View, tableBytes: number, first: number, size: number): Uint8Array {
  if (size > MAX_VALUE_BYTES) throw corrupt('a ZAP value is too long');
  const out = new Uint8Array(size);
  let chunk = first;
  for (let at = 0; at < size; at += ARRAY_BYTES) {
    const from = chunkAt(leaf, tableBytes, chunk);
    if (leaf.u8(from) !== CHUNK_ARRAY) throw corrupt('a ZAP array is broken');
    const count = Math.min(ARRAY_BYTES, size - at);
    out.set(leaf.slice(from + 1, count), at);
    chunk = leaf.u16(from + 22);
  }
  return out;
}

/** `count` bits of a 64-bit value, after skipping `skip` from the top. */
function bitsAfter(value: Uint32Array, skip: number, count: number): number {
  let out = 0;
  for (let i = 0; i < count; i++) {
    const bit = skip + i;
    const word = bit < 32 ? value[0] : bit < 64 ? value[1] : 0;
    out = (out << 1) | ((word >>> (31 - (bit & 31))) & 1);
  }
  return out;
}
