/**
 * Space for writing: which sectors of which vdev are free, and what changed in the open transaction group.
 *
 * `used` is what the space maps will say. `blocked` adds what was freed too recently to be overwritten: a freed block must
 * survive until the group that freed it is on disk, and two more, so that a crash can always go back.
 */
import { ZfsError } from '../errors.js';
import type { Pool } from '../pool/pool.js';
import { allocatedSpace, type VdevSpace } from '../space/allocated.js';
import { allocatedSize } from '../space/asize.js';
import { SectorBitmap } from '../space/bitmap.js';
import type { Vdev } from '../vdev/vdev.js';

const FREE_DELAY_TXGS = 3;

export class Allocation {
  readonly vdev: number;
  readonly offsetBytes: number;
  readonly asizeBytes: number;
  constructor(vdev: number, offsetBytes: number, asizeBytes: number) {
    this.vdev = vdev;
    this.offsetBytes = offsetBytes;
    this.asizeBytes = asizeBytes;
  }
}

class DeferredFree {
  readonly txg: number;
  readonly start: number;
  readonly run: number;
  constructor(txg: number, start: number, run: number) {
    this.txg = txg;
    this.start = start;
    this.run = run;
  }
}

export class WritableVdev {
  readonly id: number;
  readonly top: Vdev;
  readonly ashift: number;
  readonly metaslabShift: number;
  readonly metaslabs: number;
  readonly used: SectorBitmap;
  readonly blocked: SectorBitmap;
  deferred: DeferredFree[] = [];
  /** Space-map object of each metaslab, 0 where there is none. */
  readonly mapObjects: number[] = [];
  #cursor = 0;
  /** Set while space maps are being laid down: only metaslabs that have one may be allocated from. */
  onlyMapped = false;

  constructor(top: Vdev, ashift: number, metaslabShift: number, sizeBytes: number) {
    this.id = top.id;
    this.top = top;
    this.ashift = ashift;
    this.metaslabShift = metaslabShift;
    this.metaslabs = Math.trunc(sizeBytes / Math.pow(2, metaslabShift));
    const sectors = this.metaslabs * Math.pow(2, metaslabShift - ashift);
    this.used = new SectorBitmap(sectors);
    this.blocked = new SectorBitmap(sectors);
    for (let i = 0; i < this.metaslabs; i++) this.mapObjects.push(0);
  }

  get freeSectors(): number {
    return this.blocked.sectors - this.blocked.count;
  }

  get metaslabSectors(): number {
    return Math.pow(2, this.metaslabShift - this.ashift);
  }

  /** A free run inside one metaslab, first fit from where the last one ended; -1 when there is none. */
  find(run: number): number {
    const size = this.metaslabSectors;
    for (let pass = 0; pass <= this.metaslabs; pass++) {
      const metaslab = (Math.trunc(this.#cursor / size) + pass) % this.metaslabs;
      const end = (metaslab + 1) * size;
      if (this.onlyMapped && this.mapObjects[metaslab] === 0) continue;
      const from = pass === 0 ? this.#cursor : metaslab * size;
      const start = this.blocked.findClear(from, end, run);
      if (start >= 0) {
        this.#cursor = start + run;
        if (this.#cursor >= this.blocked.sectors) this.#cursor = 0;
        return start;
      }
    }
    return -1;
  }

  /** Bytes as accounting counts them: without the share that parity takes of a 128 KiB block. */
  deflated(asizeBytes: number): number {
    const whole = allocatedSize(this.top, 131072, this.top.children.length);
    const ratio = Math.trunc(131072 / Math.trunc(whole / 512));
    return Math.trunc(asizeBytes / 512) * ratio;
  }
}

export class Allocator {
  readonly vdevs: WritableVdev[] = [];
  #next = 0;

  /** Loads the state of a pool's space maps. */
  static load(pool: Pool): Allocator {
    const problems: string[] = [];
    const out = new Allocator();
    for (const [, space] of allocatedSpace(pool, problems)) out.#add(pool, space);
    if (problems.length > 0) throw new ZfsError('corrupt', problems[0]);
    return out;
  }

  #add(pool: Pool, space: VdevSpace): void {
    const vdev = new WritableVdev(space.top, space.ashift, space.metaslabShift, space.sizeBytes);
    const array = pool.mos.dnode(space.top.config.int('metaslab_array', 0));
    const view = array.readAll(vdev.metaslabs * 8);
    for (let i = 0; i * 8 + 8 <= view.length; i++) vdev.mapObjects[i] = view.int(i * 8);
    for (let sector = 0; sector < vdev.used.sectors; sector++) {
      if (!space.allocated.get(sector)) continue;
      vdev.used.fill(sector, 1, true);
      vdev.blocked.fill(sector, 1, true);
    }
    this.vdevs.push(vdev);
  }

  get freeBytes(): number {
    let total = 0;
    for (const vdev of this.vdevs) total += vdev.freeSectors * Math.pow(2, vdev.ashift);
    return total;
  }

  get sizeBytes(): number {
    let total = 0;
    for (const vdev of this.vdevs) total += vdev.used.sectors * Math.pow(2, vdev.ashift);
    return total;
  }

  deflated(vdevId: number, asizeBytes: number): number {
    for (const vdev of this.vdevs) if (vdev.id === vdevId) return vdev.deflated(asizeBytes);
    return asizeBytes;
  }

  restrictToMapped(only: boolean): void {
    for (const vdev of this.vdevs) vdev.onlyMapped = only;
  }

  /** Space for one copy of a block of `psizeBytes`. */
  allocate(psizeBytes: number): Allocation {
    for (let i = 0; i < this.vdevs.length; i++) {
      const vdev = this.vdevs[(this.#next + i) % this.vdevs.length];
      const asize = allocatedSize(vdev.top, psizeBytes, vdev.top.children.length);
      const sector = Math.pow(2, vdev.ashift);
      const run = Math.trunc(asize / sector);
      const start = vdev.find(run);
      if (start < 0) continue;
      this.#next = (this.#next + i + 1) % this.vdevs.length;
      vdev.used.fill(start, run, true);
      vdev.blocked.fill(start, run, true);
      return new Allocation(vdev.id, start * sector, asize);
    }
    throw new ZfsError('no-space', 'the pool is full');
  }

  free(vdevId: number, offsetBytes: number, asizeBytes: number, txg: number): void {
    for (const vdev of this.vdevs) {
      if (vdev.id !== vdevId) continue;
      const sector = Math.pow(2, vdev.ashift);
      const start = Math.trunc(offsetBytes / sector);
      const run = Math.trunc(asizeBytes / sector);
      if (vdev.used.fill(start, run, false) !== run) {
        throw new ZfsError('corrupt', `free of space at ${offsetBytes} that is not in use`);
      }
      vdev.deferred.push(new DeferredFree(txg, start, run));
      return;
    }
    throw new ZfsError('corrupt', `free on vdev ${vdevId}, which is not there`);
  }

  /** After a group is on disk: what was freed long enough ago may be used again. */
  release(syncedTxg: number): void {
    for (const vdev of this.vdevs) {
      const kept: DeferredFree[] = [];
      for (const free of vdev.deferred) {
        if (free.txg + FREE_DELAY_TXGS <= syncedTxg) vdev.blocked.fill(free.start, free.run, false);
        else kept.push(free);
      }
      vdev.deferred = kept;
    }
  }
}
