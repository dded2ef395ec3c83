/**
 * The POSIX layer of a dataset: directories are ZAPs of object numbers, files are objects with attributes.
 *
 * Names and symlink targets are one code per byte. Nothing is read before it is asked for.
 */
import type { ObjectSource } from '../dmu/object-source.js';
import { Zap } from '../dmu/zap.js';
import { corrupt, ZfsError } from '../errors.js';
import type { NvList } from '../nvlist/nvlist.js';
import { unpackNvList } from '../nvlist/packed.js';
import { bytesOf, textOf } from '../view.js';
import type { LogOverlay } from '../zil/overlay.js';
import { AttributeReader, type NodeAttributes } from './attributes.js';

const MASTER_OBJECT = 1;
const MAX_LINKS = 40;
export const TYPE_MASK = 0xf000;
export const TYPE_DIRECTORY = 0x4000;
export const TYPE_FILE = 0x8000;
export const TYPE_LINK = 0xa000;
const MAX_LINK_BYTES = 65536;
const MAX_XATTR_BYTES = 16777216;

export interface DirectoryEntry {
  readonly name: string;
  readonly object: number;
}

export class FileSystem {
  readonly set: ObjectSource;
  readonly root: number;
  readonly version: number;
  readonly normalization: number;
  /** 0 sensitive, 1 insensitive, 2 mixed. */
  readonly caseSensitivity: number;
  readonly unlinkedSet: number;
  readonly #attributes: AttributeReader;
  /** What the intent log adds to the last transaction group. */
  overlay: LogOverlay | null = null;

  constructor(set: ObjectSource) {
    this.set = set;
    const master = new Zap(set.dnode(MASTER_OBJECT));
    const root = master.number('ROOT');
    if (root === undefined) throw corrupt('a file system has no root');
    this.root = root;
    this.version = master.number('VERSION') ?? 1;
    this.normalization = master.number('normalization') ?? 0;
    this.caseSensitivity = master.number('casesensitivity') ?? 0;
    this.unlinkedSet = master.number('DELETE_QUEUE') ?? 0;
    this.#attributes = new AttributeReader(set, master.number('SA_ATTRS') ?? 0);
  }

  attributes(object: number): NodeAttributes {
    if (this.overlay !== null) {
      const changed = this.overlay.attributes(object);
      if (changed !== null) return changed;
    }
    return this.storedAttributes(object);
  }

  /** As of the last transaction group, without the intent log. */
  storedAttributes(object: number): NodeAttributes {
    return this.#attributes.read(this.set.dnode(object));
  }

  readDirectory(object: number): DirectoryEntry[] {
    if (this.overlay !== null) {
      const changed = this.overlay.directory(object);
      if (changed !== null) return changed;
    }
    return this.storedDirectory(object);
  }

  storedDirectory(object: number): DirectoryEntry[] {
    const out: DirectoryEntry[] = [];
    for (const entry of new Zap(this.set.dnode(object)).entries()) {
      out.push({ name: entry.name, object: directoryObject(entry.first) });
    }
    return out;
  }

  /** Object of a name, or 0. */
  lookup(directory: number, name: string): number {
    const changed = this.overlay === null ? null : this.overlay.directory(directory);
    if (changed === null) {
      const zap = new Zap(this.set.dnode(directory));
      const entry = zap.get(name);
      if (entry !== undefined) return directoryObject(entry.first);
      if (this.caseSensitivity !== 1) return 0;
      for (const other of zap.entries()) {
        if (sameFolded(other.name, name)) return directoryObject(other.first);
      }
      return 0;
    }
    for (const entry of changed) if (entry.name === name) return entry.object;
    if (this.caseSensitivity === 1) {
      for (const entry of changed) if (sameFolded(entry.name, name)) return entry.object;
    }
    return 0;
  }

  /** Object that a path leads to, symlinks followed (the last one only with `followLast`). */
  resolve(path: string, followLast: boolean): number {
    let links = 0;
    let parts = path.split('/');
    const trail: number[] = [this.root];
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i];
      if (part === '' || part === '.') continue;
      if (part === '..') {
        if (trail.length > 1) trail.pop();
        continue;
      }
      const directory = trail[trail.length - 1];
      if ((this.attributes(directory).mode & TYPE_MASK) !== TYPE_DIRECTORY) {
        throw new ZfsError('not-directory', `not a directory: ${path}`);
      }
      const object = this.lookup(directory, part);
      if (object === 0) throw new ZfsError('not-found', `no such file: ${path}`);
      const attributes = this.attributes(object);
      const isLast = i === parts.length - 1;
      if ((attributes.mode & TYPE_MASK) === TYPE_LINK && (!isLast || followLast)) {
        if (++links > MAX_LINKS) throw new ZfsError('loop', `too many symbolic links: ${path}`);
        const target = this.readLink(object, attributes);
        const rest = target.split('/').concat(parts.slice(i + 1));
        if (target.charCodeAt(0) === 47) trail.length = 1;
        parts = rest;
        i = -1;
        continue;
      }
      trail.push(object);
    }
    return trail[trail.length - 1];
  }

  readLink(object: number, attributes: NodeAttributes): string {
    if ((attributes.mode & TYPE_MASK) !== TYPE_LINK) {
      throw new ZfsError('invalid', 'not a symbolic link');
    }
    if (attributes.symlink !== undefined) {
      // The stored target may end in a NUL, which is not part of it.
      const text = attributes.symlink;
      return text.length > attributes.sizeBytes ? text.slice(0, attributes.sizeBytes) : text;
    }
    const size = attributes.sizeBytes;
    if (size > MAX_LINK_BYTES) throw corrupt('a symbolic link is too long');
    const out = new Uint8Array(size);
    this.set.dnode(object).readInto(0, out);
    return textOf(out);
  }

  /** Reads into `out` from `offset`; the number of bytes before the end of the file. */
  read(object: number, offset: number, out: Uint8Array): number {
    const attributes = this.attributes(object);
    const count = Math.max(0, Math.min(out.length, attributes.sizeBytes - offset));
    if (count === 0) return 0;
    const target = out.subarray(0, count);
    if (this.overlay !== null && this.overlay.readInto(object, offset, target)) return count;
    const dnode = this.set.find(object);
    if (dnode === null) throw new ZfsError('not-found', `there is no object ${object}`);
    dnode.readInto(offset, target);
    return count;
  }

  /** Extended attributes, from both places where they may be. */
  extendedAttributes(object: number): Map<string, Uint8Array> {
    const out = new Map<string, Uint8Array>();
    const attributes = this.attributes(object);
    if (attributes.dxattr !== undefined) {
      const list: NvList | null = unpackNvList(attributes.dxattr);
      if (list === null) throw corrupt('extended attributes are not a packed list');
      for (const pair of list.pairs) {
        if (pair.value.kind === 'bytes') out.set(pair.name, pair.value.bytes);
      }
    }
    if (attributes.xattrObject !== 0) {
      for (const entry of this.readDirectory(attributes.xattrObject)) {
        const size = this.attributes(entry.object).sizeBytes;
        if (size > MAX_XATTR_BYTES) throw corrupt('an extended attribute is too long');
        const value = new Uint8Array(size);
        this.read(entry.object, 0, value);
        out.set(entry.name, value);
      }
    }
    return out;
  }
}

function directoryObject(value: bigint): number {
  return Number(value & 0xffffffffffffn);
}

/** Equal but for ASCII case; other scripts compare exactly. */
function sameFolded(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++)
    if (folded(a.charCodeAt(i)) !== folded(b.charCodeAt(i))) return false;
  return true;
}

function folded(code: number): number {
  return code >= 65 && code <= 90 ? code + 32 : code;
}

export { bytesOf };
