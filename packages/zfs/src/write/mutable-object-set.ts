/** An object set with changes that wait for the next transaction group. */
import type { ObjectSet } from '../dmu/object-set.js';
import { ZfsError } from '../errors.js';
import type { BlockReader } from '../pool/block-reader.js';
import { OT_DNODE } from '../pool/object-types.js';
import {
  emit,
  killObject,
  MutableObject,
  type PlannedBlock,
  planTree,
  type SyncContext,
  setInt,
  type TreeOptions,
  type TreePlan,
} from './tree.js';

const DNODE_BYTES = 512;
const META_BLOCK_BYTES = 16384;
const SLOTS = META_BLOCK_BYTES / DNODE_BYTES;
const META_INDIRECT_SHIFT = 17;

class PlannedObject {
  readonly object: MutableObject;
  readonly plan: TreePlan;
  constructor(object: MutableObject, plan: TreePlan) {
    this.object = object;
    this.plan = plan;
  }
}

export class MutableObjectSet {
  readonly base: ObjectSet | null;
  readonly reader: BlockReader;
  readonly objects: Map<number, MutableObject> = new Map();
  readonly #meta: MutableObject;
  #nextObject: number;
  /** Objects whose data is compressed. */
  compressData = false;

  constructor(base: ObjectSet | null, reader: BlockReader) {
    this.base = base;
    this.reader = reader;
    this.#meta = new MutableObject(0, base === null ? null : base.meta, OT_DNODE, 0);
    this.#meta.reader = reader;
    if (base === null) {
      this.#meta.blockBytes = META_BLOCK_BYTES;
      this.#meta.indirectShift = META_INDIRECT_SHIFT;
    } else if (this.#meta.blockBytes !== META_BLOCK_BYTES) {
      throw new ZfsError('unsupported', 'writing an object set with small dnode blocks');
    }
    this.#nextObject = base === null ? 1 : (this.#meta.lastBlock + 1) * SLOTS;
  }

  /** Lets the next new object take the lowest free number at or after `object`. */
  startAt(object: number): void {
    this.#nextObject = object;
  }

  create(type: number, bonusType: number, bonusBytes: number): MutableObject {
    for (let i = 0; i < 1000000; i++) {
      const number = this.#nextObject++;
      const known = this.objects.get(number);
      const inBase = this.base !== null && this.base.find(number) !== null;
      if ((known !== undefined && !known.freed) || (known === undefined && inBase)) continue;
      if (known?.freed && known.base !== null) continue;
      const object = new MutableObject(number, null, type, bonusType);
      object.reader = this.reader;
      object.bonus = new Uint8Array(bonusBytes);
      object.changed = true;
      this.objects.set(number, object);
      return object;
    }
    throw new ZfsError('no-space', 'no object number is free');
  }

  /** An object to change; throws when it is not there. */
  object(number: number): MutableObject {
    const known = this.objects.get(number);
    if (known !== undefined) {
      if (known.freed) throw new ZfsError('not-found', `there is no object ${number}`);
      return known;
    }
    const base = this.base === null ? null : this.base.find(number);
    if (base === null) throw new ZfsError('not-found', `there is no object ${number}`);
    if (base.hasSpill) throw new ZfsError('unsupported', 'changing an object with a spill block');
    const object = new MutableObject(number, base, base.type, base.bonusType);
    object.reader = this.reader;
    this.objects.set(number, object);
    return object;
  }

  free(number: number): void {
    const object = this.object(number);
    object.freed = true;
    object.changed = true;
  }

  get dirty(): boolean {
    for (const object of this.objects.values()) if (object.changed) return true;
    return false;
  }

  /** Plans every changed object, then the dnode blocks that hold them. */
  plan(context: SyncContext, dataCopies: number, metaCopies: number): PlannedSet {
    const planned: PlannedObject[] = [];
    const blocks = new Set<number>();
    for (const object of this.objects.values()) {
      if (!object.changed) continue;
      blocks.add(Math.trunc(object.object / SLOTS));
      if (object.freed) {
        killObject(context, object);
        continue;
      }
      const isData = object.type === 19;
      const options: TreeOptions = {
        copies: isData ? dataCopies : metaCopies,
        indirectCopies: metaCopies,
        compress: isData && this.compressData,
      };
      planned.push(new PlannedObject(object, planTree(context, object, options, null)));
    }
    // Dnode blocks are planned with their old content; the new dnodes go in before they are written.
    const meta = this.#meta;
    for (const block of blocks) meta.setBlock(block, meta.readBlock(block));
    const options: TreeOptions = {
      copies: metaCopies,
      indirectCopies: metaCopies,
      compress: false,
    };
    const plan = planTree(context, meta, options, () => 0);
    return new PlannedSet(this, meta, planned, plan);
  }

  /** After the group is on disk. */
  settled(base: ObjectSet): MutableObjectSet {
    const next = new MutableObjectSet(base, this.reader);
    next.compressData = this.compressData;
    next.#nextObject = this.#nextObject;
    return next;
  }
}

export class PlannedSet {
  readonly #set: MutableObjectSet;
  readonly #meta: MutableObject;
  readonly #objects: PlannedObject[];
  readonly #plan: TreePlan;

  constructor(
    set: MutableObjectSet,
    meta: MutableObject,
    objects: PlannedObject[],
    plan: TreePlan,
  ) {
    this.#set = set;
    this.#meta = meta;
    this.#objects = objects;
    this.#plan = plan;
  }

  /** Writes all blocks; answers the meta dnode and the number of dnodes in use. */
  emit(context: SyncContext): { meta: Uint8Array; fill: number } {
    for (const { object, plan } of this.#objects) {
      this.#putDnode(object, dnodeBytes(context, object, plan));
    }
    for (const object of this.#set.objects.values()) {
      if (object.freed && object.changed)
        this.#putDnode(object, new Uint8Array(object.slots * 512));
    }
    for (const root of this.#plan.roots.values()) if (root !== null) countDnodes(root);
    const meta = dnodeBytes(context, this.#meta, this.#plan);
    let fill = 0;
    const view = new DataView(meta.buffer);
    for (let i = 0; i < 3; i++) fill += view.getUint32(64 + i * 128 + 88, true);
    return { meta, fill };
  }

  #putDnode(object: MutableObject, bytes: Uint8Array): void {
    const block = this.#meta.dirty.get(Math.trunc(object.object / SLOTS));
    if (block === undefined || block === null)
      throw new ZfsError('corrupt', 'a dnode has no block');
    block.set(bytes, (object.object % SLOTS) * DNODE_BYTES);
  }
}

/** Fill of dnode blocks is the number of dnodes in them. @depth 8 */
function countDnodes(node: PlannedBlock): void {
  if (node.level > 0) {
    for (const child of node.children.values()) countDnodes(child);
    return;
  }
  let count = 0;
  for (let at = 0; at + DNODE_BYTES <= node.stored.length; ) {
    const used = node.stored[at] !== 0;
    if (used) count++;
    at += used ? (node.stored[at + 12] + 1) * DNODE_BYTES : DNODE_BYTES;
  }
  node.fill = count;
}

function dnodeBytes(context: SyncContext, object: MutableObject, plan: TreePlan): Uint8Array {
  const out = new Uint8Array(object.slots * DNODE_BYTES);
  const data = new DataView(out.buffer);
  out[0] = object.type;
  out[1] = object.indirectShift;
  out[2] = object.levels;
  out[3] = object.pointerCount;
  out[4] = object.bonusType;
  out[7] = object.flags;
  if (object.base !== null) {
    out[5] = object.base.view.u8(5);
    out[6] = object.base.view.u8(6);
  }
  data.setUint16(8, Math.trunc(object.blockBytes / 512), true);
  data.setUint16(10, object.bonus.length, true);
  out[12] = object.slots - 1;
  setInt(data, 16, object.lastBlock);
  setInt(data, 24, object.usedBytes);
  for (let i = 0; i < object.pointerCount; i++) {
    const root = plan.roots.get(i);
    if (root === undefined) {
      if (object.base !== null) out.set(object.base.pointer(i).view.bytes, 64 + i * 128);
    } else if (root !== null) {
      out.set(emit(context, root), 64 + i * 128);
    }
  }
  out.set(object.bonus, 64 + object.pointerCount * 128);
  return out;
}
