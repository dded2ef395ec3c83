/** Where a process stands in a namespace, where a walk ended, and what is mounted. */
import type { bytestr } from './bytes.js';
import type { Credentials } from './credentials.js';
import type { Dentry } from './dentry.js';
import type { FileSystem } from './vnode.js';

/** Where a process stands. `umask` is applied to every creation. */
export class Place {
  root: Dentry;
  cwd: Dentry;
  credentials: Credentials;
  umask = 0o022;

  constructor(root: Dentry, credentials: Credentials) {
    this.root = root;
    this.cwd = root;
    this.credentials = credentials;
    root.pin();
  }

  setCwd(dentry: Dentry): void {
    dentry.pin();
    if (this.cwd !== this.root) this.cwd.unpin();
    this.cwd = dentry;
  }
}

/** Where a walk ended: the last component in its directory, existing (`dentry.node`) or not. */
export class Walk {
  readonly parent: Dentry;
  /** The last component; empty if the path ended in '/', '.' or '..' and so names a directory by itself. */
  readonly name: bytestr;
  readonly dentry: Dentry;
  readonly trailingSlash: boolean;

  constructor(parent: Dentry, name: bytestr, dentry: Dentry, trailingSlash: boolean) {
    this.parent = parent;
    this.name = name;
    this.dentry = dentry;
    this.trailingSlash = trailingSlash;
  }
}

export class MountRecord {
  readonly fileSystem: FileSystem;
  readonly root: Dentry;
  readonly path: bytestr;
  readonly source: bytestr;
  readonly readOnly: boolean;

  constructor(
    fileSystem: FileSystem,
    root: Dentry,
    path: bytestr,
    source: bytestr,
    readOnly: boolean,
  ) {
    this.fileSystem = fileSystem;
    this.root = root;
    this.path = path;
    this.source = source;
    this.readOnly = readOnly;
  }
}

export const FOLLOW = true;
export const NO_FOLLOW = false;
