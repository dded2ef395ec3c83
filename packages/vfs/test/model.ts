/** The naive file system that the real one is compared with: nested Maps, whole-array contents, no caches. */
import * as e from '../src/index.js';

export type ModelNode =
  | { kind: 'file'; bytes: Uint8Array; links: number }
  | { kind: 'dir'; children: Map<string, ModelNode> }
  | { kind: 'link'; target: string; links: number };

export class ModelFileSystem {
  root: ModelNode & { kind: 'dir' } = { kind: 'dir', children: new Map() };

  /** [parent, name, node]; a number is -errno. Paths are absolute, without '.', '..' or trailing slashes. */
  walk(
    path: string,
    follow: boolean,
  ): [ModelNode & { kind: 'dir' }, string, ModelNode | undefined] | number {
    let parts = path.split('/').filter((part) => part.length > 0);
    let links = 0;
    let at: ModelNode = this.root;
    let parent = this.root;
    let name = '';
    while (parts.length > 0) {
      if (at.kind !== 'dir') return -e.ENOTDIR;
      parent = at;
      name = parts[0];
      parts = parts.slice(1);
      const next: ModelNode | undefined = at.children.get(name);
      if (next === undefined) return parts.length === 0 ? [parent, name, undefined] : -e.ENOENT;
      if (next.kind === 'link' && (parts.length > 0 || follow)) {
        if (++links > 40) return -e.ELOOP;
        parts = [...next.target.split('/').filter((part) => part.length > 0), ...parts];
        at = next.target.startsWith('/') ? this.root : parent;
        if (parts.length === 0) return [parent, '', at];
        continue;
      }
      at = next;
    }
    return [parent, name, at];
  }

  write(path: string, offset: number, bytes: Uint8Array, truncate: boolean): number {
    const found = this.walk(path, true);
    if (typeof found === 'number') return found;
    const [parent, name, node] = found;
    let file = node;
    if (file === undefined) {
      file = { kind: 'file', bytes: new Uint8Array(0), links: 1 };
      parent.children.set(name, file);
    }
    if (file.kind !== 'file') return -e.EISDIR;
    if (truncate) file.bytes = new Uint8Array(0);
    if (bytes.length === 0) return 0;
    const grown = new Uint8Array(Math.max(file.bytes.length, offset + bytes.length));
    grown.set(file.bytes);
    grown.set(bytes, offset);
    file.bytes = grown;
    return bytes.length;
  }

  truncate(path: string, size: number): number {
    const found = this.walk(path, true);
    if (typeof found === 'number') return found;
    const node = found[2];
    if (node === undefined) return -e.ENOENT;
    if (node.kind === 'dir') return -e.EISDIR;
    if (node.kind !== 'file') return -e.EINVAL;
    const next = new Uint8Array(size);
    next.set(node.bytes.subarray(0, size));
    node.bytes = next;
    return 0;
  }

  make(path: string, node: ModelNode): number {
    const found = this.walk(path, false);
    if (typeof found === 'number') return found;
    if (found[2] !== undefined) return -e.EEXIST;
    found[0].children.set(found[1], node);
    return 0;
  }

  unlink(path: string): number {
    const found = this.walk(path, false);
    if (typeof found === 'number') return found;
    const node = found[2];
    if (node === undefined) return -e.ENOENT;
    if (node.kind === 'dir') return -e.EISDIR;
    node.links--;
    found[0].children.delete(found[1]);
    return 0;
  }

  rmdir(path: string): number {
    const found = this.walk(path, false);
    if (typeof found === 'number') return found;
    const node = found[2];
    if (node === undefined) return -e.ENOENT;
    if (found[1] === '') return -e.EBUSY;
    if (node.kind !== 'dir') return -e.ENOTDIR;
    if (node.children.size > 0) return -e.ENOTEMPTY;
    found[0].children.delete(found[1]);
    return 0;
  }

  link(from: string, to: string): number {
    const source = this.walk(from, false);
    if (typeof source === 'number') return source;
    if (source[2] === undefined) return -e.ENOENT;
    const target = this.walk(to, false);
    if (typeof target === 'number') return target;
    if (target[2] !== undefined) return -e.EEXIST;
    if (source[2].kind === 'dir') return -e.EPERM;
    source[2].links++;
    target[0].children.set(target[1], source[2]);
    return 0;
  }

  private within(node: ModelNode, ancestor: ModelNode): boolean {
    if (node === ancestor) return true;
    if (ancestor.kind !== 'dir') return false;
    return [...ancestor.children.values()].some(
      (child) => child.kind === 'dir' && this.within(node, child),
    );
  }

  rename(from: string, to: string): number {
    const source = this.walk(from, false);
    if (typeof source === 'number') return source;
    const target = this.walk(to, false);
    if (typeof target === 'number') return target;
    if (source[1] === '' || target[1] === '') return -e.EBUSY;
    const node = source[2];
    const old = target[2];
    if (node === undefined) return -e.ENOENT;
    if (node.kind === 'dir' && this.within(target[0], node)) return -e.EINVAL;
    if (old !== undefined && old.kind === 'dir' && this.within(source[0], old)) return -e.ENOTEMPTY;
    if (old === node) return 0;
    if (old !== undefined) {
      if (node.kind === 'dir' && old.kind !== 'dir') return -e.ENOTDIR;
      if (node.kind !== 'dir' && old.kind === 'dir') return -e.EISDIR;
      if (old.kind === 'dir' && old.children.size > 0) return -e.ENOTEMPTY;
      if (old.kind !== 'dir') old.links--;
    }
    source[0].children.delete(source[1]);
    target[0].children.set(target[1], node);
    return 0;
  }

  /** One line per name, sorted: everything that must be equal. */
  dump(): string[] {
    const lines: string[] = [];
    const visit = (path: string, node: ModelNode): void => {
      if (node.kind === 'dir') {
        const dirs = [...node.children.values()].filter((child) => child.kind === 'dir').length;
        lines.push(`${path}/ links=${2 + dirs}`);
        for (const [name, child] of node.children) visit(path + '/' + name, child);
      } else if (node.kind === 'link') lines.push(`${path} -> ${node.target} links=${node.links}`);
      else
        lines.push(
          `${path} ${node.bytes.length} ${Buffer.from(node.bytes).toString('base64')} links=${node.links}`,
        );
    };
    visit('', this.root);
    return lines.sort();
  }
}

/** The same lines for the real file system, through the public door. */
export function dump(fs: e.PosixFileSystem): string[] {
  const lines: string[] = [];
  const visit = (path: string): void => {
    const st = fs.lstat(path === '' ? '/' : path);
    const type = st.mode & e.S_IFMT;
    if (type === e.S_IFDIR) {
      lines.push(`${path}/ links=${st.links}`);
      for (const name of fs.readdir(path === '' ? '/' : path)) visit(path + '/' + name);
    } else if (type === e.S_IFLNK) lines.push(`${path} -> ${fs.readlink(path)} links=${st.links}`);
    else {
      const bytes = fs.readFile(path);
      if (bytes.length !== st.size) throw new Error('size differs from content');
      lines.push(
        `${path} ${bytes.length} ${Buffer.from(bytes).toString('base64')} links=${st.links}`,
      );
    }
  };
  visit('');
  return lines.sort();
}

/** Runs an operation and answers its result or -errno. */
export function attempt(operation: () => number | void): number {
  try {
    const result = operation();
    return typeof result === 'number' ? result : 0;
  } catch (error) {
    if (error instanceof e.PosixError) return -error.errno;
    throw error;
  }
}
