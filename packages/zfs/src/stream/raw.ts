/**
 * Raw streams of encrypted datasets: blocks as stored, opened with the keys that the stream describes.
 *
 * Data blocks carry salt, IV and MAC in their records. Bonus buffers are part of dnode blocks, whose record (one for 32
 * slots) carries theirs; what is authenticated with them includes the MACs of all blocks below each dnode. So a dnode
 * block can only be opened when the stream is complete: the tree of MACs is rebuilt, an indirect block's MAC being the
 * start of the SHA-512 over the authenticated form of its pointers.
 */
import { sha512 } from '../checksum/sha512.js';
import { wrappingKey } from '../dsl/key-store.js';
import { corrupt, ZfsError } from '../errors.js';
import type { NvList } from '../nvlist/nvlist.js';
import { BlockPointer } from '../pool/block-pointer.js';
import { DatasetKey, type WrappedKey } from '../pool/dataset-key.js';
import { OT_DNODE, typeIsEncrypted } from '../pool/object-types.js';
import { View } from '../view.js';
import { type ReceivedDataset, ReceivedObject, StoredBlock } from './received.js';
import {
  FREE,
  FREE_OBJECTS,
  OBJECT,
  OBJECT_RANGE,
  SPILL,
  type StreamRecord,
  WRITE,
} from './records.js';

const SLOTS = 32;
const MAX_TREE_BLOCKS = 16777216;

class RawBlock {
  readonly bytes: Uint8Array;
  readonly type: number;
  readonly sizeBytes: number;
  readonly compression: number;
  readonly salt: Uint8Array;
  readonly iv: Uint8Array;
  readonly mac: Uint8Array;
  constructor(
    bytes: Uint8Array,
    type: number,
    sizeBytes: number,
    compression: number,
    view: View,
    at: number,
  ) {
    this.bytes = bytes;
    this.type = type;
    this.sizeBytes = sizeBytes;
    this.compression = compression;
    this.salt = view.slice(at, 8);
    this.iv = view.slice(at + 8, 12);
    this.mac = view.slice(at + 20, 16);
  }
}

class RawObject {
  readonly view: View;
  readonly bonus: Uint8Array;
  readonly blocks: Map<number, RawBlock> = new Map();
  spill: RawBlock | null = null;
  constructor(view: View, bonus: Uint8Array) {
    this.view = view;
    this.bonus = bonus;
  }
  get type(): number {
    return this.view.u32(16);
  }
  get blockBytes(): number {
    return this.view.u32(24);
  }
  get slots(): number {
    return Math.max(1, this.view.u8(34));
  }
}

interface Range {
  readonly salt: Uint8Array;
  readonly iv: Uint8Array;
  readonly mac: Uint8Array;
}

export class RawReceiver {
  readonly #dataset: ReceivedDataset;
  #key: DatasetKey;
  readonly #objects: Map<number, RawObject> = new Map();
  readonly #ranges: Map<number, Range> = new Map();

  constructor(dataset: ReceivedDataset, key: DatasetKey) {
    this.#dataset = dataset;
    this.#key = key;
  }

  /** Continues the dataset's receiver, or starts one, with the key that `description` wraps. */
  static open(
    description: NvList,
    keys: readonly Uint8Array[],
    dataset: ReceivedDataset,
  ): RawReceiver {
    const bytes = (name: string, size: number): Uint8Array => {
      const value = description.bytesOf(name);
      if (value === undefined || value.length < size) throw corrupt('a raw stream has no keys');
      return value;
    };
    const wrapped: WrappedKey = {
      suite: description.int('DSL_CRYPTO_SUITE', 0),
      guid: description.u64('DSL_CRYPTO_GUID') ?? 0n,
      version: description.int('DSL_CRYPTO_VERSION', 0),
      iv: bytes('DSL_CRYPTO_IV', 12),
      mac: bytes('DSL_CRYPTO_MAC', 16),
      masterKey: bytes('DSL_CRYPTO_MASTER_KEY_1', 32),
      hmacKey: bytes('DSL_CRYPTO_HMAC_KEY_1', 64),
    };
    for (const material of keys) {
      const wrapping = wrappingKey(
        description.int('keyformat', 0),
        material,
        description.u64('pbkdf2salt') ?? 0n,
        description.int('pbkdf2iters', 0),
      );
      const key = wrapping === null ? null : DatasetKey.unwrap(wrapped, wrapping);
      if (key === null) continue;
      const old = dataset.raw;
      if (old !== null) {
        old.#key = key;
        return old;
      }
      const receiver = new RawReceiver(dataset, key);
      dataset.raw = receiver;
      return receiver;
    }
    throw new ZfsError('key', 'no key opens the raw stream');
  }

  /** True when the record was one of a raw stream's own. */
  apply(record: StreamRecord): boolean {
    const view = record.view;
    switch (record.type) {
      case OBJECT_RANGE:
        this.#ranges.set(Math.trunc(view.int(8) / SLOTS), {
          salt: view.slice(32, 8),
          iv: view.slice(40, 12),
          mac: view.slice(52, 16),
        });
        return true;
      case OBJECT: {
        const number = view.int(8);
        const object = new RawObject(view, record.payload);
        const old = this.#objects.get(number);
        if (old !== undefined && old.blockBytes === object.blockBytes && old.type === object.type) {
          for (const [offset, block] of old.blocks) object.blocks.set(offset, block);
          if ((view.u8(35) & 1) !== 0) object.spill = old.spill;
        }
        this.#objects.set(number, object);
        return true;
      }
      case WRITE:
        this.#owner(view.int(8)).blocks.set(
          view.int(24),
          new RawBlock(record.payload, view.u32(16), view.int(32), view.u8(50), view, 104),
        );
        return true;
      case SPILL:
        this.#owner(view.int(8)).spill = new RawBlock(
          record.payload,
          view.u32(84),
          view.int(16),
          view.u8(33),
          view,
          48,
        );
        return true;
      case FREE: {
        const object = this.#objects.get(view.int(8));
        const start = view.clamped(16);
        const end = start + view.clamped(24);
        if (object === undefined) return true;
        for (const offset of [...object.blocks.keys()]) {
          if (offset >= start && offset < end) object.blocks.delete(offset);
        }
        return true;
      }
      case FREE_OBJECTS: {
        const first = view.int(8);
        const end = first + view.clamped(16);
        for (const object of [...this.#objects.keys()]) {
          if (object >= first && object < end) this.#objects.delete(object);
        }
        return true;
      }
      default:
        return false;
    }
  }

  #owner(object: number): RawObject {
    const found = this.#objects.get(object);
    if (found === undefined)
      throw corrupt(`a raw stream writes to object ${object}, which is not there`);
    return found;
  }

  /** Opens everything into the dataset. */
  finish(): void {
    this.#dataset.objects.clear();
    for (const [index, range] of this.#ranges) {
      const block = new Uint8Array(SLOTS * 512);
      const members: number[] = [];
      for (let slot = 0; slot < SLOTS; slot++) {
        const object = this.#objects.get(index * SLOTS + slot);
        if (object === undefined) continue;
        if (slot + object.slots > SLOTS) throw corrupt('a raw dnode leaves its block');
        this.#buildDnode(object, block.subarray(slot * 512, (slot + object.slots) * 512));
        members.push(slot);
      }
      const little = this.#dataset.little;
      const plain = this.#key.decrypt(OT_DNODE, little, range.salt, range.iv, range.mac, block);
      if (plain === null) throw new ZfsError('checksum', 'raw dnodes fail their authentication');
      for (const slot of members)
        this.#openObject(index * SLOTS + slot, plain.subarray(slot * 512));
    }
  }

  #openObject(number: number, dnode: Uint8Array): void {
    const raw = this.#owner(number);
    const out = new ReceivedObject(
      number,
      this.#dataset.little,
      raw.type,
      raw.view.u32(20),
      raw.blockBytes,
    );
    const bonusAt = 64 + raw.view.u8(50) * 128;
    out.bonusContent = dnode.slice(bonusAt, bonusAt + raw.view.u32(28));
    for (const [offset, block] of raw.blocks) out.blocks.set(offset, this.#openBlock(block));
    if (raw.spill !== null) out.spill = this.#openBlock(raw.spill);
    this.#dataset.objects.set(number, out);
  }

  #openBlock(block: RawBlock): StoredBlock {
    if (!typeIsEncrypted(block.type)) {
      return new StoredBlock(block.bytes, block.compression, block.sizeBytes);
    }
    const plain = this.#key.decrypt(
      block.type,
      this.#dataset.little,
      block.salt,
      block.iv,
      block.mac,
      block.bytes,
    );
    if (plain === null) throw new ZfsError('checksum', 'a raw block fails its authentication');
    return new StoredBlock(plain, block.compression, block.sizeBytes);
  }

  /** The dnode as it was when its block was sealed, as far as it is authenticated. */
  #buildDnode(object: RawObject, out: Uint8Array): void {
    const view = object.view;
    const little = view.little;
    const data = new DataView(out.buffer, out.byteOffset, out.byteLength);
    const pointers = view.u8(50);
    if (pointers > 3) throw corrupt('a raw dnode has too many pointers');
    out[0] = object.type;
    out[1] = view.u8(48);
    out[2] = view.u8(49);
    out[3] = pointers;
    out[4] = view.u32(20);
    out[5] = view.u8(32);
    out[6] = view.u8(33);
    out[7] = object.spill === null ? 0 : 4;
    data.setUint16(8, Math.trunc(object.blockBytes / 512), little);
    data.setUint16(10, view.u32(28), little);
    out[12] = object.slots - 1;
    data.setBigUint64(16, view.u64(56), little);
    const top = this.#topPointers(object);
    for (let i = 0; i < pointers; i++) out.set(top[i], 64 + i * 128);
    if (object.spill !== null) out.set(pointerTo(object.spill, little), out.length - 128);
    const bonusAt = 64 + pointers * 128;
    const room = out.length - bonusAt - (object.spill === null ? 0 : 128);
    out.set(object.bonus.subarray(0, room), bonusAt);
  }

  #topPointers(object: RawObject): Uint8Array[] {
    const view = object.view;
    const little = view.little;
    const levels = view.u8(49);
    const shift = view.u8(48);
    const hole = new Uint8Array(128);
    let current = new Map<number, Uint8Array>();
    for (const [offset, block] of object.blocks) {
      current.set(Math.trunc(offset / object.blockBytes), pointerTo(block, little));
    }
    if (current.size > MAX_TREE_BLOCKS || levels > 8 || shift < 10 || shift > 17) {
      throw corrupt('a raw object is out of range');
    }
    const fan = Math.pow(2, shift - 7);
    const holePart = this.#key.authenticatedPointer(new BlockPointer(new View(hole, little)));
    for (let level = 1; level < levels; level++) {
      const above = new Map<number, Uint8Array>();
      const indexes = new Set<number>();
      for (const index of current.keys()) indexes.add(Math.trunc(index / fan));
      for (const index of indexes) {
        const parts = new Uint8Array(fan * holePart.length);
        for (let i = 0; i < fan; i++) {
          const child = current.get(index * fan + i);
          const part =
            child === undefined
              ? holePart
              : this.#key.authenticatedPointer(new BlockPointer(new View(child, little)));
          parts.set(part, i * holePart.length);
        }
        const mac = sha512(parts).subarray(0, 16);
        above.set(index, makePointer(object.type, level, Math.pow(2, shift), 512, 0, mac, little));
      }
      current = above;
    }
    const out: Uint8Array[] = [];
    for (let i = 0; i < 3; i++) out.push(current.get(i) ?? hole);
    return out;
  }
}

function pointerTo(block: RawBlock, little: boolean): Uint8Array {
  return makePointer(
    block.type,
    0,
    block.sizeBytes,
    block.bytes.length,
    block.compression,
    block.mac,
    little,
  );
}

/** A pointer with what matters for authentication: properties and MAC, and an address so that it is no hole. */
function makePointer(
  type: number,
  level: number,
  lsizeBytes: number,
  psizeBytes: number,
  compression: number,
  mac: Uint8Array,
  little: boolean,
): Uint8Array {
  const out = new Uint8Array(128);
  const data = new DataView(out.buffer);
  data.setUint32(0, 1, little);
  const low = Math.trunc(lsizeBytes / 512 - 1) + Math.trunc(psizeBytes / 512 - 1) * 65536;
  const high = compression | (type << 16) | (level << 24) | 0x20000000 | (little ? 0x80000000 : 0);
  data.setUint32(48 + (little ? 0 : 4), low, little);
  data.setUint32(48 + (little ? 4 : 0), high >>> 0, little);
  out.set(mac, 112);
  return out;
}
