/**
 * Block pointers (128 bytes), the edges of the tree that a pool is.
 *
 *   0   three DVAs of two words: asize:24 grid:8 vdev:24 pad:8 | offset:63 gang:1   (sizes and offsets in 512 bytes)
 *   48  properties: lsize-1:16 psize-1:16 compression:7 embedded:1 checksum:8 type:8 level:5 rewrite:1(pad)
 *       encrypted:1 dedup:1 little:1
 *   56  spare, spare; 72 physical birth, 80 logical birth, 88 fill, 96 checksum (four words)
 *
 * Embedded pointers hold up to 112 bytes of data in all words but properties and logical birth. Encrypted pointers use
 * the third DVA for salt and IV, the upper half of fill for the rest of the IV, and two checksum words for the MAC.
 */
import type { View } from '../view.js';

export const BLOCK_POINTER_BYTES = 128;

export class Dva {
  readonly vdev: number;
  readonly asizeBytes: number;
  readonly offsetBytes: number;
  readonly gang: boolean;
  constructor(vdev: number, asizeBytes: number, offsetBytes: number, gang: boolean) {
    this.vdev = vdev;
    this.asizeBytes = asizeBytes;
    this.offsetBytes = offsetBytes;
    this.gang = gang;
  }
}

export class BlockPointer {
  /** The raw 128 bytes in the byte order of the block that held them. */
  readonly view: View;
  readonly #propHigh: number;
  readonly #propLow: number;

  constructor(view: View) {
    this.view = view;
    this.#propHigh = view.high(48);
    this.#propLow = view.low(48);
  }

  static at(view: View, offset: number): BlockPointer {
    return new BlockPointer(view.sub(offset, BLOCK_POINTER_BYTES));
  }

  get embedded(): boolean {
    return (this.#propHigh & 0x80) !== 0;
  }
  get compression(): number {
    return this.#propHigh & 0x7f;
  }
  /** Checksum function, or the kind of embedded payload. */
  get checksum(): number {
    return (this.#propHigh >>> 8) & 0xff;
  }
  get type(): number {
    return (this.#propHigh >>> 16) & 0xff;
  }
  get level(): number {
    return (this.#propHigh >>> 24) & 0x1f;
  }
  /** Encrypted, authenticated, or over blocks that are. */
  get usesCrypt(): boolean {
    return (this.#propHigh & 0x20000000) !== 0;
  }
  get dedup(): boolean {
    return (this.#propHigh & 0x40000000) !== 0;
  }
  /** The block that this points to was written by a little-endian host. */
  get little(): boolean {
    return this.#propHigh >>> 31 === 1;
  }
  get lsizeBytes(): number {
    if (this.embedded) return (this.#propLow & 0x1ffffff) + 1;
    return ((this.#propLow & 0xffff) + 1) * 512;
  }
  get psizeBytes(): number {
    if (this.embedded) return (this.#propLow >>> 25) + 1;
    return ((this.#propLow >>> 16) + 1) * 512;
  }
  get birth(): number {
    return this.view.clamped(80);
  }
  get physicalBirth(): number {
    if (this.embedded) return 0;
    const physical = this.view.clamped(72);
    return physical === 0 ? this.birth : physical;
  }
  get fill(): number {
    if (this.embedded) return 1;
    return this.usesCrypt ? this.view.low(88) : this.view.clamped(88);
  }

  /** Points to nothing: reads as zeros. */
  get hole(): boolean {
    return !this.embedded && this.view.isZero(0, 16);
  }

  dvaUsed(index: number): boolean {
    if (index === 2 && this.usesCrypt && this.level === 0) return false;
    return !this.view.isZero(index * 16, 16);
  }

  /** The index-th DVA; throws on values no pool can hold. */
  dva(index: number): Dva {
    const at = index * 16;
    const asize = (this.view.low(at) & 0xffffff) * 512;
    const vdev = this.view.high(at) & 0xffffff;
    const high = this.view.high(at + 8);
    const sectors = (high & 0x7fffffff) * 4294967296 + this.view.low(at + 8);
    // Beyond 2^53 bytes no device reaches; the vdev's own bound refuses it.
    const offset = sectors > 0xfffffffffff ? Number.MAX_SAFE_INTEGER : sectors * 512;
    return new Dva(vdev, asize, offset, high >>> 31 === 1);
  }

  /** The four checksum words as eight halves, low half first. */
  checksumWords(): Uint32Array {
    const out = new Uint32Array(8);
    for (let i = 0; i < 4; i++) {
      out[2 * i] = this.view.low(96 + i * 8);
      out[2 * i + 1] = this.view.high(96 + i * 8);
    }
    return out;
  }

  /** The payload of an embedded pointer, as stored (still compressed). */
  embeddedBytes(): Uint8Array {
    const size = Math.min(this.psizeBytes, 112);
    const out = new Uint8Array(size);
    let at = 0;
    for (let word = 0; word < 16 && at < size; word++) {
      if (word === 6 || word === 10) continue;
      const low = this.view.low(word * 8);
      const high = this.view.high(word * 8);
      for (let i = 0; i < 8 && at < size; i++) {
        out[at++] = i < 4 ? (low >>> (8 * i)) & 0xff : (high >>> (8 * (i - 4))) & 0xff;
      }
    }
    return out;
  }
}
