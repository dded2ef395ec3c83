/** What the space maps of a pool, with the unflushed log space maps over them, say is allocated on each vdev. */
import { Zap } from '../dmu/zap.js';
import { corrupt } from '../errors.js';
import type { Pool } from '../pool/pool.js';
import { IndirectVdev } from '../vdev/indirect.js';
import { MissingVdev, type Vdev } from '../vdev/vdev.js';
import { SectorBitmap } from './bitmap.js';
import { NO_VDEV, type SpaceMapVisitor, spaceMapAllocated, walkSpaceMap } from './space-map.js';

export class VdevSpace {
  readonly top: Vdev;
  readonly ashift: number;
  readonly metaslabShift: number;
  readonly sizeBytes: number;
  readonly allocated: SectorBitmap;
  /** Transaction group up to which each metaslab's map is complete. */
  unflushedTxgs: number[] = [];

  constructor(top: Vdev) {
    this.top = top;
    this.ashift = top.config.int('ashift', 9);
    this.metaslabShift = top.config.int('metaslab_shift', 0);
    this.sizeBytes = top.config.int('asize', 0);
    if (this.ashift < 9 || this.ashift > 16) throw corrupt('a vdev has a bad sector size');
    this.allocated = new SectorBitmap(Math.trunc(this.sizeBytes / Math.pow(2, this.ashift)));
  }
}

class Applier implements SpaceMapVisitor {
  readonly #spaces: Map<number, VdevSpace>;
  readonly #problems: string[];
  readonly #txg: number;
  readonly #vdev: number;
  readonly #base: number;
  readonly #unitBytes: number;

  constructor(
    spaces: Map<number, VdevSpace>,
    problems: string[],
    txg: number,
    vdev: number,
    baseBytes: number,
    unitBytes: number,
  ) {
    this.#spaces = spaces;
    this.#problems = problems;
    this.#txg = txg;
    this.#vdev = vdev;
    this.#base = baseBytes;
    this.#unitBytes = unitBytes;
  }

  entry(free: boolean, vdev: number, offset: number, run: number): void {
    const space = this.#spaces.get(vdev === NO_VDEV ? this.#vdev : vdev);
    if (space === undefined) return;
    const start = this.#base + offset * this.#unitBytes;
    if (this.#txg >= 0) {
      const metaslab = Math.trunc(start / Math.pow(2, space.metaslabShift));
      if (this.#txg < (space.unflushedTxgs[metaslab] ?? 0)) return;
    }
    const sector = Math.pow(2, space.ashift);
    const count = Math.trunc((run * this.#unitBytes) / sector);
    const changed = space.allocated.fill(Math.trunc(start / sector), count, !free);
    if (changed !== count) {
      this.#problems.push(
        `space map: ${free ? 'free' : 'allocation'} of ${count} sectors at ${start} of vdev ` +
          `${space.top.id} ${changed < 0 ? 'is out of range' : 'repeats'}`,
      );
    }
  }
}

export function allocatedSpace(pool: Pool, problems: string[]): Map<number, VdevSpace> {
  const spaces = new Map<number, VdevSpace>();
  for (const top of pool.tops) {
    if (top instanceof MissingVdev || top instanceof IndirectVdev) continue;
    if (top.config.int('metaslab_array', 0) === 0) continue;
    spaces.set(top.id, new VdevSpace(top));
  }
  for (const [id, space] of spaces) loadMetaslabs(pool, id, space, spaces, problems);
  const logs = pool.directory.number('com.delphix:log_spacemap_zap');
  if (logs !== undefined) {
    const txgs: { txg: number; object: number }[] = [];
    for (const entry of new Zap(pool.mos.dnode(logs)).entries()) {
      txgs.push({ txg: textTxg(entry.name), object: entry.number });
    }
    txgs.sort((a, b) => a.txg - b.txg);
    for (const log of txgs) {
      const applier = new Applier(spaces, problems, log.txg, NO_VDEV, 0, 512);
      walkSpaceMap(pool.mos.dnode(log.object), applier);
    }
  }
  // Last: blocks that only the checkpoint still has are free in the maps, and noted here.
  for (const space of spaces.values()) keepCheckpoint(pool, space);
  return spaces;
}

function keepCheckpoint(pool: Pool, space: VdevSpace): void {
  const topZap = space.top.config.int('com.delphix:vdev_zap_top', 0);
  if (topZap === 0) return;
  const object = new Zap(pool.mos.dnode(topZap)).number('com.delphix:pool_checkpoint_sm');
  if (object === undefined || object === 0) return;
  walkSpaceMap(pool.mos.dnode(object), new CheckpointKeeper(space));
}

/** Metaslabs of a dRAID start at whole stripes. */
export function metaslabStart(top: Vdev, startBytes: number): number {
  if (top.kind !== 'draid') return startBytes;
  const width = top.config.int('draid_ndata', 1) + top.config.int('nparity', 1);
  const stripe = width * Math.pow(2, top.config.int('ashift', 9));
  return Math.trunc((startBytes + stripe - 1) / stripe) * stripe;
}

/** Keys of the log ZAP are numbers: eight bytes in big-endian order, or text in hexadecimal. */
function textTxg(name: string): number {
  let value = 0;
  if (name.length === 8) {
    let binary = false;
    for (let i = 0; i < 8; i++) if (name.charCodeAt(i) < 32) binary = true;
    if (binary) {
      for (let i = 0; i < 8; i++) value = value * 256 + name.charCodeAt(i);
      return value;
    }
  }
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    value = value * 16 + (c <= 57 ? c - 48 : c - 87);
  }
  return value;
}

function loadMetaslabs(
  pool: Pool,
  id: number,
  space: VdevSpace,
  spaces: Map<number, VdevSpace>,
  problems: string[],
): void {
  const size = Math.pow(2, space.metaslabShift);
  if (space.metaslabShift < 12 || space.metaslabShift > 52) {
    throw corrupt('a vdev has metaslabs of a bad size');
  }
  const count = Math.trunc(space.sizeBytes / size);
  const array = pool.mos.dnode(space.top.config.int('metaslab_array', 0)).readAll(count * 8);
  const topZap = space.top.config.int('com.delphix:vdev_zap_top', 0);
  if (topZap !== 0) {
    const unflushed = new Zap(pool.mos.dnode(topZap)).number('com.delphix:ms_unflushed_phys_txgs');
    if (unflushed !== undefined) {
      const view = pool.mos.dnode(unflushed).readAll(count * 8);
      for (let i = 0; i * 8 + 8 <= view.length; i++) space.unflushedTxgs.push(view.clamped(i * 8));
    }
  }
  for (let i = 0; i * 8 + 8 <= array.length; i++) {
    const object = array.clamped(i * 8);
    if (object === 0) continue;
    const before = space.allocated.count;
    const dnode = pool.mos.dnode(object);
    const unit = Math.pow(2, space.ashift);
    walkSpaceMap(
      dnode,
      new Applier(spaces, problems, -1, id, metaslabStart(space.top, i * size), unit),
    );
    const got = (space.allocated.count - before) * unit;
    if (got !== spaceMapAllocated(dnode)) {
      problems.push(
        `metaslab ${i} of vdev ${id} says ${spaceMapAllocated(dnode)} bytes are in use, its map ${got}`,
      );
    }
  }
}

class CheckpointKeeper implements SpaceMapVisitor {
  readonly #space: VdevSpace;
  constructor(space: VdevSpace) {
    this.#space = space;
  }
  entry(_free: boolean, _vdev: number, offset: number, run: number): void {
    this.#space.allocated.fill(offset, run, true);
  }
}
