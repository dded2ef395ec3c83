/**
 * Object sets: an array of dnodes in a dnode of its own, beside the header of the intent log and the accounting dnodes.
 *
 *   0 meta dnode  512 intent log header (192 bytes)  704 type  712 flags  720 portable MAC  752 local MAC
 *   1024 user, 1536 group, 2048 project accounting dnodes
 */
import { corrupt, ZfsError } from '../errors.js';
import type { BlockPointer } from '../pool/block-pointer.js';
import type { BlockReader } from '../pool/block-reader.js';
import type { DatasetKey } from '../pool/dataset-key.js';
import { View } from '../view.js';
import { DNODE_BYTES, Dnode } from './dnode.js';

export const OBJSET_MOS = 1;
export const OBJSET_ZPL = 2;
export const OBJSET_ZVOL = 3;

export class ObjectSet {
  readonly view: View;
  readonly reader: BlockReader;
  readonly key: DatasetKey | null;
  readonly meta: Dnode;
  readonly type: number;
  readonly #known: Map<number, Dnode> = new Map();

  constructor(view: View, reader: BlockReader, key: DatasetKey | null) {
    if (view.length < 1024) throw corrupt('an object set is too short');
    this.view = view;
    this.reader = reader;
    this.key = key;
    this.meta = new Dnode(0, view.sub(0, DNODE_BYTES), reader, key);
    this.type = view.clamped(704);
  }

  static open(pointer: BlockPointer, reader: BlockReader, key: DatasetKey | null): ObjectSet {
    return new ObjectSet(new View(reader.read(pointer, key), pointer.little), reader, key);
  }

  /** A dnode, or null where the number is free. */
  find(object: number): Dnode | null {
    const known = this.#known.get(object);
    if (known !== undefined) return known;
    const size = this.meta.dataBlockBytes;
    if (object < 0 || size < DNODE_BYTES) return null;
    const perBlock = Math.trunc(size / DNODE_BYTES);
    const block = Math.trunc(object / perBlock);
    if (block > this.meta.lastBlock) return null;
    const view = this.meta.readBlock(block);
    const at = (object % perBlock) * DNODE_BYTES;
    if (view.u8(at) === 0) return null;
    const bytes = Math.min((view.u8(at + 12) + 1) * DNODE_BYTES, size - at);
    const dnode = new Dnode(object, view.sub(at, bytes), this.reader, this.key);
    if (this.#known.size > 4096) this.#known.clear();
    this.#known.set(object, dnode);
    return dnode;
  }

  dnode(object: number): Dnode {
    const dnode = this.find(object);
    if (dnode === null) throw new ZfsError('not-found', `there is no object ${object}`);
    return dnode;
  }

  /** One of the accounting dnodes at a fixed place, or null. */
  #fixed(at: number): Dnode | null {
    if (this.view.length < at + DNODE_BYTES || this.view.u8(at) === 0) return null;
    return new Dnode(-1, this.view.sub(at, DNODE_BYTES), this.reader, this.key);
  }
  get userUsed(): Dnode | null {
    return this.#fixed(1024);
  }
  get groupUsed(): Dnode | null {
    return this.#fixed(1536);
  }
  get projectUsed(): Dnode | null {
    return this.#fixed(2048);
  }

  /** Calls for every dnode in use, in order. */
  forEachDnode(visit: (dnode: Dnode) => void): void {
    const size = this.meta.dataBlockBytes;
    if (size < DNODE_BYTES) return;
    const perBlock = Math.trunc(size / DNODE_BYTES);
    for (let block = 0; block <= this.meta.lastBlock; block++) {
      if (this.meta.blockPointer(block) === null) {
        block = this.skipHoles(block);
        continue;
      }
      const view = this.meta.readBlock(block);
      for (let i = 0; i < perBlock; ) {
        const at = i * DNODE_BYTES;
        const slots = view.u8(at + 12) + 1;
        if (view.u8(at) !== 0) {
          if (i + slots > perBlock) throw corrupt('a dnode leaves its block');
          visit(
            new Dnode(
              block * perBlock + i,
              view.sub(at, slots * DNODE_BYTES),
              this.reader,
              this.key,
            ),
          );
        }
        i += view.u8(at) !== 0 ? slots : 1;
      }
    }
  }

  /** The last block of the run of holes that `block` starts, as far as one indirect block tells. */
  skipHoles(block: number): number {
    if (this.meta.levels < 2) return block;
    const fan = Math.pow(2, this.meta.indirectShift - 7);
    if (block % fan !== 0) return block;
    // A hole above level 0 covers the whole range below it.
    for (let i = 0; i < fan; i++)
      if (this.meta.blockPointer(block + i) !== null) return block + i - 1;
    return block + fan - 1;
  }
}
