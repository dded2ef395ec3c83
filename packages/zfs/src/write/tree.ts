/**
 * Objects being changed, and the copy-on-write of their block trees.
 *
 * A sync runs in two phases. *Plan* walks the changed parts of a tree top-down, frees the old blocks and sets space aside
 * for the new ones; no content is needed for that, as sizes are known. *Emit* walks bottom-up, writes blocks and puts
 * checksums into parents. Between the two, space maps can be written down that cover their own blocks too.
 */
import { fletcher4 } from '../checksum/fletcher.js';
import { lz4Compress } from '../compress/lz4.js';
import type { Dnode } from '../dmu/dnode.js';
import { corrupt, ZfsError } from '../errors.js';
import { BLOCK_POINTER_BYTES, BlockPointer } from '../pool/block-pointer.js';
import type { BlockReader } from '../pool/block-reader.js';
import { CHECKSUM_FLETCHER4 } from '../pool/checksums.js';
import { COMPRESS_LZ4, COMPRESS_OFF } from '../pool/decompress.js';
import { isAllZero, View } from '../view.js';
import type { Allocation, Allocator } from './allocator.js';

const INDIRECT_SHIFT = 17;

/** What a sync needs, and what it adds up. */
export class SyncContext {
  readonly allocator: Allocator;
  readonly reader: BlockReader;
  readonly txg: number;
  /** Blocks born after this group may be freed at once; older ones belong to a snapshot. */
  readonly snapshotTxg: number;
  /** Blocks that a snapshot keeps, for the dead list. */
  readonly dead: BlockPointer[] = [];
  usedDelta = 0;
  compressedDelta = 0;
  uncompressedDelta = 0;
  /** Change of space that only this head refers to. */
  uniqueDelta = 0;

  constructor(allocator: Allocator, reader: BlockReader, txg: number, snapshotTxg: number) {
    this.allocator = allocator;
    this.reader = reader;
    this.txg = txg;
    this.snapshotTxg = snapshotTxg;
  }

  /** Takes a block out of the tree; the bytes that its object no longer uses. */
  kill(pointer: BlockPointer): number {
    if (pointer.hole || pointer.embedded) return 0;
    let size = 0;
    for (let i = 0; i < 3; i++) {
      if (pointer.view.isZero(i * 16, 16)) continue;
      const dva = pointer.dva(i);
      if (dva.gang) throw new ZfsError('unsupported', 'a gang block cannot be freed yet');
      size += this.allocator.deflated(dva.vdev, dva.asizeBytes);
    }
    this.usedDelta -= size;
    this.compressedDelta -= pointer.psizeBytes;
    this.uncompressedDelta -= pointer.lsizeBytes;
    if (pointer.birth > this.snapshotTxg) {
      this.uniqueDelta -= size;
      for (let i = 0; i < 3; i++) {
        if (pointer.view.isZero(i * 16, 16)) continue;
        const dva = pointer.dva(i);
        this.allocator.free(dva.vdev, dva.offsetBytes, dva.asizeBytes, this.txg);
      }
    } else {
      this.dead.push(new BlockPointer(new View(pointer.view.bytes.slice(), pointer.view.little)));
    }
    return size;
  }

  born(node: PlannedBlock): number {
    let size = 0;
    for (const copy of node.copies) size += this.allocator.deflated(copy.vdev, copy.asizeBytes);
    this.usedDelta += size;
    this.uniqueDelta += size;
    this.compressedDelta += node.stored.length;
    this.uncompressedDelta += node.logicalBytes;
    return size;
  }
}

/** A block with its place, before its checksum is known. */
export class PlannedBlock {
  readonly copies: Allocation[] = [];
  /** What goes to disk; for indirect blocks and unfinished ones filled until emitted. */
  stored: Uint8Array;
  readonly logicalBytes: number;
  readonly compression: number;
  readonly type: number;
  readonly level: number;
  /** Index in the parent. */
  readonly children: Map<number, PlannedBlock> = new Map();
  /** Data blocks below that are not holes; for dnode blocks, dnodes in use. */
  fill = 0;

  constructor(
    stored: Uint8Array,
    logicalBytes: number,
    compression: number,
    type: number,
    level: number,
  ) {
    this.stored = stored;
    this.logicalBytes = logicalBytes;
    this.compression = compression;
    this.type = type;
    this.level = level;
  }
}

function placeCopies(context: SyncContext, node: PlannedBlock, copies: number): void {
  for (let i = 0; i < copies; i++) node.copies.push(context.allocator.allocate(node.stored.length));
}

/** Writes a planned block and all below it; answers its pointer. @depth 8 */
export function emit(context: SyncContext, node: PlannedBlock): Uint8Array {
  if (node.level > 0) {
    for (const [index, child] of node.children) {
      node.stored.set(emit(context, child), index * BLOCK_POINTER_BYTES);
    }
    node.fill = 0;
    const view = new View(node.stored, true);
    for (let at = 0; at + BLOCK_POINTER_BYTES <= node.stored.length; at += BLOCK_POINTER_BYTES) {
      const pointer = BlockPointer.at(view, at);
      if (!pointer.hole) node.fill += pointer.fill;
    }
  }
  for (const copy of node.copies) {
    const top = context.reader.tops.get(copy.vdev);
    if (top === undefined || !top.write(copy.offsetBytes, node.stored)) {
      throw new ZfsError('device', 'a block could not be written');
    }
  }
  return pointerBytes(node, context.txg);
}

function pointerBytes(node: PlannedBlock, txg: number): Uint8Array {
  const out = new Uint8Array(BLOCK_POINTER_BYTES);
  const data = new DataView(out.buffer);
  for (let i = 0; i < node.copies.length; i++) {
    const copy = node.copies[i];
    const sectors = Math.trunc(copy.offsetBytes / 512);
    data.setUint32(i * 16, Math.trunc(copy.asizeBytes / 512), true);
    data.setUint32(i * 16 + 4, copy.vdev, true);
    data.setUint32(i * 16 + 8, sectors % 4294967296, true);
    data.setUint32(i * 16 + 12, Math.trunc(sectors / 4294967296), true);
  }
  const lsize = Math.trunc(node.logicalBytes / 512) - 1;
  const psize = Math.trunc(node.stored.length / 512) - 1;
  data.setUint16(48, lsize, true);
  data.setUint16(50, psize, true);
  data.setUint8(52, node.compression);
  data.setUint8(53, CHECKSUM_FLETCHER4);
  data.setUint8(54, node.type);
  data.setUint8(55, node.level | 0x80);
  setInt(data, 80, txg);
  setInt(data, 88, node.fill);
  const words = fletcher4(node.stored, true);
  for (let i = 0; i < 8; i++) data.setUint32(96 + 4 * i, words[i], true);
  return out;
}

export function setInt(data: DataView, at: number, value: number): void {
  data.setUint32(at, value % 4294967296, true);
  data.setUint32(at + 4, Math.trunc(value / 4294967296), true);
}

/** A single block outside of any object: the root of an object set. */
export function planSingle(
  context: SyncContext,
  content: Uint8Array,
  type: number,
  copies: number,
): PlannedBlock {
  const node = new PlannedBlock(content, content.length, COMPRESS_OFF, type, 0);
  placeCopies(context, node, copies);
  context.born(node);
  return node;
}

/** An object that is new, or changed since the last sync. */
export class MutableObject {
  readonly object: number;
  type: number;
  bonusType: number;
  bonus: Uint8Array;
  blockBytes: number;
  levels: number;
  indirectShift: number;
  pointerCount: number;
  lastBlock: number;
  usedBytes: number;
  slots: number;
  flags: number;
  /** Changed blocks; null makes a hole. */
  readonly dirty: Map<number, Uint8Array | null> = new Map();
  /** Where unchanged blocks are; null for a new object. */
  base: Dnode | null;
  /** The whole content was replaced: nothing of `base` stays. */
  replaced = false;
  changed = false;
  freed = false;

  constructor(object: number, base: Dnode | null, type: number, bonusType: number) {
    this.object = object;
    this.base = base;
    this.type = type;
    this.bonusType = bonusType;
    this.bonus = new Uint8Array(0);
    this.blockBytes = 512;
    this.levels = 1;
    this.indirectShift = INDIRECT_SHIFT;
    this.pointerCount = bonusType === 0 ? 3 : 1;
    this.lastBlock = 0;
    this.usedBytes = 0;
    this.slots = 1;
    this.flags = 1;
    if (base !== null) {
      this.bonus = base.bonus.bytes.slice();
      this.blockBytes = base.dataBlockBytes;
      this.levels = base.levels;
      this.indirectShift = base.indirectShift;
      this.pointerCount = base.pointerCount;
      this.lastBlock = base.lastBlock;
      this.usedBytes = base.usedBytes;
      this.slots = base.slots;
      this.flags = base.flags | 1;
    }
  }

  get bonusData(): DataView {
    return new DataView(this.bonus.buffer, this.bonus.byteOffset, this.bonus.byteLength);
  }

  /** A block as it is now; zeros where there is none. A copy unless `shared`. */
  readBlock(block: number): Uint8Array {
    const dirty = this.dirty.get(block);
    const out = new Uint8Array(this.blockBytes);
    if (dirty !== undefined) {
      if (dirty !== null) out.set(dirty);
      return out;
    }
    if (this.base !== null && !this.replaced && block <= this.base.lastBlock) {
      const bytes = this.base.readBlock(block).bytes;
      out.set(bytes.subarray(0, Math.min(bytes.length, out.length)));
    }
    return out;
  }

  setBlock(block: number, content: Uint8Array | null): void {
    this.dirty.set(block, content);
    if (block > this.lastBlock) this.lastBlock = block;
    this.changed = true;
  }

  /** New content as a whole, in blocks of `blockBytes`. */
  replace(blockBytes: number, blocks: readonly Uint8Array[]): void {
    this.replaced = true;
    this.dirty.clear();
    this.blockBytes = blockBytes;
    this.lastBlock = Math.max(0, blocks.length - 1);
    this.levels = 1;
    for (let i = 0; i < blocks.length; i++) this.dirty.set(i, blocks[i]);
    this.changed = true;
  }

  /** Fan-out of an indirect block. */
  get fan(): number {
    return Math.pow(2, this.indirectShift - 7);
  }

  /** Pointer in the stored tree, or null. */
  oldPointer(level: number, index: number): BlockPointer | null {
    const base = this.base;
    if (base === null || level >= base.levels || base.levels === 0) return null;
    if (level === base.levels - 1) {
      if (index >= base.pointerCount) return null;
      const pointer = base.pointer(index);
      return pointer.hole ? null : pointer;
    }
    const fan = Math.pow(2, base.indirectShift - 7);
    const parent = this.oldPointer(level + 1, Math.trunc(index / fan));
    if (parent === null) return null;
    if (parent.level !== level + 1)
      throw corrupt(`object ${this.object} has a pointer of wrong level`);
    const bytes = this.parentBytes(parent);
    const pointer = BlockPointer.at(
      new View(bytes, parent.little),
      (index % fan) * BLOCK_POINTER_BYTES,
    );
    return pointer.hole ? null : pointer;
  }

  reader: BlockReader | null = null;

  parentBytes(pointer: BlockPointer): Uint8Array {
    if (this.reader === null) throw corrupt('an object has no reader');
    return this.reader.read(pointer, null);
  }
}

export class TreePlan {
  /** New pointers of the dnode by index; null where a hole is left. */
  readonly roots: Map<number, PlannedBlock | null> = new Map();
}

export interface TreeOptions {
  readonly copies: number;
  /** Metadata above level 0 has one copy more. */
  readonly indirectCopies: number;
  readonly compress: boolean;
}

/** Kills every stored block of an object. @depth 8 */
function killAll(context: SyncContext, object: MutableObject, pointer: BlockPointer | null): void {
  if (pointer === null || pointer.hole) return;
  if (pointer.level > 0) {
    const view = new View(object.parentBytes(pointer), pointer.little);
    for (let at = 0; at + BLOCK_POINTER_BYTES <= view.length; at += BLOCK_POINTER_BYTES) {
      killAll(context, object, BlockPointer.at(view, at));
    }
  }
  object.usedBytes -= context.kill(pointer);
}

export function killObject(context: SyncContext, object: MutableObject): void {
  const base = object.base;
  if (base === null) return;
  for (let i = 0; i < base.pointerCount; i++) killAll(context, object, base.pointer(i));
  const spill = base.spillPointer;
  if (spill !== null) object.usedBytes -= context.kill(spill);
}

/** Plans the new blocks of a changed object. `fills` counts dnodes per block for the meta dnode. */
export function planTree(
  context: SyncContext,
  object: MutableObject,
  options: TreeOptions,
  fills: ((block: number) => number) | null,
): TreePlan {
  const plan = new TreePlan();
  if (object.replaced && object.base !== null) {
    const base = object.base;
    for (let i = 0; i < base.pointerCount; i++) killAll(context, object, base.pointer(i));
    object.base = null;
    for (let i = 0; i < object.pointerCount; i++) plan.roots.set(i, null);
  }
  while (object.lastBlock + 1 > object.pointerCount * Math.pow(object.fan, object.levels - 1)) {
    object.levels++;
  }
  const top = object.levels - 1;
  const groups = new Map<number, number[]>();
  const span = Math.pow(object.fan, top);
  for (const block of object.dirty.keys()) {
    const root = Math.trunc(block / span);
    const group = groups.get(root);
    if (group === undefined) groups.set(root, [block]);
    else group.push(block);
  }
  const oldLevels = object.base === null ? 0 : object.base.levels;
  if (oldLevels > 0 && oldLevels < object.levels) {
    // The tree grew: the old pointers move down, under the first new one.
    if (!groups.has(0)) groups.set(0, []);
    for (let i = 1; i < object.pointerCount; i++) if (!groups.has(i)) plan.roots.set(i, null);
  }
  for (const [root, blocks] of groups) {
    plan.roots.set(root, planNode(context, object, top, root, blocks, options, fills));
  }
  return plan;
}

/** @depth 8 */
function planNode(
  context: SyncContext,
  object: MutableObject,
  level: number,
  index: number,
  blocks: readonly number[],
  options: TreeOptions,
  fills: ((block: number) => number) | null,
): PlannedBlock | null {
  const old = object.oldPointer(level, index);
  if (level === 0) {
    if (old !== null) object.usedBytes -= context.kill(old);
    const content = object.dirty.get(index);
    if (content === undefined || content === null) return null;
    const node = dataNode(object, content, options.compress);
    node.fill = fills === null ? 1 : fills(index);
    placeCopies(context, node, options.copies);
    object.usedBytes += context.born(node);
    return node;
  }
  const size = Math.pow(2, object.indirectShift);
  const bytes = new Uint8Array(size);
  if (old !== null) {
    bytes.set(object.parentBytes(old));
    object.usedBytes -= context.kill(old);
  }
  const node = new PlannedBlock(bytes, size, COMPRESS_OFF, object.type, level);
  const below = Math.pow(object.fan, level - 1);
  const groups = new Map<number, number[]>();
  for (const block of blocks) {
    const child = Math.trunc(block / below) % object.fan;
    const group = groups.get(child);
    if (group === undefined) groups.set(child, [block]);
    else group.push(block);
  }
  const base = object.base;
  const oldTop = base === null ? -1 : base.levels - 1;
  if (base !== null && old === null && index === 0 && level > oldTop) {
    if (level === oldTop + 1) {
      // The old dnode's pointers become the first ones of this block; changed ones are planned below.
      for (let i = 0; i < base.pointerCount; i++) {
        bytes.set(base.pointer(i).view.bytes, i * BLOCK_POINTER_BYTES);
      }
    } else if (!groups.has(0)) {
      groups.set(0, []);
    }
  }
  for (const [child, group] of groups) {
    if (group.length === 0 && level - 1 <= oldTop) continue;
    const planned = planNode(
      context,
      object,
      level - 1,
      index * object.fan + child,
      group,
      options,
      fills,
    );
    if (planned === null)
      bytes.fill(0, child * BLOCK_POINTER_BYTES, (child + 1) * BLOCK_POINTER_BYTES);
    else node.children.set(child, planned);
  }
  if (node.children.size === 0 && isAllZero(bytes)) return null;
  placeCopies(context, node, options.indirectCopies);
  object.usedBytes += context.born(node);
  return node;
}

function dataNode(object: MutableObject, content: Uint8Array, compress: boolean): PlannedBlock {
  const whole = content.length === object.blockBytes ? content : padded(content, object.blockBytes);
  if (compress && whole.length > 512) {
    const out = new Uint8Array(whole.length - Math.trunc(whole.length / 8));
    const used = lz4Compress(whole, out);
    const stored = used < 0 ? whole.length : Math.trunc((used + 511) / 512) * 512;
    if (used >= 0 && stored < whole.length && stored <= out.length) {
      return new PlannedBlock(out.slice(0, stored), whole.length, COMPRESS_LZ4, object.type, 0);
    }
  }
  return new PlannedBlock(whole, whole.length, COMPRESS_OFF, object.type, 0);
}

function padded(content: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  out.set(content.subarray(0, size));
  return out;
}
