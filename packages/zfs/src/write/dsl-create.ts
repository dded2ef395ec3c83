/** The meta objects of a new pool: directories, the hidden origin that all file systems are clones of, and the root. */
import type { RandomSource } from '../contract.js';
import type { MutableObjectSet } from './mutable-object-set.js';
import { type MutableObject, setInt } from './tree.js';
import { buildZap, ZapItem } from './zap-builder.js';

const OT_DIRECTORY = 12;
const OT_DATASET = 16;
const DIRECTORY_BYTES = 256;
const DATASET_BYTES = 320;
export const FIRST_TXG = 4;

export class DslBuilder {
  readonly mos: MutableObjectSet;
  readonly #random: RandomSource;
  readonly #nowSeconds: number;

  constructor(mos: MutableObjectSet, random: RandomSource, nowSeconds: number) {
    this.mos = mos;
    this.#random = random;
    this.#nowSeconds = nowSeconds;
  }

  random64(): bigint {
    const bytes = new Uint8Array(8);
    this.#random.fill(bytes);
    return new DataView(bytes.buffer).getBigUint64(0, true) | 1n;
  }

  zap(type: number, items: readonly ZapItem[]): MutableObject {
    const object = this.mos.create(type, 0, 0);
    this.fillZap(object, items);
    return object;
  }

  fillZap(object: MutableObject, items: readonly ZapItem[]): void {
    const built = buildZap(items, this.random64());
    object.replace(built.blockBytes, built.blocks);
  }

  directory(parent: number): MutableObject {
    const object = this.mos.create(OT_DIRECTORY, OT_DIRECTORY, DIRECTORY_BYTES);
    const data = object.bonusData;
    setInt(data, 0, this.#nowSeconds);
    setInt(data, 16, parent);
    setInt(data, 80, this.zap(15, []).object);
    setInt(data, 32, this.zap(13, []).object);
    setInt(data, 96, 1);
    return object;
  }

  dataset(directory: number, txg: number, previous: number, previousTxg: number): MutableObject {
    const object = this.mos.create(OT_DATASET, OT_DATASET, DATASET_BYTES);
    const data = object.bonusData;
    setInt(data, 0, directory);
    setInt(data, 8, previous);
    setInt(data, 16, previousTxg);
    setInt(data, 48, this.#nowSeconds);
    setInt(data, 56, txg);
    setInt(data, 64, this.deadlist().object);
    data.setBigUint64(104, BigInt.asUintN(56, this.random64()), true);
    data.setBigUint64(112, this.random64(), true);
    setInt(data, 120, 4);
    return object;
  }

  deadlist(): MutableObject {
    const object = this.mos.create(50, 51, 320);
    object.pointerCount = 1;
    const built = buildZap([], this.random64());
    object.replace(built.blockBytes, built.blocks);
    return object;
  }

  bpobj(): MutableObject {
    const object = this.mos.create(5, 6, 48);
    object.blockBytes = 16384;
    return object;
  }
}

/** Numbers of the objects that other parts need. */
export interface CreatedPool {
  readonly root: MutableObject;
  readonly rootDataset: MutableObject;
  readonly mosDirectory: number;
  readonly originSnapshot: number;
}

export function createDsl(builder: DslBuilder): CreatedPool {
  const root = builder.directory(0);
  const mosDirectory = builder.directory(root.object);
  const freeDirectory = builder.directory(root.object);
  const originDirectory = builder.directory(root.object);
  const originHead = builder.dataset(originDirectory.object, 1, 0, 0);
  const originSnapshot = builder.dataset(originDirectory.object, 1, 0, 0);
  const names = builder.zap(14, [ZapItem.number('$ORIGIN', originSnapshot.object)]);
  setInt(originHead.bonusData, 8, originSnapshot.object);
  setInt(originHead.bonusData, 16, 1);
  setInt(originHead.bonusData, 32, names.object);
  setInt(originDirectory.bonusData, 8, originHead.object);
  const rootDataset = builder.dataset(root.object, 1, originSnapshot.object, 1);
  setInt(rootDataset.bonusData, 32, builder.zap(14, []).object);
  setInt(rootDataset.bonusData, 40, 0);
  setInt(root.bonusData, 8, rootDataset.object);
  setInt(root.bonusData, 24, originSnapshot.object);
  const snapshot = originSnapshot.bonusData;
  setInt(snapshot, 24, originHead.object);
  setInt(snapshot, 40, 2);
  const hexName = rootDataset.object.toString(16);
  setInt(snapshot, 256, builder.zap(37, [ZapItem.number(hexName, rootDataset.object)]).object);
  setInt(
    originDirectory.bonusData,
    144,
    builder.zap(52, [ZapItem.number(hexName, rootDataset.object)]).object,
  );
  builder.fillZap(builder.mos.object(childZap(root)), [
    ZapItem.number('$MOS', mosDirectory.object),
    ZapItem.number('$FREE', freeDirectory.object),
    ZapItem.number('$ORIGIN', originDirectory.object),
  ]);
  return {
    root,
    rootDataset,
    mosDirectory: mosDirectory.object,
    originSnapshot: originSnapshot.object,
  };
}

export function childZap(directory: MutableObject): number {
  return directory.bonusData.getUint32(32, true);
}
