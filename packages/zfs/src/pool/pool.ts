/**
 * A pool, opened for reading: devices found by their labels, the best uberblock, the meta object set, the full tree.
 *
 * Opening runs in two steps. The labels know only their own top-level vdev each, which is enough to read the meta object
 * set (its blocks have up to three copies); its `config` object then names every vdev, holes and removed ones included.
 */
import type { BlockDevice } from '../contract.js';
import { Dnode } from '../dmu/dnode.js';
import { ObjectSet } from '../dmu/object-set.js';
import { Zap } from '../dmu/zap.js';
import { corrupt, unsupported, ZfsError } from '../errors.js';
import type { NvList } from '../nvlist/nvlist.js';
import { unpackNvList } from '../nvlist/packed.js';
import { IndirectMapping, IndirectVdev } from '../vdev/indirect.js';
import { ReflowState } from '../vdev/raidz.js';
import type { LeafVdev, Vdev } from '../vdev/vdev.js';
import { BlockReader } from './block-reader.js';
import { unknownReadFeature } from './features.js';
import { type DeviceLabel, readDeviceLabel, type Uberblock } from './label.js';
import { collectLeaves, VdevBuilder } from './vdev-tree.js';

const DIRECTORY_OBJECT = 1;
const MAX_CONFIG_BYTES = 16777216;
const MAX_MAPPING_BYTES = 1073741824;

export interface OpenOptions {
  /** Open at this transaction group, if an uberblock of it is still there. */
  readonly txg?: number;
  /** Take the pool with this guid when the devices hold several. */
  readonly guid?: bigint;
}

export class Pool {
  readonly name: string;
  readonly guid: bigint;
  readonly uberblock: Uberblock;
  readonly reader: BlockReader;
  readonly mos: ObjectSet;
  readonly labels: readonly DeviceLabel[];
  readonly config: NvList;
  readonly directory: Zap;
  readonly tops: Vdev[] = [];
  readonly leaves: LeafVdev[] = [];
  readonly spares: readonly NvList[];
  readonly caches: readonly NvList[];

  constructor(labels: readonly DeviceLabel[], uberblock: Uberblock) {
    this.labels = labels;
    this.uberblock = uberblock;
    const newest = newestLabel(labels);
    this.name = newest.text('name') ?? '';
    this.guid = newest.u64('pool_guid') ?? 0n;
    if (uberblock.version > 28 && uberblock.version !== 5000) {
      throw unsupported(`pool version ${uberblock.version}`);
    }
    const devices = new Map<bigint, BlockDevice>();
    for (const label of labels) {
      const guid = label.config.u64('guid');
      if (guid !== undefined) devices.set(guid, label.device);
    }
    this.reader = new BlockReader();
    const reflow = new ReflowState(uberblock.reflowOffsetBytes, uberblock.reflowState === 1);
    const builder = new VdevBuilder(devices, reflow, this.reader);
    for (const label of labels) {
      const tree = label.config.list('vdev_tree');
      if (tree === undefined) continue;
      const id = tree.int('id', 0);
      if (!this.reader.tops.has(id)) this.reader.tops.set(id, builder.build(tree));
    }
    this.mos = ObjectSet.open(uberblock.rootPointer, this.reader, null);
    this.directory = new Zap(this.mos.dnode(DIRECTORY_OBJECT));
    const feature = unknownReadFeature(this);
    if (feature !== undefined) throw unsupported(`pool feature ${feature}`);
    const salt = this.directory.get('org.illumos:checksum_salt');
    if (salt !== undefined && salt.value.length === 32) this.reader.salt = salt.value;
    this.config = this.#readConfig();
    const root = this.config.list('vdev_tree');
    if (root === undefined) throw corrupt('the pool configuration has no vdev tree');
    const fresh = new Map<number, Vdev>();
    for (const child of root.lists('children')) {
      const top = builder.build(child);
      fresh.set(child.int('id', fresh.size), top);
      this.tops.push(top);
      collectLeaves(top, this.leaves);
    }
    for (const [id, top] of this.reader.tops) if (!fresh.has(id)) fresh.set(id, top);
    this.reader.tops = fresh;
    for (const top of this.tops) if (top instanceof IndirectVdev) this.#loadMapping(top);
    this.spares = this.#auxiliary('spares', 'spares');
    this.caches = this.#auxiliary('l2cache', 'l2cache');
  }

  /** The packed list that an object of the meta object set holds. */
  readNvObject(object: number): NvList {
    const dnode = this.mos.dnode(object);
    if (dnode.bonusBytes < 8) throw corrupt(`object ${object} is not a packed list`);
    const size = dnode.bonus.int(0);
    if (size > MAX_CONFIG_BYTES) throw corrupt(`object ${object} is too large`);
    const bytes = new Uint8Array(size);
    dnode.readInto(0, bytes);
    const list = unpackNvList(bytes);
    if (list === null) throw corrupt(`object ${object} is not a packed list`);
    return list;
  }

  #readConfig(): NvList {
    const object = this.directory.number('config');
    if (object === undefined) throw corrupt('the pool has no configuration');
    return this.readNvObject(object);
  }

  #auxiliary(name: string, key: string): readonly NvList[] {
    const object = this.directory.number(name);
    if (object === undefined || object === 0) return [];
    return this.readNvObject(object).lists(key);
  }

  #loadMapping(top: IndirectVdev): void {
    const object = top.config.int('com.delphix:indirect_object', 0);
    if (object === 0) {
      // Nothing was on the device when it was removed.
      top.mapping = new IndirectMapping();
      return;
    }
    const dnode = this.mos.dnode(object);
    const count = dnode.bonus.int(16);
    if (count * 24 > MAX_MAPPING_BYTES) throw corrupt('an indirect mapping is too large');
    const view = dnode.readAll(count * 24);
    const mapping = new IndirectMapping();
    for (let i = 0; i < count; i++) {
      const at = i * 24;
      const source = ((view.high(at) & 0x7fffffff) * 4294967296 + view.low(at)) * 512;
      const size = (view.low(at + 8) & 0xffffff) * 512;
      const vdev = view.high(at + 8) & 0xffffff;
      const target = ((view.high(at + 16) & 0x7fffffff) * 4294967296 + view.low(at + 16)) * 512;
      mapping.push(source, size, vdev, target);
    }
    top.mapping = mapping;
  }
}

function newestLabel(labels: readonly DeviceLabel[]): NvList {
  let best = labels[0].config;
  for (const label of labels)
    if (label.config.int('txg', 0) > best.int('txg', 0)) best = label.config;
  return best;
}

/** Scans devices and opens the pool that they hold. */
export function importPool(devices: readonly BlockDevice[], options: OpenOptions): Pool {
  const labels: DeviceLabel[] = [];
  let guid = options.guid;
  for (const device of devices) {
    const label = readDeviceLabel(device);
    if (label === null) continue;
    // Spares and cache devices have labels without a pool.
    const owner = label.config.u64('pool_guid');
    if (owner === undefined || label.config.list('vdev_tree') === undefined) continue;
    if (guid === undefined) guid = owner;
    if (owner === guid) labels.push(label);
    else if (options.guid === undefined) {
      throw new ZfsError('invalid', 'the devices belong to different pools');
    }
  }
  if (labels.length === 0) throw new ZfsError('device', 'no device has the label of a pool');
  const candidates: Uberblock[] = [];
  for (const label of labels) {
    for (const uberblock of label.uberblocks) {
      if (options.txg === undefined || uberblock.txg === options.txg) candidates.push(uberblock);
    }
  }
  candidates.sort((a, b) => (a.newerThan(b) ? -1 : b.newerThan(a) ? 1 : 0));
  if (candidates.length === 0) throw new ZfsError('device', 'no device has a good uberblock');
  // The first is the one; an older one serves when its blocks cannot be read, as after a torn last write.
  let failure: ZfsError | null = null;
  let lastTxg = -1;
  let tries = 0;
  for (const uberblock of candidates) {
    if (uberblock.txg === lastTxg) continue;
    lastTxg = uberblock.txg;
    if (tries++ >= 3) break;
    try {
      return new Pool(labels, uberblock);
    } catch (error) {
      if (!(error instanceof ZfsError)) throw error;
      if (failure === null) failure = error;
      if (error.code === 'unsupported') break;
    }
  }
  throw failure ?? new ZfsError('device', 'no uberblock leads to a pool');
}

/** Re-exported for callers that walk objects themselves. */
export { Dnode };
