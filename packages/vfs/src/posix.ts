/**
 * The public door: a POSIX file system as one object, with text paths (UTF-8 inside) and exceptions.
 *
 * The kernel does not use it; it is what `npm i @tessera/vfs` is for outside of a kernel.
 */
import { bytesToString, type bytestr, stringToBytes, utf8Encode } from './bytes.js';
import { type Clock, HeapBufferPool, ManualClock } from './contract.js';
import { Credentials } from './credentials.js';
import { DescriptorTable } from './descriptor-table.js';
import { EBADF, EISDIR, errnoName, Failure } from './errno.js';
import { PAGE_BYTES } from './limits.js';
import { O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY, SEEK_SET } from './modes.js';
import { Namespace } from './namespace.js';
import type { OpenFile } from './open-file.js';
import { FOLLOW, NO_FOLLOW, Place } from './place.js';
import { RamFileSystem } from './ramfs.js';
import { Attributes, type DirectorySink, type FileSystem, type Vnode } from './vnode.js';

export class PosixError extends Error {
  /** Linux's number and symbolic name. */
  readonly errno: number;
  readonly code: string;

  constructor(errno: number, operation: string, path: string) {
    super(errnoName(errno) + ': ' + operation + (path.length > 0 ? " '" + path + "'" : ''));
    this.name = 'PosixError';
    this.errno = errno;
    this.code = errnoName(errno);
  }
}

class NameSink implements DirectorySink {
  readonly names: bytestr[] = [];

  entry(name: bytestr, _node: number, _type: number, _nextCookie: number): boolean {
    if (name !== '.' && name !== '..') this.names.push(name);
    return true;
  }
}

/** UTF-8 bytes back to text; what is not UTF-8 shows as U+FFFD. */
function utf8Decode(bytes: bytestr): string {
  let out = '';
  let index = 0;
  while (index < bytes.length) {
    const lead = bytes.charCodeAt(index++);
    let more = 0;
    let code = lead;
    if (lead >= 0xf0 && lead < 0xf5) {
      more = 3;
      code = lead & 7;
    } else if (lead >= 0xe0 && lead < 0xf0) {
      more = 2;
      code = lead & 15;
    } else if (lead >= 0xc2 && lead < 0xe0) {
      more = 1;
      code = lead & 31;
    } else if (lead >= 0x80) {
      out += '\ufffd';
      continue;
    }
    let good = true;
    for (let step = 0; step < more; step++) {
      const next = index < bytes.length ? bytes.charCodeAt(index) : 0;
      if ((next & 0xc0) !== 0x80) {
        good = false;
        break;
      }
      code = (code << 6) | (next & 0x3f);
      index++;
    }
    if (!good || code > 0x10ffff) out += '\ufffd';
    else if (code < 0x10000) out += String.fromCharCode(code);
    else {
      const rest = code - 0x10000;
      out +=
        String.fromCharCode(0xd800 + (rest >> 10)) + String.fromCharCode(0xdc00 + (rest & 0x3ff));
    }
  }
  return out;
}

export class PosixFileSystem {
  readonly namespace: Namespace;
  readonly place: Place;
  readonly descriptors: DescriptorTable = new DescriptorTable();

  constructor(root: FileSystem) {
    this.namespace = new Namespace(root, 'none');
    this.place = new Place(this.namespace.root, new Credentials(0, 0));
  }

  /** An empty file system in memory. Without a clock all time stamps are 0. */
  static inMemory(clock?: Clock): PosixFileSystem {
    const time = clock === undefined ? new ManualClock(0) : clock;
    return new PosixFileSystem(
      new RamFileSystem(time, new HeapBufferPool(PAGE_BYTES), undefined, 0),
    );
  }

  /** A writable file system over a read-only one, which stays as it is. */
  static over(lower: FileSystem, clock?: Clock): PosixFileSystem {
    const time = clock === undefined ? new ManualClock(0) : clock;
    return new PosixFileSystem(
      new RamFileSystem(time, new HeapBufferPool(PAGE_BYTES), lower.root(), 0),
    );
  }

  private must(status: number, operation: string, path: string): number {
    if (status < 0) throw new PosixError(-status, operation, path);
    return status;
  }

  private node(operation: string, path: string, follow: boolean): Vnode {
    const found = this.namespace.findNode(this.place, this.place.cwd, utf8Encode(path), follow);
    if (found instanceof Failure) throw new PosixError(found.errno, operation, path);
    return found;
  }

  private file(descriptor: number, operation: string): OpenFile {
    const file = this.descriptors.get(descriptor);
    if (file === undefined) throw new PosixError(EBADF, operation, '');
    return file;
  }

  /** Answers a descriptor. `flags` as in open(2): O_RDWR | O_CREAT, ... */
  open(path: string, flags: number, mode = 0o666): number {
    const opened = this.namespace.open(this.place, this.place.cwd, utf8Encode(path), flags, mode);
    if (opened instanceof Failure) throw new PosixError(opened.errno, 'open', path);
    return this.must(this.descriptors.install(opened, 0, false), 'open', path);
  }

  close(descriptor: number): void {
    this.must(this.descriptors.close(descriptor), 'close', '');
  }

  read(descriptor: number, into: Uint8Array): number {
    return this.must(this.file(descriptor, 'read').read(into), 'read', '');
  }

  write(descriptor: number, from: Uint8Array): number {
    return this.must(this.file(descriptor, 'write').write(from), 'write', '');
  }

  readAt(descriptor: number, offset: number, into: Uint8Array): number {
    return this.must(this.file(descriptor, 'pread').readAt(offset, into), 'pread', '');
  }

  writeAt(descriptor: number, offset: number, from: Uint8Array): number {
    return this.must(this.file(descriptor, 'pwrite').writeAt(offset, from), 'pwrite', '');
  }

  seek(descriptor: number, offset: number, whence: number = SEEK_SET): number {
    return this.must(this.file(descriptor, 'lseek').seek(offset, whence), 'lseek', '');
  }

  readFile(path: string): Uint8Array {
    const descriptor = this.open(path, O_RDONLY);
    const file = this.file(descriptor, 'read');
    const attributes = new Attributes();
    file.stat(attributes);
    const parts: Uint8Array[] = [];
    let total = 0;
    for (;;) {
      // One byte more than expected, so that an exact read needs no second buffer of the same size.
      const buffer = new Uint8Array(
        attributes.size > total ? attributes.size - total + 1 : PAGE_BYTES,
      );
      const count = file.read(buffer);
      if (count < 0) {
        this.close(descriptor);
        throw new PosixError(-count, 'read', path);
      }
      if (count === 0) break;
      parts.push(buffer.subarray(0, count));
      total += count;
    }
    this.close(descriptor);
    const out = new Uint8Array(total);
    let at = 0;
    for (let index = 0; index < parts.length; index++) {
      out.set(parts[index], at);
      at += parts[index].length;
    }
    return out;
  }

  readText(path: string): string {
    const bytes = this.readFile(path);
    return utf8Decode(bytesToString(bytes, 0, bytes.length));
  }

  writeFile(path: string, content: Uint8Array | string, mode = 0o666): void {
    const bytes = typeof content === 'string' ? stringToBytes(utf8Encode(content)) : content;
    const descriptor = this.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    let done = 0;
    while (done < bytes.length) {
      const count = this.file(descriptor, 'write').write(bytes.subarray(done, bytes.length));
      if (count < 0) {
        this.close(descriptor);
        throw new PosixError(-count, 'write', path);
      }
      done += count;
    }
    this.close(descriptor);
  }

  mkdir(path: string, mode = 0o777): void {
    const status = this.namespace.makeDirectory(this.place, this.place.cwd, utf8Encode(path), mode);
    this.must(status, 'mkdir', path);
  }

  rmdir(path: string): void {
    this.must(
      this.namespace.removeDirectory(this.place, this.place.cwd, utf8Encode(path)),
      'rmdir',
      path,
    );
  }

  unlink(path: string): void {
    this.must(this.namespace.unlink(this.place, this.place.cwd, utf8Encode(path)), 'unlink', path);
  }

  rename(from: string, to: string): void {
    const cwd = this.place.cwd;
    const status = this.namespace.rename(
      this.place,
      cwd,
      utf8Encode(from),
      cwd,
      utf8Encode(to),
      false,
    );
    this.must(status, 'rename', from);
  }

  link(existing: string, path: string): void {
    const cwd = this.place.cwd;
    const from = utf8Encode(existing);
    this.must(
      this.namespace.link(this.place, cwd, from, cwd, utf8Encode(path), NO_FOLLOW),
      'link',
      path,
    );
  }

  symlink(target: string, path: string): void {
    const cwd = this.place.cwd;
    this.must(
      this.namespace.symlink(this.place, cwd, utf8Encode(path), utf8Encode(target)),
      'symlink',
      path,
    );
  }

  readlink(path: string): string {
    const target = this.node('readlink', path, NO_FOLLOW).readLink();
    if (target instanceof Failure) throw new PosixError(target.errno, 'readlink', path);
    return utf8Decode(target);
  }

  readdir(path: string): string[] {
    const node = this.node('readdir', path, FOLLOW);
    const sink = new NameSink();
    let cookie = 0;
    for (;;) {
      const next = this.must(node.readDirectory(cookie, sink), 'readdir', path);
      if (next === cookie) break;
      cookie = next;
    }
    return sink.names.map((name) => utf8Decode(name));
  }

  stat(path: string): Attributes {
    const out = new Attributes();
    this.node('stat', path, FOLLOW).stat(out);
    return out;
  }

  lstat(path: string): Attributes {
    const out = new Attributes();
    this.node('lstat', path, NO_FOLLOW).stat(out);
    return out;
  }

  truncate(path: string, size: number): void {
    this.must(this.namespace.truncatePath(this.place, utf8Encode(path), size), 'truncate', path);
  }

  chmod(path: string, permissions: number): void {
    this.must(
      this.namespace.chmodNode(this.place, this.node('chmod', path, FOLLOW), permissions),
      'chmod',
      path,
    );
  }

  chown(path: string, uid: number, gid: number): void {
    const node = this.node('chown', path, FOLLOW);
    this.must(this.namespace.chownNode(this.place, node, uid, gid), 'chown', path);
  }

  chdir(path: string): void {
    const found = this.namespace.find(this.place, this.place.cwd, utf8Encode(path), FOLLOW);
    if (found instanceof Failure) throw new PosixError(found.errno, 'chdir', path);
    this.must(this.namespace.changeDirectory(this.place, found), 'chdir', path);
  }

  cwd(): string {
    const path = this.namespace.pathOf(this.place.cwd, this.place);
    return path === undefined ? '(unreachable)' : utf8Decode(path);
  }

  mount(path: string, fileSystem: FileSystem): void {
    this.must(
      this.namespace.mount(this.place, utf8Encode(path), fileSystem, 'none'),
      'mount',
      path,
    );
  }

  /** Whether `path` names a directory, without an exception if it names nothing. */
  isDirectory(path: string): boolean {
    const found = this.namespace.findNode(this.place, this.place.cwd, utf8Encode(path), FOLLOW);
    return !(found instanceof Failure) && found.isDirectory();
  }

  /** mkdir with all missing parents. */
  mkdirAll(path: string, mode = 0o777): void {
    let end = 0;
    while (end >= 0 && end < path.length) {
      end = path.indexOf('/', end + 1);
      const prefix = end < 0 ? path : path.slice(0, end);
      if (prefix.length > 0 && !this.isDirectory(prefix)) this.mkdir(prefix, mode);
    }
    if (!this.isDirectory(path)) throw new PosixError(EISDIR, 'mkdir', path);
  }
}
