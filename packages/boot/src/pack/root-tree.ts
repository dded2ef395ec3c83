/**
 * The files of an image, by guest path, before they are packed.
 *
 * A path is added as a program would reach it: symbolic links on the way (Debian's /bin -> usr/bin) are packed as links, and
 * what they point to as well. Contents are not read here; the tree only remembers where they are.
 */
import { type BigIntStats, lstatSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { NotFoundError, TesseraError } from '../errors.js';

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;
/** As Linux: more links on the way to one file are ELOOP. */
const LINKS_MAX = 40;

export interface TreeEntry {
  readonly mode: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
  readonly size: number;
  readonly source:
    | { readonly file: string }
    | { readonly bytes: Uint8Array }
    | { readonly target: string }
    | undefined;
}

export class RootTree {
  readonly entries: Map<string, TreeEntry> = new Map();
  /** What was left out, in words: devices, sockets and pipes of the host, libraries that lack one of their own. */
  readonly skipped: string[] = [];

  directory(path: string, mode = 0o755): void {
    this.put(path, {
      mode: S_IFDIR | mode,
      mtimeSeconds: 0,
      mtimeNanoseconds: 0,
      size: 0,
      source: undefined,
    });
  }

  text(path: string, content: string, mode = 0o644): void {
    const bytes = Buffer.from(content);
    this.put(path, {
      mode: S_IFREG | mode,
      mtimeSeconds: 0,
      mtimeNanoseconds: 0,
      size: bytes.length,
      source: { bytes },
    });
  }

  /** Adds a host file at the same path, links on the way included. Returns the path of the real file. */
  addSamePath(path: string): string {
    let rest = posix.normalize(path).split('/').filter(Boolean);
    let at = '/';
    let links = 0;
    while (rest.length > 0) {
      const [name, ...after] = rest;
      if (name === '..') {
        at = dirname(at);
        rest = after;
        continue;
      }
      const next = join(at, name);
      const stat = lstatSync(next, { bigint: true, throwIfNoEntry: false });
      if (!stat) throw new NotFoundError(`${path}: no such file`);
      if (stat.isSymbolicLink()) {
        if (++links > LINKS_MAX) throw new TesseraError(`${path}: too many symbolic links`);
        const target = readlinkSync(next);
        this.put(next, {
          ...times(stat),
          mode: S_IFLNK | 0o777,
          size: target.length,
          source: { target },
        });
        if (target.startsWith('/')) at = '/';
        rest = [...target.split('/').filter((part) => part && part !== '.'), ...after];
        continue;
      }
      this.node(next, next, stat);
      at = next;
      rest = after;
    }
    return at;
  }

  /** Adds a host file or folder, with all that is in it, at `guest`. Links inside stay links. */
  addTree(host: string, guest: string): void {
    // The name itself is followed, as `cp -r` follows its arguments; what lies inside is not.
    const stat = statSync(host, { bigint: true, throwIfNoEntry: false });
    if (!stat) throw new TesseraError(`--add ${host}: no such file or folder`);
    this.parents(guest);
    this.walk(host, guest, stat);
  }

  private walk(host: string, guest: string, stat: BigIntStats): void {
    if (stat.isSymbolicLink()) {
      const target = readlinkSync(host);
      this.put(guest, {
        ...times(stat),
        mode: S_IFLNK | 0o777,
        size: target.length,
        source: { target },
      });
      return;
    }
    this.node(host, guest, stat);
    if (!stat.isDirectory()) return;
    for (const name of readdirSync(host).sort()) {
      const child = join(host, name);
      const inner = lstatSync(child, { bigint: true, throwIfNoEntry: false });
      if (inner) this.walk(child, posix.join(guest, name), inner);
    }
  }

  private node(host: string, guest: string, stat: BigIntStats): void {
    const permissions = Number(stat.mode & 0o7777n);
    if (stat.isDirectory()) {
      this.put(guest, { ...times(stat), mode: S_IFDIR | permissions, size: 0, source: undefined });
    } else if (stat.isFile()) {
      this.put(guest, {
        ...times(stat),
        mode: S_IFREG | permissions,
        size: Number(stat.size),
        source: { file: host },
      });
    } else {
      this.skipped.push(`${host} (not a file, folder or link)`);
    }
  }

  private parents(path: string): void {
    for (
      let parent = posix.dirname(path);
      parent !== '/' && parent !== '.';
      parent = posix.dirname(parent)
    ) {
      if (!this.entries.has(parent)) this.directory(parent);
    }
  }

  private put(path: string, entry: TreeEntry): void {
    if (path === '/' || path === '') return;
    this.entries.set(path.replace(/\/+$/, ''), entry);
  }
}

function times(stat: BigIntStats): { mtimeSeconds: number; mtimeNanoseconds: number } {
  const billion = 1_000_000_000n;
  return {
    mtimeSeconds: Number(stat.mtimeNs / billion),
    mtimeNanoseconds: Number(stat.mtimeNs % billion),
  };
}
