/**
 * Dnodes: an object of a dataset as a tree of blocks.
 *
 *   0 type  1 log2 of indirect block size  2 levels  3 pointers  4 bonus type  5 checksum  6 compression  7 flags
 *   8 data block size in 512 bytes:u16  10 bonus bytes:u16  12 extra 512-byte slots  16 last block id:u64
 *   24 used:u64  64 pointers, then the bonus buffer; with flag 4 the last 128 bytes point to a spill block
 */
import { corrupt } from '../errors.js';
import { BLOCK_POINTER_BYTES, BlockPointer } from '../pool/block-pointer.js';
import type { BlockReader } from '../pool/block-reader.js';
import type { DatasetKey } from '../pool/dataset-key.js';
import { View } from '../view.js';

export const DNODE_BYTES = 512;
const CORE_BYTES = 64;
const FLAG_USED_BYTES = 1;
export const FLAG_SPILL = 4;
const MAX_LEVELS = 8;

export class Dnode {
  readonly view: View;
  readonly object: number;
  readonly type: number;
  readonly levels: number;
  readonly pointerCount: number;
  readonly indirectShift: number;
  readonly bonusType: number;
  readonly bonusBytes: number;
  readonly dataBlockBytes: number;
  readonly lastBlock: number;
  readonly slots: number;
  readonly flags: number;
  readonly #reader: BlockReader;
  readonly #key: DatasetKey | null;

  constructor(object: number, view: View, reader: BlockReader, key: DatasetKey | null) {
    this.object = object;
    this.view = view;
    this.#reader = reader;
    this.#key = key;
    this.type = view.u8(0);
    this.indirectShift = view.u8(1);
    this.levels = view.u8(2);
    this.pointerCount = view.u8(3);
    this.bonusType = view.u8(4);
    this.flags = view.u8(7);
    this.dataBlockBytes = view.u16(8) * 512;
    this.bonusBytes = view.u16(10);
    this.slots = view.u8(12) + 1;
    this.lastBlock = view.clamped(16);
    const bonusRoom =
      view.length -
      CORE_BYTES -
      this.pointerCount * BLOCK_POINTER_BYTES -
      (this.hasSpill ? 128 : 0);
    if (
      this.pointerCount > 3 ||
      this.levels > MAX_LEVELS ||
      this.bonusBytes > bonusRoom ||
      (this.levels > 1 && (this.indirectShift < 10 || this.indirectShift > 17))
    ) {
      throw corrupt(`dnode ${object} is out of range`);
    }
  }

  get hasSpill(): boolean {
    return (this.flags & FLAG_SPILL) !== 0;
  }

  get usedBytes(): number {
    const used = this.view.clamped(24);
    return (this.flags & FLAG_USED_BYTES) !== 0 ? used : used * 512;
  }

  get bonus(): View {
    return this.view.sub(CORE_BYTES + this.pointerCount * BLOCK_POINTER_BYTES, this.bonusBytes);
  }

  pointer(index: number): BlockPointer {
    return BlockPointer.at(this.view, CORE_BYTES + index * BLOCK_POINTER_BYTES);
  }

  get spillPointer(): BlockPointer | null {
    if (!this.hasSpill) return null;
    return BlockPointer.at(this.view, this.view.length - BLOCK_POINTER_BYTES);
  }

  /** The spill block, in its writer's byte order. */
  readSpill(): View | null {
    const pointer = this.spillPointer;
    if (pointer === null || pointer.hole) return null;
    return new View(this.#reader.read(pointer, this.#key), pointer.little);
  }

  /** The pointer to a data block, or null in a hole. */
  blockPointer(block: number): BlockPointer | null {
    if (this.levels === 0 || block > this.lastBlock || block < 0) return null;
    const perBlockShift = this.indirectShift - 7;
    let index = block;
    const indexes: number[] = [];
    for (let level = 1; level < this.levels; level++) {
      const fan = Math.pow(2, perBlockShift);
      indexes.push(index % fan);
      index = Math.trunc(index / fan);
    }
    if (index >= this.pointerCount) return null;
    let pointer = this.pointer(index);
    for (let level = this.levels - 1; level > 0; level--) {
      if (pointer.hole) return null;
      if (pointer.level !== level)
        throw corrupt(`object ${this.object} has a pointer of wrong level`);
      const bytes = this.#reader.read(pointer, this.#key);
      pointer = BlockPointer.at(
        new View(bytes, pointer.little),
        indexes[level - 1] * BLOCK_POINTER_BYTES,
      );
    }
    if (pointer.hole) return null;
    if (pointer.level !== 0) throw corrupt(`object ${this.object} has a pointer of wrong level`);
    return pointer;
  }

  /** A data block in its writer's byte order; zeros in a hole. Shared: do not change it. */
  readBlock(block: number): View {
    const pointer = this.blockPointer(block);
    if (pointer === null) return new View(new Uint8Array(this.dataBlockBytes), true);
    const bytes = this.#reader.read(pointer, this.#key);
    if (bytes.length !== this.dataBlockBytes) {
      // Objects of one block may have been written before the block size grew.
      const out = new Uint8Array(this.dataBlockBytes);
      out.set(bytes.subarray(0, Math.min(bytes.length, out.length)));
      return new View(out, pointer.little);
    }
    return new View(bytes, pointer.little);
  }

  /** Copies bytes of the object, zeros where it has none. */
  readInto(offset: number, out: Uint8Array): void {
    const size = this.dataBlockBytes;
    if (size === 0) return;
    let at = 0;
    while (at < out.length) {
      const position = offset + at;
      const block = Math.trunc(position / size);
      const inside = position % size;
      const count = Math.min(size - inside, out.length - at);
      const pointer = this.blockPointer(block);
      if (pointer !== null) {
        const bytes = this.#reader.read(pointer, this.#key);
        if (inside < bytes.length) out.set(bytes.subarray(inside, inside + count), at);
      }
      at += count;
    }
  }

  /** The object's bytes as one view; its byte order is that of its first block. */
  readAll(limitBytes: number): View {
    const size = Math.min((this.lastBlock + 1) * this.dataBlockBytes, limitBytes);
    const first = this.blockPointer(0);
    const out = new Uint8Array(size);
    this.readInto(0, out);
    return new View(out, first === null ? true : first.little);
  }
}
