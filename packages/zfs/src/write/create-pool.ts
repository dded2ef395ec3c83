/** Creating pools, and opening for writing the ones created here. */
import type { BlockDevice, RandomSource, WallClock } from '../contract.js';
import { Zap } from '../dmu/zap.js';
import { DslDirectory } from '../dsl/dataset.js';
import { ZfsError } from '../errors.js';
import { NvList } from '../nvlist/nvlist.js';
import { packNvList } from '../nvlist/packed.js';
import { BlockReader } from '../pool/block-reader.js';
import { ringShift } from '../pool/label.js';
import { importPool, type Pool } from '../pool/pool.js';
import { collectLeaves, VdevBuilder } from '../pool/vdev-tree.js';
import { ReflowState } from '../vdev/raidz.js';
import { LABEL_BYTES, LABEL_START_BYTES, type LeafVdev } from '../vdev/vdev.js';
import { Allocator, WritableVdev } from './allocator.js';
import { createDsl, DslBuilder, FIRST_TXG } from './dsl-create.js';
import { writeLabels } from './labels.js';
import { MutableObjectSet } from './mutable-object-set.js';
import { HISTOGRAM_FEATURE, PoolWriter } from './pool-writer.js';
import { setInt } from './tree.js';
import { ZapItem } from './zap-builder.js';

export type Layout = 'single' | 'mirror' | 'raidz1' | 'raidz2' | 'raidz3';

export interface CreateOptions {
  readonly name: string;
  readonly layout: Layout;
  /** log2 of the sector size, 9 to 16. */
  readonly ashift: number;
  readonly random: RandomSource;
  readonly clock: WallClock;
  /** What the configuration says each device is; one per device. */
  readonly paths: readonly string[];
}

const VERSION = 5000n;
const STATE_EXPORTED = 1n;
const MIN_METASLAB_SHIFT = 24;
const WANTED_METASLABS = 128;
const LZ4 = 'org.illumos:lz4_compress';
/** Features that a pool may have active for this package to write it. */
const WRITE_FEATURES: readonly string[] = [LZ4, HISTOGRAM_FEATURE];

/** Creates a pool with an empty root file system. Everything on the devices is lost. */
export function createPool(devices: readonly BlockDevice[], options: CreateOptions): PoolWriter {
  checkOptions(devices, options);
  const random64 = (): bigint => {
    const bytes = new Uint8Array(8);
    options.random.fill(bytes);
    return new DataView(bytes.buffer).getBigUint64(0, true) | 1n;
  };
  const poolGuid = random64();
  const leaves: NvList[] = [];
  const found = new Map<bigint, BlockDevice>();
  let smallest = Number.MAX_SAFE_INTEGER;
  let guidSum = poolGuid;
  for (let i = 0; i < devices.length; i++) {
    const guid = random64();
    guidSum = BigInt.asUintN(64, guidSum + guid);
    found.set(guid, devices[i]);
    smallest = Math.min(smallest, Math.trunc(devices[i].sizeBytes / LABEL_BYTES) * LABEL_BYTES);
    leaves.push(
      new NvList()
        .setText('type', 'file')
        .setInt('id', BigInt(i))
        .setInt('guid', guid)
        .setText('path', options.paths[i])
        .setInt('create_txg', BigInt(FIRST_TXG)),
    );
  }
  const usable = smallest - LABEL_START_BYTES - 2 * LABEL_BYTES;
  const parity = options.layout.startsWith('raidz') ? Number(options.layout.slice(5)) : 0;
  const asize = usable * (parity > 0 ? devices.length : 1);
  let shift = MIN_METASLAB_SHIFT;
  while (Math.trunc(asize / Math.pow(2, shift)) > WANTED_METASLABS) shift++;
  const mos = new MutableObjectSet(null, new BlockReader());
  const reader = mos.reader;
  const builder = new DslBuilder(mos, options.random, options.clock.nowSeconds());
  const directory = mos.create(1, 0, 0);
  const array = mos.create(2, 0, 0);
  const topGuid = options.layout === 'single' ? (leaves[0].u64('guid') ?? 0n) : random64();
  if (options.layout !== 'single') guidSum = BigInt.asUintN(64, guidSum + topGuid);
  const top = options.layout === 'single' ? leaves[0] : new NvList();
  if (options.layout !== 'single') {
    top
      .setText('type', parity > 0 ? 'raidz' : 'mirror')
      .setInt('id', 0n)
      .setInt('guid', topGuid);
    if (parity > 0) top.setInt('nparity', BigInt(parity));
  }
  top
    .setInt('metaslab_array', BigInt(array.object))
    .setInt('metaslab_shift', BigInt(shift))
    .setInt('ashift', BigInt(options.ashift))
    .setInt('asize', BigInt(asize))
    .setInt('is_log', 0n)
    .setInt('create_txg', BigInt(FIRST_TXG));
  if (options.layout !== 'single') top.setLists('children', leaves);
  const vdev = new VdevBuilder(found, new ReflowState(0, false), reader).build(top);
  reader.tops.set(0, vdev);
  const allocator = new Allocator();
  const writable = new WritableVdev(vdev, options.ashift, shift, asize);
  allocator.vdevs.push(writable);
  array.replace(Math.max(512, Math.trunc((writable.metaslabs * 8 + 511) / 512) * 512), [
    new Uint8Array(Math.max(512, Math.trunc((writable.metaslabs * 8 + 511) / 512) * 512)),
  ]);
  const dsl = createDsl(builder);
  const base = (txg: number): NvList =>
    new NvList()
      .setInt('version', VERSION)
      .setText('name', options.name)
      .setInt('state', STATE_EXPORTED)
      .setInt('txg', BigInt(txg))
      .setInt('pool_guid', poolGuid)
      .setInt('errata', 0n)
      .setText('hostname', 'tessera');
  const tree = new NvList()
    .setText('type', 'root')
    .setInt('id', 0n)
    .setInt('guid', poolGuid)
    .setInt('create_txg', BigInt(FIRST_TXG))
    .setLists('children', [top]);
  const config = base(FIRST_TXG)
    .setInt('vdev_children', 1n)
    .setList('vdev_tree', tree)
    .setList('features_for_read', new NvList());
  const packed = packNvList(config);
  const configObject = mos.create(3, 4, 8);
  const configBytes = new Uint8Array(16384);
  configBytes.set(packed);
  configObject.replace(16384, [configBytes]);
  setInt(configObject.bonusData, 0, packed.length);
  const featuresForWrite = builder.zap(0xc4, [ZapItem.number(HISTOGRAM_FEATURE, 0)]).object;
  const salt = new Uint8Array(32);
  options.random.fill(salt);
  builder.fillZap(directory, [
    ZapItem.number('root_dataset', dsl.root.object),
    ZapItem.number('free_bpobj', builder.bpobj().object),
    ZapItem.number('sync_bplist', builder.bpobj().object),
    ZapItem.number('config', configObject.object),
    ZapItem.number('creation_version', 5000),
    ZapItem.number('deflate', 1),
    ZapItem.number('features_for_read', builder.zap(0xc4, [ZapItem.number(LZ4, 1)]).object),
    ZapItem.number('features_for_write', featuresForWrite),
    ZapItem.number(
      'feature_descriptions',
      builder.zap(0xc4, [
        ZapItem.text(LZ4, 'LZ4 compression algorithm support.'),
        ZapItem.text(HISTOGRAM_FEATURE, 'Spacemaps maintain space histograms.'),
      ]).object,
    ),
    new ZapItem('org.illumos:checksum_salt', 1, salt),
  ]);
  const writer = new PoolWriter({
    reader,
    devices,
    allocator,
    mos,
    guidSum,
    ringShift: Math.min(Math.max(options.ashift, 10), 13),
    txg: FIRST_TXG - 1,
    random: options.random,
    clock: options.clock,
    rootDirectory: dsl.root.object,
    mosDirectory: dsl.mosDirectory,
    originSnapshot: dsl.originSnapshot,
    featuresForWrite,
  });
  writer.format(dsl.rootDataset.object);
  for (let i = 0; i < devices.length; i++) {
    writeLabels(
      devices[i],
      base(FIRST_TXG)
        .setInt('top_guid', topGuid)
        .setInt('guid', leaves[i].u64('guid') ?? 0n)
        .setInt('vdev_children', 1n)
        .setList('vdev_tree', top)
        .setList('features_for_read', new NvList()),
    );
  }
  writer.sync();
  return writer;
}

function checkOptions(devices: readonly BlockDevice[], options: CreateOptions): void {
  const need: ReadonlyMap<Layout, number> = new Map<Layout, number>([
    ['single', 1],
    ['mirror', 2],
    ['raidz1', 2],
    ['raidz2', 3],
    ['raidz3', 4],
  ]);
  const least = need.get(options.layout) ?? 1;
  if (devices.length < least || (options.layout === 'single' && devices.length !== 1)) {
    throw new ZfsError('invalid', `${options.layout} needs ${least} or more devices`);
  }
  if (options.ashift < 9 || options.ashift > 16) throw new ZfsError('invalid', 'a bad sector size');
  if (options.paths.length !== devices.length) throw new ZfsError('invalid', 'a path per device');
  for (const device of devices) {
    if (device.readOnly) throw new ZfsError('read-only', 'a device is read-only');
    if (device.sizeBytes < 67108864) throw new ZfsError('device', 'a device is below 64 MiB');
  }
  if (options.name === '' || options.name.indexOf('/') >= 0)
    throw new ZfsError('invalid', 'a bad pool name');
}

/** Opens a pool for writing; refuses what is not proved: other features, vdev kinds, and damaged or degraded pools. */
export function openForWriting(
  devices: readonly BlockDevice[],
  random: RandomSource,
  clock: WallClock,
): { writer: PoolWriter; name: string } {
  const pool: Pool = importPool(devices, {});
  for (const name of ['features_for_read', 'features_for_write']) {
    const object = pool.directory.number(name);
    if (object === undefined)
      throw new ZfsError('unsupported', 'writing a pool without feature flags');
    for (const entry of new Zap(pool.mos.dnode(object)).entries()) {
      if (WRITE_FEATURES.indexOf(entry.name) < 0 && entry.first !== 0n) {
        throw new ZfsError('unsupported', `writing a pool with the feature ${entry.name}`);
      }
    }
  }
  if (pool.tops.length !== 1) throw new ZfsError('unsupported', 'writing a pool of several vdevs');
  const leaves: LeafVdev[] = [];
  for (const top of pool.tops) {
    if (['file', 'disk', 'mirror', 'raidz'].indexOf(top.kind) < 0) {
      throw new ZfsError('unsupported', `writing a pool with a ${top.kind} vdev`);
    }
    if (top.config.has('com.delphix:vdev_zap_top')) {
      throw new ZfsError('unsupported', 'writing a pool that OpenZFS has changed');
    }
    collectLeaves(top, leaves);
  }
  const present: BlockDevice[] = [];
  for (const leaf of leaves) {
    if (leaf.device === null) throw new ZfsError('device', 'a device is missing: reading only');
    present.push(leaf.device);
  }
  const rootDirectory = pool.directory.number('root_dataset') ?? 0;
  const root = new DslDirectory(pool, rootDirectory);
  const children = new Zap(pool.mos.dnode(root.childrenZap));
  const mosDirectory = children.number('$MOS') ?? 0;
  const origin = new DslDirectory(pool, children.number('$ORIGIN') ?? 0);
  const originHead = pool.mos.dnode(origin.head).bonus.int(8);
  const writer = new PoolWriter({
    reader: pool.reader,
    devices: present,
    allocator: Allocator.load(pool),
    mos: new MutableObjectSet(pool.mos, pool.reader),
    guidSum: pool.uberblock.guidSum,
    ringShift: ringShift(pool.labels[0].config),
    txg: pool.uberblock.txg,
    random,
    clock,
    rootDirectory,
    mosDirectory,
    originSnapshot: originHead,
    featuresForWrite: pool.directory.number('features_for_write') ?? 0,
  });
  writer.setRoot(pool.uberblock.rootPointer.view.bytes.slice());
  return { writer, name: pool.name };
}
