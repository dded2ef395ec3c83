/** Volumes: object 1 holds the bytes, object 2 the size. Writes that only the log has are laid over. */

import type { ObjectSet } from '../dmu/object-set.js';
import { OBJSET_ZVOL } from '../dmu/object-set.js';
import { Zap } from '../dmu/zap.js';
import type { Dataset } from '../dsl/dataset.js';
import { corrupt, ZfsError } from '../errors.js';
import { BlockPointer } from '../pool/block-pointer.js';
import { readLog } from '../zil/log.js';

const DATA_OBJECT = 1;
const PROPERTIES_OBJECT = 2;
const WRITE = 9;
const TRUNCATE = 10;
const RECORD_DATA = 192;

interface Piece {
  readonly offset: number;
  readonly length: number;
  /** Zeros when null. */
  readonly bytes: Uint8Array | null;
}

export class Volume {
  readonly sizeBytes: number;
  readonly #set: ObjectSet;
  readonly #pieces: Piece[] = [];

  constructor(dataset: Dataset) {
    const set = dataset.objectSet();
    if (set.type !== OBJSET_ZVOL) throw new ZfsError('invalid', `${dataset.name} is not a volume`);
    this.#set = set;
    const size = new Zap(set.dnode(PROPERTIES_OBJECT)).number('size');
    if (size === undefined) throw corrupt('a volume has no size');
    this.sizeBytes = size;
    if (dataset.isSnapshot) return;
    for (const record of readLog(set, dataset.pool.uberblock.txg).records) {
      const view = record.view;
      if (record.type === TRUNCATE) {
        this.#pieces.push({ offset: view.int(40), length: view.int(48), bytes: null });
      } else if (record.type === WRITE) {
        const offset = view.int(40);
        const length = view.int(48);
        if (view.length > RECORD_DATA) {
          this.#pieces.push({ offset, length, bytes: view.slice(RECORD_DATA, length) });
          continue;
        }
        const pointer = BlockPointer.at(view, 64);
        const bytes = pointer.hole ? null : set.reader.read(pointer, set.key);
        const start = bytes === null ? offset : offset - (offset % bytes.length);
        this.#pieces.push({ offset: start, length: bytes === null ? length : bytes.length, bytes });
      }
    }
  }

  /** Reads into `out`; the number of bytes before the end of the volume. */
  read(offset: number, out: Uint8Array): number {
    const count = Math.max(0, Math.min(out.length, this.sizeBytes - offset));
    const target = out.subarray(0, count);
    this.#set.dnode(DATA_OBJECT).readInto(offset, target);
    for (const piece of this.#pieces) {
      const from = Math.max(offset, piece.offset);
      const to = Math.min(offset + count, piece.offset + piece.length);
      if (from >= to) continue;
      if (piece.bytes === null) target.fill(0, from - offset, to - offset);
      else {
        target.set(piece.bytes.subarray(from - piece.offset, to - piece.offset), from - offset);
      }
    }
    return count;
  }
}
