/** A file system of a pool with the names of `node:fs`. */

import { ZfsError } from '../errors.js';
import type { NodeAttributes } from '../zpl/attributes.js';
import { type FileSystem, TYPE_DIRECTORY, TYPE_LINK, TYPE_MASK } from '../zpl/file-system.js';

/** Text from names and link targets, which are one code per byte inside the library. */
export function decodeName(name: string): string {
  return Buffer.from(name, 'latin1').toString('utf8');
}

export function encodeName(name: string): string {
  return Buffer.from(name, 'utf8').toString('latin1');
}

export class ZfsStats {
  readonly ino: number;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly rdev: bigint;
  readonly mtime: Date;
  readonly atime: Date;
  readonly ctime: Date;
  readonly birthtime: Date;

  constructor(object: number, attributes: NodeAttributes) {
    this.ino = object;
    this.mode = attributes.mode;
    this.nlink = attributes.links;
    this.uid = attributes.uid;
    this.gid = attributes.gid;
    this.size = attributes.sizeBytes;
    this.rdev = attributes.rdev;
    const date = (seconds: number, ns: number) => new Date(seconds * 1000 + ns / 1e6);
    this.mtime = date(attributes.modifySeconds, attributes.modifyNs);
    this.atime = date(attributes.accessSeconds, attributes.accessNs);
    this.ctime = date(attributes.changeSeconds, attributes.changeNs);
    this.birthtime = date(attributes.birthSeconds, attributes.birthNs);
  }

  isDirectory(): boolean {
    return (this.mode & TYPE_MASK) === TYPE_DIRECTORY;
  }
  isFile(): boolean {
    return (this.mode & TYPE_MASK) === 0x8000;
  }
  isSymbolicLink(): boolean {
    return (this.mode & TYPE_MASK) === TYPE_LINK;
  }
}

export class ZfsFs {
  readonly raw: FileSystem;

  constructor(raw: FileSystem) {
    this.raw = raw;
  }

  readFileSync(path: string): Buffer;
  readFileSync(path: string, encoding: BufferEncoding): string;
  readFileSync(path: string, encoding?: BufferEncoding): Buffer | string {
    const object = this.raw.resolve(encodeName(path), true);
    const attributes = this.raw.attributes(object);
    if ((attributes.mode & TYPE_MASK) === TYPE_DIRECTORY) {
      throw new ZfsError('is-directory', `is a directory: ${path}`);
    }
    const out = Buffer.alloc(attributes.sizeBytes);
    this.raw.read(object, 0, out);
    return encoding === undefined ? out : out.toString(encoding);
  }

  /** Reads part of a file; the number of bytes read. */
  readSync(path: string, buffer: Uint8Array, position: number): number {
    return this.raw.read(this.raw.resolve(encodeName(path), true), position, buffer);
  }

  readdirSync(path: string): string[] {
    const object = this.raw.resolve(encodeName(path), true);
    if ((this.raw.attributes(object).mode & TYPE_MASK) !== TYPE_DIRECTORY) {
      throw new ZfsError('not-directory', `not a directory: ${path}`);
    }
    return this.raw
      .readDirectory(object)
      .map((entry) => decodeName(entry.name))
      .sort();
  }

  statSync(path: string): ZfsStats {
    const object = this.raw.resolve(encodeName(path), true);
    return new ZfsStats(object, this.raw.attributes(object));
  }

  lstatSync(path: string): ZfsStats {
    const object = this.raw.resolve(encodeName(path), false);
    return new ZfsStats(object, this.raw.attributes(object));
  }

  readlinkSync(path: string): string {
    const object = this.raw.resolve(encodeName(path), false);
    return decodeName(this.raw.readLink(object, this.raw.attributes(object)));
  }

  existsSync(path: string): boolean {
    try {
      this.raw.resolve(encodeName(path), true);
      return true;
    } catch (error) {
      if (error instanceof ZfsError) return false;
      throw error;
    }
  }

  /** Extended attributes, `user.` and the like included in the names. */
  getxattrsSync(path: string): Map<string, Buffer> {
    const out = new Map<string, Buffer>();
    const object = this.raw.resolve(encodeName(path), true);
    for (const [name, value] of this.raw.extendedAttributes(object)) {
      out.set(decodeName(name), Buffer.from(value));
    }
    return out;
  }
}
