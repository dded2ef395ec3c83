/**
 * Datasets: directories (names, properties, space) and, in each, a head dataset with its snapshots.
 *
 * A directory's bonus: 0 creation  8 head  16 parent  24 origin  32 children ZAP  40 used  48 compressed
 *   56 uncompressed  64 quota  72 reserved  80 properties ZAP  88 delegation  96 flags  104 used by kind (5)  144 clones
 * A dataset's bonus: 0 directory  8 previous snapshot  16 its txg  24 next snapshot  32 snapshot names ZAP
 *   40 children  48 creation  56 creation txg  64 dead list  72 referenced  80 compressed  88 uncompressed  96 unique
 *   104 fsid guid  112 guid  120 flags  128 block pointer  256 next clones  264 properties  272 user references
 */
import type { Dnode } from '../dmu/dnode.js';
import { ObjectSet } from '../dmu/object-set.js';
import { Zap } from '../dmu/zap.js';
import { corrupt, ZfsError } from '../errors.js';
import { BlockPointer } from '../pool/block-pointer.js';
import type { DatasetKey } from '../pool/dataset-key.js';
import type { Pool } from '../pool/pool.js';
import type { View } from '../view.js';
import type { KeyStore } from './key-store.js';

const MAX_DEPTH = 64;
const MAX_SNAPSHOTS = 1000000;

export class DslDirectory {
  readonly object: number;
  readonly dnode: Dnode;
  readonly view: View;

  constructor(pool: Pool, object: number) {
    this.object = object;
    this.dnode = pool.mos.dnode(object);
    this.view = this.dnode.bonus;
    if (this.view.length < 152) throw corrupt(`object ${object} is not a dataset directory`);
  }

  get head(): number {
    return this.view.int(8);
  }
  get parent(): number {
    return this.view.int(16);
  }
  get origin(): number {
    return this.view.int(24);
  }
  get childrenZap(): number {
    return this.view.int(32);
  }
  get usedBytes(): number {
    return this.view.clamped(40);
  }
  get quotaBytes(): number {
    return this.view.clamped(64);
  }
  get reservedBytes(): number {
    return this.view.clamped(72);
  }
  get propertiesZap(): number {
    return this.view.int(80);
  }
  /** Space of head, snapshots, children, child reservations, reference reservation. */
  usedByKind(index: number): number {
    return this.view.clamped(104 + index * 8);
  }

  /** The directory's own attributes, when it has any. */
  extended(): Zap | null {
    const isZap = (this.dnode.type & 0x80) !== 0 && (this.dnode.type & 0x1f) === 4;
    return isZap ? new Zap(this.dnode) : null;
  }
}

export class DslDataset {
  readonly object: number;
  readonly view: View;
  readonly dnode: Dnode;

  constructor(pool: Pool, object: number) {
    this.object = object;
    this.dnode = pool.mos.dnode(object);
    this.view = this.dnode.bonus;
    if (this.view.length < 280) throw corrupt(`object ${object} is not a dataset`);
  }

  get directory(): number {
    return this.view.int(0);
  }
  get previousSnapshot(): number {
    return this.view.int(8);
  }
  get previousSnapshotTxg(): number {
    return this.view.clamped(16);
  }
  get nextSnapshot(): number {
    return this.view.int(24);
  }
  get snapshotNames(): number {
    return this.view.int(32);
  }
  get creation(): number {
    return this.view.clamped(48);
  }
  get creationTxg(): number {
    return this.view.clamped(56);
  }
  get deadlist(): number {
    return this.view.int(64);
  }
  get referencedBytes(): number {
    return this.view.clamped(72);
  }
  get uniqueBytes(): number {
    return this.view.clamped(96);
  }
  get guid(): bigint {
    return this.view.u64(112);
  }
  get flags(): number {
    return this.view.clamped(120);
  }
  get inconsistent(): boolean {
    return (this.view.low(120) & 1) !== 0;
  }
  get pointer(): BlockPointer {
    return BlockPointer.at(this.view, 128);
  }
  get propertiesZap(): number {
    return this.view.int(264);
  }
}

/** A dataset or snapshot by name. */
export class Dataset {
  readonly pool: Pool;
  readonly name: string;
  readonly directory: DslDirectory;
  readonly dataset: DslDataset;
  readonly isSnapshot: boolean;
  readonly parent: Dataset | null;
  readonly keys: KeyStore;

  constructor(
    pool: Pool,
    name: string,
    directory: DslDirectory,
    dataset: DslDataset,
    isSnapshot: boolean,
    parent: Dataset | null,
    keys: KeyStore,
  ) {
    this.pool = pool;
    this.name = name;
    this.directory = directory;
    this.dataset = dataset;
    this.isSnapshot = isSnapshot;
    this.parent = parent;
    this.keys = keys;
  }

  get encrypted(): boolean {
    return this.keys.keyObject(this.directory) !== 0;
  }

  /** The dataset's keys; null when it is not encrypted, an error when they are not loaded. */
  key(): DatasetKey | null {
    return this.keys.keyOf(this.directory, this.name);
  }

  get keyLoaded(): boolean {
    return this.keys.available(this.directory);
  }

  objectSet(): ObjectSet {
    return ObjectSet.open(this.dataset.pointer, this.pool.reader, this.key());
  }

  /** The object set without a key: object types and sizes are readable, contents are not. */
  rawObjectSet(): ObjectSet {
    return ObjectSet.open(this.dataset.pointer, this.pool.reader, null);
  }

  snapshots(): Dataset[] {
    const out: Dataset[] = [];
    const names = this.dataset.snapshotNames;
    if (this.isSnapshot || names === 0) return out;
    for (const entry of new Zap(this.pool.mos.dnode(names)).entries()) {
      if (out.length > MAX_SNAPSHOTS) throw corrupt('too many snapshots');
      const snapshot = new DslDataset(this.pool, entry.number);
      out.push(
        new Dataset(
          this.pool,
          `${this.name}@${entry.name}`,
          this.directory,
          snapshot,
          true,
          this,
          this.keys,
        ),
      );
    }
    out.sort((a, b) => a.dataset.creationTxg - b.dataset.creationTxg);
    return out;
  }

  /** Child file systems and volumes, by name; hidden ones (with $) left out. */
  children(): Dataset[] {
    const out: Dataset[] = [];
    if (this.isSnapshot) return out;
    const zap = this.directory.childrenZap;
    if (zap === 0) return out;
    for (const entry of new Zap(this.pool.mos.dnode(zap)).entries()) {
      if (entry.name.charCodeAt(0) === 36 || entry.name.charCodeAt(0) === 37) continue;
      out.push(this.#child(entry.name, entry.number));
    }
    out.sort((a, b) => (a.name < b.name ? -1 : 1));
    return out;
  }

  #child(name: string, object: number): Dataset {
    const directory = new DslDirectory(this.pool, object);
    const dataset = new DslDataset(this.pool, directory.head);
    return new Dataset(
      this.pool,
      `${this.name}/${name}`,
      directory,
      dataset,
      false,
      this,
      this.keys,
    );
  }

  child(name: string): Dataset {
    const zap = this.directory.childrenZap;
    const entry = zap === 0 ? undefined : new Zap(this.pool.mos.dnode(zap)).get(name);
    if (entry === undefined) throw new ZfsError('not-found', `no dataset ${this.name}/${name}`);
    return this.#child(name, entry.number);
  }

  /** This dataset and all below it, parents first. */
  walk(): Dataset[] {
    const out: Dataset[] = [];
    this.#walk(out, 0);
    return out;
  }

  /** @depth 64 */
  #walk(out: Dataset[], depth: number): void {
    if (depth > MAX_DEPTH) throw corrupt('datasets nest too deep');
    out.push(this);
    for (const child of this.children()) child.#walk(out, depth + 1);
  }
}

/** The pool's root dataset. */
export function rootDataset(pool: Pool, keys: KeyStore): Dataset {
  const object = pool.directory.number('root_dataset');
  if (object === undefined) throw corrupt('the pool has no root dataset');
  const directory = new DslDirectory(pool, object);
  const dataset = new DslDataset(pool, directory.head);
  return new Dataset(pool, pool.name, directory, dataset, false, null, keys);
}

/** A dataset or snapshot by its full name. */
export function findDataset(root: Dataset, name: string): Dataset {
  const at = name.indexOf('@');
  const path = at < 0 ? name : name.slice(0, at);
  const parts = path.split('/');
  if (parts[0] !== root.name) throw new ZfsError('not-found', `no dataset ${name}`);
  let dataset = root;
  for (let i = 1; i < parts.length; i++) dataset = dataset.child(parts[i]);
  if (at < 0) return dataset;
  for (const snapshot of dataset.snapshots()) if (snapshot.name === name) return snapshot;
  throw new ZfsError('not-found', `no snapshot ${name}`);
}
