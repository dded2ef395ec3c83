/**
 * Changes to the files of a dataset, kept in memory until the next sync.
 *
 * Directories are held as maps and written as whole ZAPs; file data is held by block.
 */
import type { ObjectSet } from '../dmu/object-set.js';
import { Zap } from '../dmu/zap.js';
import { ZfsError } from '../errors.js';
import type { BlockReader } from '../pool/block-reader.js';
import { MutableObjectSet } from './mutable-object-set.js';
import { type MutableObject, setInt } from './tree.js';
import { buildZap, ZapItem } from './zap-builder.js';
import {
  fieldAt,
  LAYOUT_LINK,
  LAYOUT_PLAIN,
  LINK_ORDER,
  MAX_LINK_BYTES,
  PLAIN_ORDER,
  REGISTRY,
  znodeBonus,
} from './znode.js';

const OT_FILE = 19;
const OT_DIRECTORY = 20;
const OT_SA = 44;
const RECORD_BYTES = 131072;
const TYPE_DIRECTORY = 4;
const TYPE_FILE = 8;
const TYPE_LINK = 10;
const MAX_NAME_BYTES = 255;

class OpenDirectory {
  readonly entries: Map<string, bigint>;
  changed = false;
  constructor(entries: Map<string, bigint>) {
    this.entries = entries;
  }
}

export class FileWriter {
  set: MutableObjectSet;
  readonly #directories: Map<number, OpenDirectory> = new Map();
  readonly #random64: () => bigint;
  #root = 0;
  #supported = true;
  /** The transaction group that changes go to; new files carry it. */
  txg = 0;
  nowSeconds = 0;
  /** Asked before data grows; throws 'no-space'. */
  reserve: ((bytes: number) => void) | null = null;
  #pendingBytes = 0;

  constructor(base: ObjectSet | null, reader: BlockReader, random64: () => bigint) {
    this.set = new MutableObjectSet(base, reader);
    this.#random64 = random64;
    if (base !== null) this.#load(base);
  }

  #load(base: ObjectSet): void {
    const master = new Zap(base.dnode(1));
    this.#root = master.number('ROOT') ?? 0;
    this.#supported = (master.number('VERSION') ?? 0) === 5 && sameTables(base, master);
  }

  get root(): number {
    return this.#root;
  }

  #zap(object: MutableObject, items: readonly ZapItem[]): MutableObject {
    const built = buildZap(items, this.#random64());
    object.replace(built.blockBytes, built.blocks);
    return object;
  }

  /** The objects of an empty file system. */
  format(): void {
    const set = this.set;
    const master = set.create(21, 0, 0);
    const attributes = set.create(45, 0, 0);
    const unlinked = set.create(22, 0, 0);
    const registry = set.create(46, 0, 0);
    const layouts = set.create(47, 0, 0);
    this.#zap(unlinked, []);
    const items: ZapItem[] = [];
    for (let i = 0; i < REGISTRY.length; i++) {
      const [name, length, swap] = REGISTRY[i];
      items.push(ZapItem.number(name, length * 16777216 + swap * 65536 + i));
    }
    this.#zap(registry, items);
    this.#zap(layouts, [
      new ZapItem(LAYOUT_PLAIN.toString(), 2, orderBytes(PLAIN_ORDER)),
      new ZapItem(LAYOUT_LINK.toString(), 2, orderBytes(LINK_ORDER)),
    ]);
    this.#zap(attributes, [
      ZapItem.number('REGISTRY', registry.object),
      ZapItem.number('LAYOUTS', layouts.object),
    ]);
    const root = this.#newNode(0o40755, OT_DIRECTORY, 0, undefined);
    setInt(root.bonusData, fieldAt(root.bonus, 'parent'), root.object);
    this.#root = root.object;
    this.#zap(master, [
      ZapItem.number('VERSION', 5),
      ZapItem.number('ROOT', root.object),
      ZapItem.number('DELETE_QUEUE', unlinked.object),
      ZapItem.number('SA_ATTRS', attributes.object),
      ZapItem.number('normalization', 0),
      ZapItem.number('utf8only', 0),
      ZapItem.number('casesensitivity', 0),
    ]);
  }

  #newNode(mode: number, type: number, parent: number, target: string | undefined): MutableObject {
    const isDirectory = (mode & 0xf000) === 0x4000;
    const bonus = znodeBonus({
      mode,
      uid: 0,
      gid: 0,
      parent,
      txg: this.txg,
      nowSeconds: this.nowSeconds,
      links: isDirectory ? 2 : 1,
      sizeBytes: isDirectory ? 2 : target === undefined ? 0 : target.length,
      target,
    });
    const object = this.set.create(type, OT_SA, bonus.length);
    object.bonus = bonus;
    if (isDirectory) {
      const open = new OpenDirectory(new Map());
      open.changed = true;
      this.#directories.set(object.object, open);
    }
    return object;
  }

  #directory(object: number): OpenDirectory {
    const known = this.#directories.get(object);
    if (known !== undefined) return known;
    const base = this.set.base === null ? null : this.set.base.find(object);
    if (base === null || base.type !== OT_DIRECTORY) {
      throw new ZfsError('not-directory', 'not a directory');
    }
    const entries = new Map<string, bigint>();
    for (const entry of new Zap(base).entries()) entries.set(entry.name, entry.first);
    const open = new OpenDirectory(entries);
    this.#directories.set(object, open);
    return open;
  }

  /** Parent directory and last name of a path. */
  #place(path: string): { parent: number; name: string } {
    if (!this.#supported) {
      throw new ZfsError('unsupported', 'writing a file system that this package did not create');
    }
    const parts: string[] = [];
    for (const part of path.split('/')) if (part !== '' && part !== '.') parts.push(part);
    if (parts.length === 0) throw new ZfsError('invalid', `no file name in "${path}"`);
    let parent = this.#root;
    for (let i = 0; i < parts.length - 1; i++) {
      const value = this.#directory(parent).entries.get(parts[i]);
      if (value === undefined) throw new ZfsError('not-found', `no such directory: ${path}`);
      if (Number(value >> 60n) !== TYPE_DIRECTORY) {
        throw new ZfsError('not-directory', `not a directory: ${path}`);
      }
      parent = Number(value & 0xffffffffffffn);
    }
    const name = parts[parts.length - 1];
    if (name.length > MAX_NAME_BYTES || name === '..') {
      throw new ZfsError('invalid', `a bad file name: ${path}`);
    }
    return { parent, name };
  }

  #touch(object: MutableObject): void {
    object.changed = true;
    setInt(object.bonusData, fieldAt(object.bonus, 'mtime'), this.nowSeconds);
    setInt(object.bonusData, fieldAt(object.bonus, 'ctime'), this.nowSeconds);
  }

  #add(object: MutableObject, field: 'size' | 'links', change: number): void {
    const at = fieldAt(object.bonus, field);
    const data = object.bonusData;
    setInt(data, at, data.getUint32(at, true) + data.getUint32(at + 4, true) * 4294967296 + change);
    object.changed = true;
  }

  #link(parent: number, name: string, object: number, type: number): void {
    const open = this.#directory(parent);
    open.entries.set(name, (BigInt(type) << 60n) | BigInt(object));
    open.changed = true;
    const directory = this.set.object(parent);
    this.#add(directory, 'size', 1);
    if (type === TYPE_DIRECTORY) this.#add(directory, 'links', 1);
    this.#touch(directory);
  }

  #unlink(parent: number, name: string): bigint {
    const open = this.#directory(parent);
    const value = open.entries.get(name);
    if (value === undefined) throw new ZfsError('not-found', `no such file: ${name}`);
    open.entries.delete(name);
    open.changed = true;
    const directory = this.set.object(parent);
    this.#add(directory, 'size', -1);
    if (Number(value >> 60n) === TYPE_DIRECTORY) this.#add(directory, 'links', -1);
    this.#touch(directory);
    return value;
  }

  #absent(parent: number, name: string, path: string): void {
    if (this.#directory(parent).entries.has(name)) {
      throw new ZfsError('exists', `already there: ${path}`);
    }
  }

  mkdir(path: string, mode: number): number {
    const { parent, name } = this.#place(path);
    this.#absent(parent, name, path);
    const object = this.#newNode(0x4000 | (mode & 0xfff), OT_DIRECTORY, parent, undefined);
    this.#link(parent, name, object.object, TYPE_DIRECTORY);
    return object.object;
  }

  symlink(target: string, path: string): number {
    const { parent, name } = this.#place(path);
    this.#absent(parent, name, path);
    if (target.length > MAX_LINK_BYTES) {
      throw new ZfsError('unsupported', `a symbolic link longer than ${MAX_LINK_BYTES} bytes`);
    }
    const object = this.#newNode(0xa1ff, OT_FILE, parent, target);
    this.#link(parent, name, object.object, TYPE_LINK);
    return object.object;
  }

  link(existing: string, path: string): void {
    const from = this.#place(existing);
    const value = this.#directory(from.parent).entries.get(from.name);
    if (value === undefined) throw new ZfsError('not-found', `no such file: ${existing}`);
    if (Number(value >> 60n) === TYPE_DIRECTORY) {
      throw new ZfsError('is-directory', `is a directory: ${existing}`);
    }
    const { parent, name } = this.#place(path);
    this.#absent(parent, name, path);
    const object = Number(value & 0xffffffffffffn);
    this.#add(this.set.object(object), 'links', 1);
    this.#link(parent, name, object, Number(value >> 60n));
  }

  /** Opens or creates a file for writing; answers its object. */
  open(path: string, mode: number): number {
    const { parent, name } = this.#place(path);
    const value = this.#directory(parent).entries.get(name);
    if (value !== undefined) {
      const type = Number(value >> 60n);
      if (type === TYPE_DIRECTORY) throw new ZfsError('is-directory', `is a directory: ${path}`);
      if (type !== TYPE_FILE) throw new ZfsError('unsupported', `not a plain file: ${path}`);
      return Number(value & 0xffffffffffffn);
    }
    const object = this.#newNode(0x8000 | (mode & 0xfff), OT_FILE, parent, undefined);
    this.#link(parent, name, object.object, TYPE_FILE);
    return object.object;
  }

  sizeOf(number: number): number {
    const object = this.set.object(number);
    const data = object.bonusData;
    const at = fieldAt(object.bonus, 'size');
    return data.getUint32(at, true) + data.getUint32(at + 4, true) * 4294967296;
  }

  write(number: number, offset: number, bytes: Uint8Array): void {
    const object = this.set.object(number);
    const end = offset + bytes.length;
    const size = this.sizeOf(number);
    this.#pendingBytes += bytes.length;
    if (this.reserve !== null) this.reserve(this.#pendingBytes);
    this.#grow(object, Math.max(end, size));
    const block = object.blockBytes;
    for (let at = 0; at < bytes.length; ) {
      const position = offset + at;
      const index = Math.trunc(position / block);
      const inside = position % block;
      const count = Math.min(block - inside, bytes.length - at);
      const content = count === block ? new Uint8Array(block) : object.readBlock(index);
      content.set(bytes.subarray(at, at + count), inside);
      object.setBlock(index, content);
      at += count;
    }
    if (end > size) setInt(object.bonusData, fieldAt(object.bonus, 'size'), end);
    this.#touch(object);
  }

  /** A file of one block may still change its block size, up to the record size. */
  #grow(object: MutableObject, size: number): void {
    if (object.lastBlock > 0 || size <= object.blockBytes || object.blockBytes >= RECORD_BYTES)
      return;
    const wanted = Math.min(RECORD_BYTES, Math.trunc((size + 511) / 512) * 512);
    const content = new Uint8Array(wanted);
    content.set(object.readBlock(0));
    const isEmpty = object.base === null && object.dirty.size === 0;
    object.replace(wanted, isEmpty ? [] : [content]);
  }

  truncate(number: number, size: number): void {
    const object = this.set.object(number);
    const old = this.sizeOf(number);
    if (size < old) {
      const block = object.blockBytes;
      const keep = Math.trunc((size + block - 1) / block);
      const last = Math.trunc((old - 1) / block);
      for (let i = keep; i <= last; i++) object.setBlock(i, null);
      if (size % block !== 0) {
        const content = object.readBlock(keep - 1);
        content.fill(0, size % block);
        object.setBlock(keep - 1, content);
      }
    } else {
      this.#grow(object, size);
    }
    setInt(object.bonusData, fieldAt(object.bonus, 'size'), size);
    this.#touch(object);
  }

  remove(path: string): void {
    const { parent, name } = this.#place(path);
    const value = this.#directory(parent).entries.get(name);
    if (value === undefined) throw new ZfsError('not-found', `no such file: ${path}`);
    const object = Number(value & 0xffffffffffffn);
    if (Number(value >> 60n) === TYPE_DIRECTORY) {
      if (this.#directory(object).entries.size > 0) {
        throw new ZfsError('not-empty', `directory not empty: ${path}`);
      }
      this.#unlink(parent, name);
      this.#directories.delete(object);
      this.set.free(object);
      return;
    }
    this.#unlink(parent, name);
    this.#drop(object);
  }

  #drop(number: number): void {
    const object = this.set.object(number);
    this.#add(object, 'links', -1);
    if (object.bonusData.getUint32(fieldAt(object.bonus, 'links'), true) === 0)
      this.set.free(number);
  }

  rename(from: string, to: string): void {
    const source = this.#place(from);
    const target = this.#place(to);
    const value = this.#directory(source.parent).entries.get(source.name);
    if (value === undefined) throw new ZfsError('not-found', `no such file: ${from}`);
    if (source.parent === target.parent && source.name === target.name) return;
    const object = Number(value & 0xffffffffffffn);
    const isDirectory = Number(value >> 60n) === TYPE_DIRECTORY;
    // A directory must not move below itself.
    for (let at = target.parent; isDirectory; ) {
      if (at === object) throw new ZfsError('invalid', 'a directory cannot move into itself');
      if (at === this.#root) break;
      const parent = this.set.object(at);
      at = parent.bonusData.getUint32(fieldAt(parent.bonus, 'parent'), true);
    }
    const old = this.#directory(target.parent).entries.get(target.name);
    if (old !== undefined) {
      const oldIsDirectory = Number(old >> 60n) === TYPE_DIRECTORY;
      if (oldIsDirectory !== isDirectory) {
        throw new ZfsError(
          oldIsDirectory ? 'is-directory' : 'not-directory',
          `cannot replace ${to}`,
        );
      }
      if ((old & 0xffffffffffffn) === (value & 0xffffffffffffn)) return;
      this.remove(to);
    }
    this.#unlink(source.parent, source.name);
    this.#link(target.parent, target.name, object, Number(value >> 60n));
    const node = this.set.object(object);
    setInt(node.bonusData, fieldAt(node.bonus, 'parent'), target.parent);
    node.changed = true;
  }

  /** Turns changed directories into blocks. */
  flushDirectories(): void {
    this.#pendingBytes = 0;
    for (const [number, open] of this.#directories) {
      if (!open.changed) continue;
      const items: ZapItem[] = [];
      for (const [name, value] of open.entries) {
        const bytes = new Uint8Array(8);
        new DataView(bytes.buffer).setBigUint64(0, value);
        items.push(new ZapItem(name, 8, bytes));
      }
      this.#zap(this.set.object(number), items);
      open.changed = false;
    }
  }
}

function orderBytes(order: readonly number[]): Uint8Array {
  const out = new Uint8Array(order.length * 2);
  for (let i = 0; i < order.length; i++) new DataView(out.buffer).setUint16(i * 2, order[i]);
  return out;
}

/** The file system's attribute layouts are the ones that this writer knows. */
function sameTables(base: ObjectSet, master: Zap): boolean {
  const attributes = master.number('SA_ATTRS');
  if (attributes === undefined) return false;
  const tables = new Zap(base.dnode(attributes));
  const layouts = new Zap(base.dnode(tables.number('LAYOUTS') ?? 0));
  for (const [name, order] of [
    ['2', PLAIN_ORDER],
    ['3', LINK_ORDER],
  ] as const) {
    const entry = layouts.get(name);
    if (entry === undefined || entry.count !== order.length) return false;
    for (let i = 0; i < order.length; i++) if (entry.integer(i) !== order[i]) return false;
  }
  return true;
}
