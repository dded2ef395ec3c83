/**
 * Checks a whole pool: reads every block that anything points to, and compares the space these blocks take with what the
 * space maps say, sector by sector.
 */

import { Dnode } from '../dmu/dnode.js';
import { ObjectSet } from '../dmu/object-set.js';
import { Zap } from '../dmu/zap.js';
import { type Dataset, DslDataset, rootDataset } from '../dsl/dataset.js';
import { KeyStore } from '../dsl/key-store.js';
import { corrupt, ZfsError } from '../errors.js';
import { BLOCK_POINTER_BYTES, BlockPointer, type Dva } from '../pool/block-pointer.js';
import { Uberblock } from '../pool/label.js';
import { OT_DNODE, OT_OBJSET, typeIsEncrypted } from '../pool/object-types.js';
import type { Pool } from '../pool/pool.js';
import { IndirectVdev } from '../vdev/indirect.js';
import { RaidzVdev } from '../vdev/raidz.js';
import { View } from '../view.js';
import { readLog } from '../zil/log.js';
import { allocatedSpace, type VdevSpace } from './allocated.js';
import { allocatedSize } from './asize.js';
import { SectorBitmap } from './bitmap.js';

const MAX_PROBLEMS = 100;
const MAX_DATASETS = 1000000;
const MAX_GANG_DEPTH = 8;

export interface CheckResult {
  readonly problems: string[];
  readonly blocks: number;
  readonly bytes: number;
  readonly allocatedBytes: number;
}

class Checker {
  readonly #pool: Pool;
  readonly problems: string[] = [];
  readonly #spaces: Map<number, VdevSpace>;
  readonly #claimed: Map<number, SectorBitmap> = new Map();
  /** Birth of the block that starts at a sector, per vdev. */
  readonly #starts: Map<number, Map<number, number>> = new Map();
  blocks = 0;
  bytes = 0;

  constructor(pool: Pool) {
    this.#pool = pool;
    this.#spaces = allocatedSpace(pool, this.problems);
    for (const [id, space] of this.#spaces) {
      this.#claimed.set(id, new SectorBitmap(space.allocated.sectors));
      this.#starts.set(id, new Map());
    }
  }

  problem(text: string): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(text);
  }

  /** Marks a range as used; false if a block of the same birth already did. */
  #claimRange(vdev: number, offset: number, size: number, birth: number, what: string): boolean {
    const top = this.#pool.reader.tops.get(vdev);
    if (top instanceof IndirectVdev) return this.#claimIndirect(top, offset, size, birth, what);
    const space = this.#spaces.get(vdev);
    const claimed = this.#claimed.get(vdev);
    const starts = this.#starts.get(vdev);
    if (space === undefined || claimed === undefined || starts === undefined) {
      this.problem(`${what}: its vdev ${vdev} is not there`);
      return true;
    }
    const sector = Math.pow(2, space.ashift);
    const start = Math.trunc(offset / sector);
    const known = starts.get(start);
    if (known !== undefined && known === birth) return false;
    const run = Math.trunc(size / sector);
    const changed = claimed.fill(start, run, true);
    if (changed !== run) {
      this.problem(
        `${what}: sectors at ${offset} of vdev ${vdev} ${changed < 0 ? 'are out of range' : 'are used twice'}`,
      );
    }
    starts.set(start, birth);
    return true;
  }

  #claimIndirect(
    top: IndirectVdev,
    offset: number,
    size: number,
    birth: number,
    what: string,
  ): boolean {
    const mapping = top.mapping;
    let at = 0;
    let fresh = true;
    while (mapping !== null && at < size) {
      const entry = mapping.find(offset + at);
      if (entry < 0) break;
      const inside = offset + at - mapping.source[entry];
      const length = Math.min(size - at, mapping.size[entry] - inside);
      fresh = this.#claimRange(
        mapping.vdev[entry],
        mapping.target[entry] + inside,
        length,
        birth,
        what,
      );
      at += length;
    }
    if (at < size) this.problem(`${what}: not in the mapping of removed vdev ${top.id}`);
    return fresh;
  }

  #claimDva(dva: Dva, pointer: BlockPointer, what: string): boolean {
    if (!dva.gang) {
      return this.#claimRange(
        dva.vdev,
        dva.offsetBytes,
        dva.asizeBytes,
        pointer.physicalBirth,
        what,
      );
    }
    const top = this.#pool.reader.tops.get(dva.vdev);
    if (top === undefined) {
      this.problem(`${what}: its vdev ${dva.vdev} is not there`);
      return true;
    }
    const width =
      top instanceof RaidzVdev ? top.logicalWidth(pointer.physicalBirth) : top.children.length;
    const size = allocatedSize(top, 512, width);
    return this.#claimRange(dva.vdev, dva.offsetBytes, size, pointer.physicalBirth, what);
  }

  /** Claims a block's copies; false when it was met before. @depth 8 */
  claim(pointer: BlockPointer, what: string, depth: number): boolean {
    if (pointer.hole || pointer.embedded) return false;
    if (depth > MAX_GANG_DEPTH) throw corrupt('gang blocks nest too deep');
    const salted = pointer.usesCrypt && pointer.level === 0 && typeIsEncrypted(pointer.type);
    let fresh = false;
    let gang = false;
    for (let i = 0; i < (salted ? 2 : 3); i++) {
      if (pointer.view.isZero(i * 16, 16)) continue;
      const dva = pointer.dva(i);
      if (this.#claimDva(dva, pointer, what)) fresh = true;
      if (dva.gang) gang = true;
    }
    if (fresh && gang) {
      const parts = this.#pool.reader.gangPointers(pointer.dva(0), pointer.physicalBirth);
      if (parts === null) this.problem(`${what}: no good gang header`);
      else for (const part of parts) this.claim(part, what, depth + 1);
    }
    return fresh;
  }

  /** Reads a block and counts it; null on a problem. */
  #read(pointer: BlockPointer, what: string): Uint8Array | null {
    this.blocks++;
    this.bytes += pointer.psizeBytes;
    try {
      const usesKey =
        pointer.usesCrypt &&
        pointer.level === 0 &&
        pointer.type !== OT_DNODE &&
        pointer.type !== OT_OBJSET &&
        typeIsEncrypted(pointer.type);
      if (usesKey) return this.#pool.reader.readStored(pointer);
      return this.#pool.reader.read(pointer, null);
    } catch (error) {
      if (!(error instanceof ZfsError)) throw error;
      this.problem(`${what}: ${error.message}`);
      return null;
    }
  }

  /** Claims and reads a block and all below it in one object. @depth 10 */
  #walkTree(pointer: BlockPointer, what: string, visitBlock: (view: View) => void): void {
    if (pointer.hole) return;
    if (pointer.embedded) {
      const view = this.#pool.reader.read(pointer, null);
      if (pointer.level === 0) visitBlock(new View(view, pointer.little));
      return;
    }
    if (!this.claim(pointer, what, 0)) return;
    const bytes = this.#read(pointer, what);
    if (bytes === null) return;
    const view = new View(bytes, pointer.little);
    if (pointer.level === 0) {
      visitBlock(view);
      return;
    }
    for (let at = 0; at + BLOCK_POINTER_BYTES <= bytes.length; at += BLOCK_POINTER_BYTES) {
      const child = BlockPointer.at(view, at);
      if (child.hole) continue;
      if (child.level !== pointer.level - 1) {
        this.problem(`${what}: a pointer has the wrong level`);
        continue;
      }
      this.#walkTree(child, what, visitBlock);
    }
  }

  #walkDnode(view: View, what: string, visitBlock: (view: View) => void): void {
    const dnode = new Dnode(0, view, this.#pool.reader, null);
    for (let i = 0; i < dnode.pointerCount; i++) this.#walkTree(dnode.pointer(i), what, visitBlock);
    const spill = dnode.spillPointer;
    if (spill !== null) this.#walkTree(spill, what, ignore);
  }

  #walkDnodeBlock(view: View, what: string): void {
    for (let at = 0; at + 512 <= view.length; ) {
      const slots = view.u8(at) === 0 ? 1 : view.u8(at + 12) + 1;
      if (view.u8(at) !== 0) {
        if (at + slots * 512 > view.length) throw corrupt('a dnode leaves its block');
        this.#walkDnode(view.sub(at, slots * 512), what, ignore);
      }
      at += slots * 512;
    }
  }

  /** An object set from its pointer: accounting dnodes, meta dnode, and every object. */
  walkObjectSet(pointer: BlockPointer, what: string): void {
    if (pointer.hole || !this.claim(pointer, what, 0)) return;
    const bytes = this.#read(pointer, what);
    if (bytes === null) return;
    const view = new View(bytes, pointer.little);
    if (view.length < 1024) throw corrupt('an object set is too short');
    for (const at of [1024, 1536, 2048]) {
      if (view.length >= at + 512 && view.u8(at) !== 0) {
        this.#walkDnode(view.sub(at, 512), what, ignore);
      }
    }
    this.#walkDnode(view.sub(0, 512), what, (block) => {
      try {
        this.#walkDnodeBlock(block, what);
      } catch (error) {
        if (!(error instanceof ZfsError)) throw error;
        this.problem(`${what}: ${error.message}`);
      }
    });
  }

  /** Log blocks that were allocated before the last transaction group ended. */
  walkLog(pointer: BlockPointer, what: string): void {
    if (pointer.hole) return;
    const set = ObjectSet.open(pointer, this.#pool.reader, null);
    const header = BlockPointer.at(set.view, 512 + 16);
    if (header.hole) return;
    try {
      const log = readLog(set, this.#pool.uberblock.txg);
      const blocks = log.blocks.slice();
      if (log.next !== null) blocks.push(log.next);
      for (const block of blocks) {
        if (block.birth <= this.#pool.uberblock.txg) this.claim(block, `${what} log`, 0);
      }
    } catch (error) {
      if (!(error instanceof ZfsError)) throw error;
      if (error.code !== 'key') this.problem(`${what} log: ${error.message}`);
    }
  }

  /** Blocks whose free is still to come: in use, though nothing else may point to them. @depth 4 */
  walkBpobj(object: number, what: string, depth: number): void {
    if (depth > 4) return;
    const dnode = this.#pool.mos.find(object);
    if (dnode === null) return;
    const count = dnode.bonus.int(0);
    const all = dnode.readAll(count * BLOCK_POINTER_BYTES);
    for (let i = 0; i < count; i++) {
      this.claim(BlockPointer.at(all, i * BLOCK_POINTER_BYTES), what, 0);
    }
    if (dnode.bonusBytes >= 48) {
      const list = dnode.bonus.int(32);
      const entries = dnode.bonus.int(40);
      if (list !== 0 && entries > 0) {
        const view = this.#pool.mos.dnode(list).readAll(entries * 8);
        for (let i = 0; i < entries; i++) this.walkBpobj(view.int(i * 8), what, depth + 1);
      }
    }
  }

  compareSpace(): number {
    let total = 0;
    for (const [id, space] of this.#spaces) {
      const claimed = this.#claimed.get(id);
      if (claimed === undefined) continue;
      total += space.allocated.count * Math.pow(2, space.ashift);
      const example = { sector: 0 };
      const sector = Math.pow(2, space.ashift);
      const leaked = space.allocated.minus(claimed, example);
      if (leaked > 0) {
        this.problem(
          `vdev ${id}: ${leaked} sectors are allocated and nothing uses them, the first at ${example.sector * sector}`,
        );
      }
      const unmapped = claimed.minus(space.allocated, example);
      if (unmapped > 0) {
        this.problem(
          `vdev ${id}: ${unmapped} sectors are in use and not allocated, the first at ${example.sector * sector}`,
        );
      }
    }
    return total;
  }
}

function ignore(_view: View): void {}

/** Heads and snapshots of every dataset, hidden ones included. */
function allDatasets(pool: Pool): { name: string; dataset: DslDataset; head: boolean }[] {
  const out: { name: string; dataset: DslDataset; head: boolean }[] = [];
  pool.mos.forEachDnode((dnode) => {
    if (out.length > MAX_DATASETS) throw corrupt('too many datasets');
    // Datasets are told by their bonus, whatever the object itself is.
    if (dnode.bonusType !== 16) return;
    const dataset = new DslDataset(pool, dnode.object);
    out.push({ name: `dataset ${dnode.object}`, dataset, head: dataset.view.int(40) === 0 });
  });
  return out;
}

export function checkPool(pool: Pool): CheckResult {
  const checker = new Checker(pool);
  checker.walkObjectSet(pool.uberblock.rootPointer, 'meta object set');
  const names = new Map<number, string>();
  const root: Dataset = rootDataset(pool, new KeyStore(pool));
  for (const dataset of root.walk()) {
    names.set(dataset.dataset.object, dataset.name);
    for (const snapshot of dataset.snapshots()) names.set(snapshot.dataset.object, snapshot.name);
  }
  const datasets = allDatasets(pool);
  for (const { name, dataset, head } of datasets) {
    const label = names.get(dataset.object) ?? name;
    if (dataset.pointer.hole) continue;
    checker.walkObjectSet(dataset.pointer, label);
    if (head) checker.walkLog(dataset.pointer, label);
  }
  for (const name of ['sync_bplist', 'org.illumos:sync_bpobj', 'free_bpobj']) {
    const object = pool.directory.number(name);
    if (object !== undefined) checker.walkBpobj(object, name, 0);
  }
  const checkpoint = pool.directory.get('com.delphix:zpool_checkpoint');
  if (checkpoint !== undefined && checkpoint.width === 8) {
    const words = new View(checkpoint.value, false);
    const uberblock = new Uberblock(words);
    checker.walkObjectSet(uberblock.rootPointer, 'checkpoint');
    ObjectSet.open(uberblock.rootPointer, pool.reader, null).forEachDnode((dnode) => {
      if (dnode.bonusType !== 16) return;
      const pointer = BlockPointer.at(dnode.bonus, 128);
      if (!pointer.hole) checker.walkObjectSet(pointer, `checkpoint, dataset ${dnode.object}`);
    });
  }
  const clones = pool.directory.number('com.delphix:deleted_clones');
  if (clones !== undefined && new Zap(pool.mos.dnode(clones)).entries().length > 0) {
    checker.problem('clones are still being destroyed: their blocks cannot be told from leaks');
  }
  const allocatedBytes = checker.compareSpace();
  return {
    problems: checker.problems,
    blocks: checker.blocks,
    bytes: checker.bytes,
    allocatedBytes,
  };
}
