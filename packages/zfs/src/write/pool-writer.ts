/**
 * A pool open for writing.
 *
 * The problem: a change touches a file's blocks, its dnode, the dataset, the space maps and the root, and a crash may come
 * between any two device writes. The protocol: nothing in use is overwritten. All changed blocks go to free space; then a
 * flush; then the uberblock that points to the new root goes to the first ring of each pair, a flush, the second, a flush. Until the uberblock is
 * whole, the pool is what it was. What a group frees is not reused before three groups later.
 *
 * Order inside a group: file systems (data, dnodes, object set), their accounting in the meta object set, then the meta
 * object set with the space maps: its space is set aside before the maps are written down (see space-maps.ts).
 */
import type { BlockDevice, RandomSource, WallClock } from '../contract.js';
import { ObjectSet } from '../dmu/object-set.js';
import { Zap } from '../dmu/zap.js';
import { ZfsError } from '../errors.js';
import { BLOCK_POINTER_BYTES, BlockPointer } from '../pool/block-pointer.js';
import type { BlockReader } from '../pool/block-reader.js';
import { OT_OBJSET } from '../pool/object-types.js';
import { View } from '../view.js';
import type { Allocator } from './allocator.js';
import { childZap, DslBuilder } from './dsl-create.js';
import { FileWriter } from './file-writer.js';
import { flushDevice, writeUberblock } from './labels.js';
import type { MutableObjectSet } from './mutable-object-set.js';
import { SpaceMapWriter } from './space-maps.js';
import { emit, type MutableObject, planSingle, SyncContext, setInt } from './tree.js';
import { ZapItem } from './zap-builder.js';

const MOS_COPIES = 3;
const FILE_SYSTEM_META_COPIES = 2;
const OBJSET_BYTES = 2048;
const MOS_OBJSET_BYTES = 1024;
const OBJSET_TYPE_AT = 704;
const NEVER = -1;
export const HISTOGRAM_FEATURE = 'com.delphix:spacemap_histogram';
const BPOBJ_BLOCK_BYTES = 16384;
/** Share of the pool that ordinary writes leave free, so that deletions and snapshots always fit. */
const SLOP_SHARE = 32;
const MOS_RESERVE_BYTES = 1048576;

function getInt(object: MutableObject, at: number): number {
  const data = object.bonusData;
  return data.getUint32(at, true) + data.getUint32(at + 4, true) * 4294967296;
}

function addInt(object: MutableObject, at: number, change: number): void {
  setInt(object.bonusData, at, Math.max(0, getInt(object, at) + change));
  object.changed = true;
}

class OpenFileSystem {
  readonly datasetObject: number;
  readonly writer: FileWriter;
  base: ObjectSet | null;
  constructor(datasetObject: number, writer: FileWriter, base: ObjectSet | null) {
    this.datasetObject = datasetObject;
    this.writer = writer;
    this.base = base;
  }
}

export interface WriterParts {
  readonly reader: BlockReader;
  readonly devices: readonly BlockDevice[];
  readonly allocator: Allocator;
  readonly mos: MutableObjectSet;
  readonly guidSum: bigint;
  readonly ringShift: number;
  readonly txg: number;
  readonly random: RandomSource;
  readonly clock: WallClock;
  readonly rootDirectory: number;
  readonly mosDirectory: number;
  readonly originSnapshot: number;
  readonly featuresForWrite: number;
}

export class PoolWriter {
  readonly reader: BlockReader;
  readonly allocator: Allocator;
  mos: MutableObjectSet;
  readonly #parts: WriterParts;
  readonly #fileSystems: Map<number, OpenFileSystem> = new Map();
  #txg: number;
  #broken = false;

  constructor(parts: WriterParts) {
    this.#parts = parts;
    this.reader = parts.reader;
    this.allocator = parts.allocator;
    this.mos = parts.mos;
    this.#txg = parts.txg;
  }

  /** The last group that is on disk. */
  get txg(): number {
    return this.#txg;
  }

  builder(): DslBuilder {
    return new DslBuilder(this.mos, this.#parts.random, this.#parts.clock.nowSeconds());
  }

  #random64(): bigint {
    return this.builder().random64();
  }

  #directoryOf(path: readonly string[]): MutableObject {
    let directory = this.mos.object(this.#parts.rootDirectory);
    for (const name of path) {
      const child = this.#zapEntries(childZap(directory)).get(name);
      if (child === undefined) throw new ZfsError('not-found', `no dataset ${path.join('/')}`);
      directory = this.mos.object(Number(child));
    }
    return directory;
  }

  /** Entries of a small numeric ZAP of the meta object set, with pending changes. */
  #zapEntries(object: number): Map<string, bigint> {
    const out = new Map<string, bigint>();
    const pending = this.#pendingZaps.get(object);
    if (pending !== undefined) return pending;
    const base = this.mos.base === null ? null : this.mos.base.find(object);
    const known = this.mos.objects.get(object);
    if (base === null || (known !== undefined && known.dirty.size > 0)) {
      const content = known === undefined ? null : known.readBlock(0);
      if (content === null) throw new ZfsError('corrupt', `there is no ZAP ${object}`);
      const view = new View(content, true);
      for (let at = 64; at + 64 <= view.length; at += 64) {
        if (view.u8(at + 14) !== 0) out.set(view.cString(at + 14, 50), view.u64(at));
      }
    } else {
      for (const entry of new Zap(base).entries()) out.set(entry.name, entry.first);
    }
    return out;
  }

  readonly #pendingZaps: Map<number, Map<string, bigint>> = new Map();

  #setZap(object: number, entries: Map<string, bigint>): void {
    const items: ZapItem[] = [];
    for (const [name, value] of entries) {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setBigUint64(0, value);
      items.push(new ZapItem(name, 8, bytes));
    }
    this.builder().fillZap(this.mos.object(object), items);
    this.#pendingZaps.set(object, entries);
  }

  #addToZap(object: number, name: string, value: number): void {
    const entries = new Map(this.#zapEntries(object));
    entries.set(name, BigInt(value));
    this.#setZap(object, entries);
  }

  /** File system of a dataset path below the root (none for the root itself). */
  fileSystem(path: readonly string[]): FileWriter {
    this.#check();
    const head = getInt(this.#directoryOf(path), 8);
    const known = this.#fileSystems.get(head);
    if (known !== undefined) return known.writer;
    const dataset = this.mos.object(head);
    const pointer = BlockPointer.at(new View(dataset.bonus, true), 128);
    if (pointer.hole) throw new ZfsError('corrupt', 'the dataset has no file system');
    const base = ObjectSet.open(pointer, this.reader, null);
    if (!base.view.isZero(512 + 16, BLOCK_POINTER_BYTES)) {
      throw new ZfsError(
        'unsupported',
        'writing a dataset with an intent log: import it with ZFS once',
      );
    }
    const writer = new FileWriter(base, this.reader, () => this.#random64());
    this.#open(head, writer, base);
    return writer;
  }

  #open(head: number, writer: FileWriter, base: ObjectSet | null): void {
    writer.txg = this.#txg + 1;
    writer.nowSeconds = this.#parts.clock.nowSeconds();
    writer.set.compressData = true;
    writer.reserve = (bytes) => this.checkSpace(bytes);
    this.#fileSystems.set(head, new OpenFileSystem(head, writer, base));
  }

  /** Formats the head of a dataset that was just created. */
  format(head: number): FileWriter {
    const writer = new FileWriter(null, this.reader, () => this.#random64());
    writer.txg = this.#txg + 1;
    writer.nowSeconds = this.#parts.clock.nowSeconds();
    writer.format();
    this.#open(head, writer, null);
    return writer;
  }

  /** Creates a file system below one that exists. */
  createFileSystem(path: readonly string[]): FileWriter {
    this.#check();
    const name = path[path.length - 1];
    if (name === undefined || name === '' || name.length > 49 || name.indexOf('@') >= 0) {
      throw new ZfsError('invalid', 'a bad dataset name');
    }
    const parent = this.#directoryOf(path.slice(0, -1));
    const children = this.#zapEntries(childZap(parent));
    if (children.has(name)) throw new ZfsError('exists', `the dataset ${name} is already there`);
    const builder = this.builder();
    const directory = builder.directory(parent.object);
    const origin = this.#parts.originSnapshot;
    const dataset = builder.dataset(directory.object, this.#txg + 1, origin, 1);
    setInt(dataset.bonusData, 32, builder.zap(14, []).object);
    setInt(directory.bonusData, 8, dataset.object);
    setInt(directory.bonusData, 24, origin);
    this.#addToZap(childZap(parent), name, directory.object);
    const snapshot = this.mos.object(origin);
    addInt(snapshot, 40, 1);
    const hexName = dataset.object.toString(16);
    this.#addToZap(getInt(snapshot, 256), hexName, dataset.object);
    const originDirectory = this.mos.object(getInt(snapshot, 0));
    this.#addToZap(getInt(originDirectory, 144), hexName, dataset.object);
    return this.format(dataset.object);
  }

  readonly #snapshots: { head: number; name: string }[] = [];

  /** Takes a snapshot of what the next sync writes. */
  snapshot(path: readonly string[], name: string): void {
    this.#check();
    if (name === '' || name.length > 49 || name.indexOf('/') >= 0 || name.indexOf('@') >= 0) {
      throw new ZfsError('invalid', 'a bad snapshot name');
    }
    const head = getInt(this.#directoryOf(path), 8);
    const names = this.#zapEntries(getInt(this.mos.object(head), 32));
    if (names.has(name)) throw new ZfsError('exists', `the snapshot ${name} is already there`);
    for (const pending of this.#snapshots) {
      if (pending.head === head && pending.name === name) {
        throw new ZfsError('exists', `the snapshot ${name} is already there`);
      }
    }
    this.#snapshots.push({ head, name });
  }

  #check(): void {
    if (this.#broken) throw new ZfsError('device', 'an earlier sync failed: open the pool again');
  }

  /** Refuses ordinary growth into the last part of the pool. */
  checkSpace(bytes: number): void {
    const slop = Math.max(MOS_RESERVE_BYTES, Math.trunc(this.allocator.sizeBytes / SLOP_SHARE));
    if (this.allocator.freeBytes - bytes < slop) throw new ZfsError('no-space', 'the pool is full');
  }

  /** Puts everything that changed on disk, as one transaction group. */
  sync(): void {
    this.#check();
    try {
      this.#sync();
    } catch (error) {
      // Memory and space accounting are ahead of the disk now; the disk is still what it was.
      this.#broken = true;
      throw error;
    }
  }

  #sync(): void {
    const txg = this.#txg + 1;
    for (const open of this.#fileSystems.values()) {
      open.writer.flushDirectories();
      if (open.writer.set.dirty) this.#syncFileSystem(open, txg);
    }
    for (const { head, name } of this.#snapshots) this.#makeSnapshot(head, name, txg);
    this.#snapshots.length = 0;
    const rootPointer = this.#syncMos(txg);
    const fields = {
      txg,
      guidSum: this.#parts.guidSum,
      timestamp: this.#parts.clock.nowSeconds(),
      rootPointer,
    };
    for (const device of this.#parts.devices) flushDevice(device);
    // Two halves with a flush between: a write that tears one slot leaves the other half's.
    for (const first of [0, 1]) {
      for (const device of this.#parts.devices) {
        writeUberblock(device, this.#parts.ringShift, fields, first);
      }
      for (const device of this.#parts.devices) flushDevice(device);
    }
    this.#txg = txg;
    this.allocator.release(txg);
    this.#reopen(rootPointer);
  }

  /** Continues from what is on disk now. */
  #reopen(rootPointer: Uint8Array): void {
    this.#pendingZaps.clear();
    const mos = ObjectSet.open(new BlockPointer(new View(rootPointer, true)), this.reader, null);
    this.mos = this.mos.settled(mos);
    for (const open of this.#fileSystems.values()) {
      const dataset = this.mos.object(open.datasetObject);
      const pointer = BlockPointer.at(new View(dataset.bonus, true), 128);
      const base = ObjectSet.open(pointer, this.reader, null);
      open.base = base;
      open.writer.set = open.writer.set.settled(base);
      open.writer.txg = this.#txg + 1;
      open.writer.nowSeconds = this.#parts.clock.nowSeconds();
    }
  }

  #syncFileSystem(open: OpenFileSystem, txg: number): void {
    const dataset = this.mos.object(open.datasetObject);
    const context = new SyncContext(this.allocator, this.reader, txg, getInt(dataset, 16));
    const planned = open.writer.set.plan(context, 1, FILE_SYSTEM_META_COPIES);
    const { meta, fill } = planned.emit(context);
    const content = new Uint8Array(OBJSET_BYTES);
    if (open.base !== null) content.set(open.base.view.bytes.subarray(0, OBJSET_BYTES));
    content.set(meta, 0);
    setInt(new DataView(content.buffer), OBJSET_TYPE_AT, 2);
    context.kill(BlockPointer.at(new View(dataset.bonus, true), 128));
    const root = planSingle(context, content, OT_OBJSET, FILE_SYSTEM_META_COPIES);
    root.fill = fill;
    const pointer = emit(context, root);
    dataset.bonus.set(pointer, 128);
    addInt(dataset, 72, context.usedDelta);
    addInt(dataset, 80, context.compressedDelta);
    addInt(dataset, 88, context.uncompressedDelta);
    addInt(dataset, 96, context.uniqueDelta);
    this.#accountHead(dataset, context);
  }

  /** Directory space; blocks that a snapshot keeps move from the head's share to the snapshots'. */
  #accountHead(dataset: MutableObject, context: SyncContext): void {
    let deadUsed = 0;
    let deadCompressed = 0;
    let deadUncompressed = 0;
    const previous = this.mos.object(getInt(dataset, 8));
    const previousTxg = getInt(previous, 16);
    for (const pointer of context.dead) {
      const size = this.#dvaBytes(pointer);
      deadUsed += size;
      deadCompressed += pointer.psizeBytes;
      deadUncompressed += pointer.lsizeBytes;
      // The last snapshot alone has it now.
      if (pointer.birth > previousTxg) addInt(previous, 96, size);
    }
    if (context.dead.length > 0) this.#insertDead(dataset, context.dead);
    const directory = this.mos.object(getInt(dataset, 0));
    addInt(directory, 104, context.usedDelta);
    addInt(directory, 112, deadUsed);
    addInt(directory, 40, context.usedDelta + deadUsed);
    addInt(directory, 48, context.compressedDelta + deadCompressed);
    addInt(directory, 56, context.uncompressedDelta + deadUncompressed);
    this.#accountParents(
      directory,
      context.usedDelta + deadUsed,
      context.compressedDelta + deadCompressed,
      context.uncompressedDelta + deadUncompressed,
    );
  }

  #accountParents(
    directory: MutableObject,
    used: number,
    compressed: number,
    uncompressed: number,
  ): void {
    let parent = getInt(directory, 16);
    for (let depth = 0; parent !== 0 && depth < 64; depth++) {
      const object = this.mos.object(parent);
      addInt(object, 40, used);
      addInt(object, 48, compressed);
      addInt(object, 56, uncompressed);
      addInt(object, 120, used);
      parent = getInt(object, 16);
    }
  }

  /** Puts blocks on the dead list, in the part for the snapshot that they were born after. */
  #insertDead(dataset: MutableObject, dead: readonly BlockPointer[]): void {
    const list = this.mos.object(getInt(dataset, 64));
    const keys: { txg: number; bpobj: number }[] = [];
    for (const [name, value] of this.#zapEntries(list.object)) {
      keys.push({ txg: Number(`0x${name}`), bpobj: Number(value) });
    }
    keys.sort((a, b) => a.txg - b.txg);
    for (const pointer of dead) {
      let target = NEVER;
      for (const key of keys) if (key.txg < pointer.birth) target = key.bpobj;
      if (target === NEVER) throw new ZfsError('corrupt', 'a dead list has no place for a block');
      this.#appendPointer(this.mos.object(target), pointer);
      addInt(list, 0, this.#dvaBytes(pointer));
      addInt(list, 8, pointer.psizeBytes);
      addInt(list, 16, pointer.lsizeBytes);
    }
  }

  #appendPointer(bpobj: MutableObject, pointer: BlockPointer): void {
    const count = getInt(bpobj, 0);
    const perBlock = Math.trunc(bpobj.blockBytes / BLOCK_POINTER_BYTES);
    const block = Math.trunc(count / perBlock);
    const content = bpobj.dirty.get(block) ?? bpobj.readBlock(block);
    content.set(pointer.view.bytes, (count % perBlock) * BLOCK_POINTER_BYTES);
    bpobj.setBlock(block, content);
    addInt(bpobj, 0, 1);
    addInt(bpobj, 8, this.#dvaBytes(pointer));
    addInt(bpobj, 16, pointer.psizeBytes);
    addInt(bpobj, 24, pointer.lsizeBytes);
  }

  #makeSnapshot(headNumber: number, name: string, txg: number): void {
    const head = this.mos.object(headNumber);
    const builder = this.builder();
    const oldList = getInt(head, 64);
    const snapshot = this.mos.create(16, 16, head.bonus.length);
    snapshot.bonus.set(head.bonus);
    const previous = getInt(head, 8);
    const data = snapshot.bonusData;
    setInt(data, 24, headNumber);
    setInt(data, 32, 0);
    setInt(data, 40, 1);
    setInt(data, 48, this.#parts.clock.nowSeconds());
    setInt(data, 56, txg);
    setInt(data, 96, 0);
    data.setBigUint64(104, BigInt.asUintN(56, builder.random64()), true);
    data.setBigUint64(112, builder.random64(), true);
    setInt(data, 256, 0);
    setInt(data, 264, 0);
    setInt(data, 272, 0);
    const previousObject = this.mos.object(previous);
    if (getInt(previousObject, 24) === headNumber) {
      setInt(previousObject.bonusData, 24, snapshot.object);
      previousObject.changed = true;
    } else {
      // The head was a clone of it; the snapshot takes that place.
      const clones = getInt(previousObject, 256);
      const entries = new Map(this.#zapEntries(clones));
      entries.delete(headNumber.toString(16));
      entries.set(snapshot.object.toString(16), BigInt(snapshot.object));
      this.#setZap(clones, entries);
    }
    const list = builder.deadlist();
    const parts = new Map<string, bigint>();
    for (const key of this.#zapEntries(oldList).keys()) {
      const empty = builder.bpobj();
      empty.blockBytes = BPOBJ_BLOCK_BYTES;
      parts.set(key, BigInt(empty.object));
    }
    parts.set(getInt(head, 16).toString(16), BigInt(builder.bpobj().object));
    this.#setZap(list.object, parts);
    setInt(head.bonusData, 64, list.object);
    setInt(head.bonusData, 8, snapshot.object);
    setInt(head.bonusData, 16, txg);
    setInt(head.bonusData, 96, 0);
    head.changed = true;
    this.#addToZap(getInt(head, 32), name, snapshot.object);
  }

  #syncMos(txg: number): Uint8Array {
    const context = new SyncContext(this.allocator, this.reader, txg, NEVER);
    const directory = this.mos.object(this.#parts.mosDirectory);
    directory.changed = true;
    const root = this.mos.object(this.#parts.rootDirectory);
    root.changed = true;
    const maps = new SpaceMapWriter();
    maps.prepare(this.allocator, this.mos, 1 + Math.trunc(this.mos.objects.size / 128));
    this.allocator.restrictToMapped(true);
    // The feature counts space maps with a histogram, which all of ours are.
    const features = this.#zapEntries(this.#parts.featuresForWrite);
    if (features.get(HISTOGRAM_FEATURE) !== BigInt(maps.count)) {
      this.#addToZap(this.#parts.featuresForWrite, HISTOGRAM_FEATURE, maps.count);
    }
    const planned = this.mos.plan(context, MOS_COPIES, MOS_COPIES);
    const base = this.mos.base;
    if (base !== null && this.#rootPointer !== null) {
      context.kill(new BlockPointer(new View(this.#rootPointer, true)));
    }
    const content = new Uint8Array(MOS_OBJSET_BYTES);
    const block = planSingle(context, content, OT_OBJSET, MOS_COPIES);
    addInt(directory, 40, context.usedDelta);
    addInt(directory, 48, context.compressedDelta);
    addInt(directory, 56, context.uncompressedDelta);
    addInt(directory, 104, context.usedDelta);
    this.#accountParents(
      directory,
      context.usedDelta,
      context.compressedDelta,
      context.uncompressedDelta,
    );
    maps.fill();
    this.allocator.restrictToMapped(false);
    const { meta, fill } = planned.emit(context);
    content.set(meta, 0);
    setInt(new DataView(content.buffer), OBJSET_TYPE_AT, 1);
    block.fill = fill;
    const pointer = emit(context, block);
    this.#rootPointer = pointer;
    return pointer;
  }

  /** Space of a block as accounting counts it. */
  #dvaBytes(pointer: BlockPointer): number {
    let size = 0;
    for (let i = 0; i < 3; i++) {
      if (pointer.view.isZero(i * 16, 16)) continue;
      const dva = pointer.dva(i);
      size += this.allocator.deflated(dva.vdev, dva.asizeBytes);
    }
    return size;
  }

  #rootPointer: Uint8Array | null = null;

  /** For a pool that was opened: where its root is. */
  setRoot(pointer: Uint8Array): void {
    this.#rootPointer = pointer;
  }
}
