/**
 * Replay of an intent log in memory: the file system that a real replay would leave, without writing.
 *
 * Touched objects get a node with attributes, directory entries and data of their own; everything else is read through.
 */

import type { ObjectSet } from '../dmu/object-set.js';
import type { Dataset } from '../dsl/dataset.js';
import { unsupported } from '../errors.js';
import { NV_BYTE_ARRAY, NvList } from '../nvlist/nvlist.js';
import { packNvList, unpackNvList } from '../nvlist/packed.js';
import { BlockPointer } from '../pool/block-pointer.js';
import type { View } from '../view.js';
import { NodeAttributes } from '../zpl/attributes.js';
import {
  type DirectoryEntry,
  FileSystem,
  TYPE_DIRECTORY,
  TYPE_LINK,
  TYPE_MASK,
} from '../zpl/file-system.js';
import { type LogRecord, readLog } from './log.js';
import type { LogOverlay } from './overlay.js';

const CREATE = 1;
const MKDIR = 2;
const MKXATTR = 3;
const SYMLINK = 4;
const REMOVE = 5;
const RMDIR = 6;
const LINK = 7;
const RENAME = 8;
const WRITE = 9;
const TRUNCATE = 10;
const SETATTR = 11;
const ACL_V0 = 12;
const ACL = 13;
const CREATE_ACL = 14;
const CREATE_ATTR = 15;
const CREATE_ACL_ATTR = 16;
const MKDIR_ACL = 17;
const MKDIR_ATTR = 18;
const MKDIR_ACL_ATTR = 19;
const WRITE2 = 20;
const SETSAXATTR = 21;
const RENAME_EXCHANGE = 22;
const RENAME_WHITEOUT = 23;
const CLONE_RANGE = 24;

/** Bits of a SETATTR record as Linux writes them. */
const SET_MODE = 1;
const SET_UID = 2;
const SET_GID = 4;
const SET_SIZE = 8;
const SET_ATIME = 16;
const SET_MTIME = 32;
const RECORD_DATA = 192;
const MAX_ZERO_BYTES = 1073741824;

class Extent {
  readonly offset: number;
  /** Zeros when undefined. */
  readonly bytes: Uint8Array | undefined;
  readonly length: number;
  constructor(offset: number, length: number, bytes: Uint8Array | undefined) {
    this.offset = offset;
    this.length = length;
    this.bytes = bytes;
  }
}

/** Bytes written over an object, oldest first, above what of its stored bytes still counts. */
class ChangedData {
  stored: number;
  extents: Extent[] = [];
  constructor(stored: number) {
    this.stored = stored;
  }

  cut(size: number): void {
    this.stored = Math.min(this.stored, size);
    const kept: Extent[] = [];
    for (const extent of this.extents) {
      if (extent.offset >= size) continue;
      const length = Math.min(extent.length, size - extent.offset);
      const bytes = extent.bytes;
      kept.push(
        new Extent(
          extent.offset,
          length,
          bytes === undefined ? undefined : bytes.subarray(0, length),
        ),
      );
    }
    this.extents = kept;
  }

  apply(offset: number, out: Uint8Array): void {
    const end = offset + out.length;
    if (this.stored < end) out.fill(0, Math.max(0, this.stored - offset));
    for (const extent of this.extents) {
      const from = Math.max(offset, extent.offset);
      const to = Math.min(end, extent.offset + extent.length);
      if (from >= to) continue;
      const bytes = extent.bytes;
      if (bytes === undefined) out.fill(0, from - offset, to - offset);
      else out.set(bytes.subarray(from - extent.offset, to - extent.offset), from - offset);
    }
  }
}

class ReplayNode {
  readonly attributes: NodeAttributes;
  /** Not in the last transaction group. */
  readonly created: boolean;
  entries: Map<string, number> | null = null;
  data: ChangedData | null = null;
  constructor(attributes: NodeAttributes, created: boolean) {
    this.attributes = attributes;
    this.created = created;
  }
}

export class LogReplay implements LogOverlay {
  readonly #fs: FileSystem;
  readonly #set: ObjectSet;
  readonly #nodes: Map<number, ReplayNode> = new Map();
  applied = 0;

  constructor(fs: FileSystem, set: ObjectSet) {
    this.#fs = fs;
    this.#set = set;
  }

  attributes(object: number): NodeAttributes | null {
    const node = this.#nodes.get(object);
    return node === undefined ? null : node.attributes;
  }

  directory(object: number): DirectoryEntry[] | null {
    const node = this.#nodes.get(object);
    if (node === undefined || node.entries === null) return null;
    const out: DirectoryEntry[] = [];
    for (const [name, child] of node.entries) out.push({ name, object: child });
    return out;
  }

  readInto(object: number, offset: number, out: Uint8Array): boolean {
    const node = this.#nodes.get(object);
    if (node === undefined || node.data === null) return false;
    if (!node.created) this.#set.dnode(object).readInto(offset, out);
    node.data.apply(offset, out);
    return true;
  }

  #node(object: number): ReplayNode | null {
    const known = this.#nodes.get(object);
    if (known !== undefined) return known;
    if (this.#set.find(object) === null) return null;
    const node = new ReplayNode(this.#fs.storedAttributes(object).copy(), false);
    this.#nodes.set(object, node);
    return node;
  }

  #entries(object: number): Map<string, number> | null {
    const node = this.#node(object);
    if (node === null) return null;
    if (node.entries === null) {
      const entries = new Map<string, number>();
      if (!node.created) {
        for (const entry of this.#fs.storedDirectory(object)) entries.set(entry.name, entry.object);
      }
      node.entries = entries;
    }
    return node.entries;
  }

  #data(object: number): ChangedData | null {
    const node = this.#node(object);
    if (node === null) return null;
    if (node.data === null) {
      node.data = new ChangedData(node.created ? 0 : node.attributes.sizeBytes);
    }
    return node.data;
  }

  apply(record: LogRecord): void {
    const view = record.view;
    this.applied++;
    switch (record.type) {
      case CREATE:
      case CREATE_ACL:
      case CREATE_ATTR:
      case CREATE_ACL_ATTR:
      case MKDIR:
      case MKDIR_ACL:
      case MKDIR_ATTR:
      case MKDIR_ACL_ATTR:
      case MKXATTR:
      case SYMLINK:
        this.#create(record);
        break;
      case REMOVE:
      case RMDIR:
        this.#remove(objectAt(view, 32), view.cString(40, view.length));
        break;
      case LINK:
        this.#link(objectAt(view, 32), objectAt(view, 40), view.cString(48, view.length));
        break;
      case RENAME:
      case RENAME_EXCHANGE:
      case RENAME_WHITEOUT:
        this.#rename(record);
        break;
      case WRITE:
        this.#write(record);
        break;
      case TRUNCATE:
        this.#truncate(objectAt(view, 32), view.clamped(40), view.clamped(48));
        break;
      case SETATTR:
        this.#setAttributes(view);
        break;
      case SETSAXATTR:
        this.#setXattr(view);
        break;
      case ACL: {
        const node = this.#node(objectAt(view, 32));
        if (node !== null) node.attributes.acl = view.slice(80, view.int(64));
        break;
      }
      case CLONE_RANGE:
        this.#clone(view);
        break;
      case WRITE2:
      case ACL_V0:
        break;
      default:
        throw unsupported(`intent-log record ${record.type}`);
    }
  }

  #create(record: LogRecord): void {
    const view = record.view;
    const type = record.type;
    if (view.high(56) !== 0 || view.high(64) !== 0) {
      throw unsupported('an intent-log record with Windows identities');
    }
    let at = 104;
    const hasAcl =
      type === CREATE_ACL ||
      type === CREATE_ACL_ATTR ||
      type === MKDIR_ACL ||
      type === MKDIR_ACL_ATTR;
    const hasAttributes =
      type === CREATE_ATTR ||
      type === CREATE_ACL_ATTR ||
      type === MKDIR_ATTR ||
      type === MKDIR_ACL_ATTR;
    if (hasAcl) at = 144;
    if (hasAttributes) at += 8 + 4 * (view.u32(at) - 1) + 56;
    if (hasAcl) {
      at += (view.int(128) + 7) & ~7;
      at += view.int(120) * 8;
      for (let i = view.int(112); i > 0; i--) at += view.cString(at, view.length).length + 1;
    }
    const name = view.cString(at, view.length);
    const object = objectAt(view, 40);
    const parent = objectAt(view, 32);
    const attributes = new NodeAttributes();
    attributes.mode = view.low(48);
    attributes.uid = view.low(56);
    attributes.gid = view.low(64);
    attributes.generation = view.clamped(72);
    attributes.rdev = view.u64(96);
    attributes.parent = parent;
    const time = view.clamped(80);
    attributes.birthSeconds = time;
    attributes.modifySeconds = time;
    attributes.changeSeconds = time;
    attributes.accessSeconds = time;
    const isDirectory = (attributes.mode & TYPE_MASK) === TYPE_DIRECTORY;
    attributes.links = isDirectory ? 2 : 1;
    attributes.sizeBytes = isDirectory ? 2 : 0;
    if ((attributes.mode & TYPE_MASK) === TYPE_LINK) {
      attributes.symlink = view.cString(at + name.length + 1, view.length);
      attributes.sizeBytes = attributes.symlink.length;
    }
    const node = new ReplayNode(attributes, true);
    node.data = new ChangedData(0);
    if (type === MKXATTR) {
      this.#nodes.set(object, node);
      const owner = this.#node(parent);
      if (owner !== null) owner.attributes.xattrObject = object;
      return;
    }
    const entries = this.#entries(parent);
    if (entries === null || entries.has(name)) return;
    this.#nodes.set(object, node);
    this.#addEntry(parent, name, object, isDirectory);
  }

  #addEntry(parent: number, name: string, object: number, isDirectory: boolean): void {
    const entries = this.#entries(parent);
    const node = this.#node(parent);
    if (entries === null || node === null) return;
    entries.set(name, object);
    node.attributes.sizeBytes++;
    if (isDirectory) node.attributes.links++;
  }

  #removeEntry(parent: number, name: string): number {
    const entries = this.#entries(parent);
    const node = this.#node(parent);
    if (entries === null || node === null) return 0;
    const object = entries.get(name) ?? 0;
    if (object === 0) return 0;
    entries.delete(name);
    node.attributes.sizeBytes--;
    const child = this.#node(object);
    if (child !== null && (child.attributes.mode & TYPE_MASK) === TYPE_DIRECTORY) {
      node.attributes.links--;
    }
    return object;
  }

  #remove(parent: number, name: string): void {
    const object = this.#removeEntry(parent, name);
    const node = object === 0 ? null : this.#node(object);
    if (node !== null && node.attributes.links > 0) node.attributes.links--;
  }

  #link(parent: number, object: number, name: string): void {
    const node = this.#node(object);
    const entries = this.#entries(parent);
    if (node === null || entries === null || entries.has(name)) return;
    node.attributes.links++;
    this.#addEntry(parent, name, object, false);
  }

  #rename(record: LogRecord): void {
    const view = record.view;
    const from = objectAt(view, 32);
    const to = objectAt(view, 40);
    const at = record.type === RENAME_WHITEOUT ? 112 : 48;
    const oldName = view.cString(at, view.length);
    const newName = view.cString(at + oldName.length + 1, view.length);
    if (from === to && oldName === newName) return;
    const object = this.#removeEntry(from, oldName);
    if (object === 0) return;
    const node = this.#node(object);
    const isDirectory = node !== null && (node.attributes.mode & TYPE_MASK) === TYPE_DIRECTORY;
    const other = this.#removeEntry(to, newName);
    const otherNode = other === 0 ? null : this.#node(other);
    if (record.type === RENAME_EXCHANGE && otherNode !== null) {
      const otherIsDirectory = (otherNode.attributes.mode & TYPE_MASK) === TYPE_DIRECTORY;
      this.#addEntry(from, oldName, other, otherIsDirectory);
      otherNode.attributes.parent = from;
    } else if (otherNode !== null && otherNode.attributes.links > 0) {
      otherNode.attributes.links--;
    }
    this.#addEntry(to, newName, object, isDirectory);
    if (node !== null) node.attributes.parent = to;
    if (record.type === RENAME_WHITEOUT) {
      const whiteout = new NodeAttributes();
      whiteout.mode = view.low(56);
      whiteout.uid = view.low(64);
      whiteout.gid = view.low(72);
      whiteout.links = 1;
      whiteout.parent = from;
      this.#nodes.set(objectAt(view, 48), new ReplayNode(whiteout, true));
      this.#addEntry(from, oldName, objectAt(view, 48), false);
    }
  }

  #write(record: LogRecord): void {
    const view = record.view;
    const object = objectAt(view, 32);
    const data = this.#data(object);
    const node = this.#node(object);
    // Records may be out of order: the file can be gone by now.
    if (data === null || node === null) return;
    let offset = view.int(40);
    const length = view.int(48);
    let bytes: Uint8Array;
    if (view.length === RECORD_DATA) {
      const pointer = BlockPointer.at(view, 64);
      if (pointer.hole) {
        data.extents.push(new Extent(offset, length, undefined));
        if (offset + length > node.attributes.sizeBytes) {
          node.attributes.sizeBytes = offset + length;
        }
        return;
      }
      const block = this.#set.reader.read(pointer, this.#set.key);
      bytes = block;
      const end = offset + length;
      if (length < block.length) offset -= offset % block.length;
      if (end > node.attributes.sizeBytes) node.attributes.sizeBytes = end;
      data.extents.push(new Extent(offset, bytes.length, bytes));
      return;
    }
    bytes = view.slice(RECORD_DATA, length).slice();
    data.extents.push(new Extent(offset, length, bytes));
    if (offset + length > node.attributes.sizeBytes) node.attributes.sizeBytes = offset + length;
  }

  #truncate(object: number, offset: number, length: number): void {
    const data = this.#data(object);
    const node = this.#node(object);
    if (data === null || node === null) return;
    if (length === 0) {
      data.cut(offset);
      node.attributes.sizeBytes = offset;
      return;
    }
    const end = Math.min(offset + length, node.attributes.sizeBytes);
    if (end > offset) data.extents.push(new Extent(offset, end - offset, undefined));
  }

  #setAttributes(view: View): void {
    const object = objectAt(view, 32);
    const node = this.#node(object);
    if (node === null) return;
    const mask = view.low(40);
    const attributes = node.attributes;
    if ((mask & SET_MODE) !== 0) {
      attributes.mode = (attributes.mode & TYPE_MASK) | (view.low(48) & 0xfff);
    }
    if ((mask & SET_UID) !== 0) attributes.uid = view.low(56);
    if ((mask & SET_GID) !== 0) attributes.gid = view.low(64);
    if ((mask & SET_SIZE) !== 0) {
      const size = view.int(72);
      const data = this.#data(object);
      if (data !== null && size < attributes.sizeBytes) data.cut(size);
      attributes.sizeBytes = size;
    }
    if ((mask & SET_ATIME) !== 0) attributes.accessSeconds = view.clamped(80);
    if ((mask & SET_MTIME) !== 0) attributes.modifySeconds = view.clamped(96);
  }

  #setXattr(view: View): void {
    const node = this.#node(objectAt(view, 32));
    if (node === null) return;
    const size = view.int(40);
    const name = view.cString(48, view.length);
    const old = node.attributes.dxattr;
    const list = (old === undefined ? null : unpackNvList(old)) ?? new NvList();
    const next = new NvList();
    for (const pair of list.pairs) if (pair.name !== name) next.pairs.push(pair);
    if (size > 0) {
      const bytes = view.slice(48 + name.length + 1, size).slice();
      next.set(name, { kind: 'bytes', type: NV_BYTE_ARRAY, bytes });
    }
    node.attributes.dxattr = packNvList(next);
  }

  #clone(view: View): void {
    const object = objectAt(view, 32);
    const data = this.#data(object);
    const node = this.#node(object);
    if (data === null || node === null) return;
    const offset = view.int(40);
    const length = view.int(48);
    const blockBytes = view.int(56);
    const count = view.int(64);
    if (length > MAX_ZERO_BYTES || count * 128 > view.length) return;
    for (let i = 0; i < count; i++) {
      const at = offset + i * blockBytes;
      const size = Math.min(blockBytes, offset + length - at);
      if (size <= 0) break;
      const pointer = BlockPointer.at(view, 72 + i * 128);
      const bytes = pointer.hole
        ? undefined
        : this.#set.reader.read(pointer, this.#set.key).subarray(0, size);
      data.extents.push(new Extent(at, size, bytes));
    }
    if (offset + length > node.attributes.sizeBytes) node.attributes.sizeBytes = offset + length;
  }
}

/** Object numbers share their word with the size of the dnode. */
function objectAt(view: View, at: number): number {
  return (view.high(at) & 0xffff) * 4294967296 + view.low(at);
}

/** A dataset's file system, with its intent log replayed in memory. */
export function openFileSystem(dataset: Dataset, set: ObjectSet): FileSystem {
  const fs = new FileSystem(set);
  if (dataset.isSnapshot) return fs;
  const records = readLog(set, dataset.pool.uberblock.txg).records;
  if (records.length === 0) return fs;
  const replay = new LogReplay(fs, set);
  fs.overlay = replay;
  for (const record of records) replay.apply(record);
  return fs;
}
