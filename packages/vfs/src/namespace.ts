/**
 * The namespace: one tree of names over mounted file systems, and every operation that takes a path.
 *
 * A walk goes component by component through the dentry cache and asks the vnode only for names not seen before.
 * Symbolic links are expanded in place, at most SYMLINKS_MAX of them; '..' stops at the caller's root and crosses
 * mounts upwards. All operations are relative to a `Place`: root, working directory and credentials of a process.
 */
import type { bytestr } from './bytes.js';
import { type Credentials, checkAccess } from './credentials.js';
import { Dentry, DentryCache, pathOf } from './dentry.js';
import {
  EACCES,
  EBUSY,
  EEXIST,
  EINVAL,
  EISDIR,
  ELOOP,
  ENAMETOOLONG,
  ENOENT,
  ENOTDIR,
  ENOTEMPTY,
  ENXIO,
  EPERM,
  EROFS,
  EXDEV,
  Failure,
  failure,
} from './errno.js';
import { DENTRIES_MAX, NAME_BYTES_MAX, PATH_BYTES_MAX, SYMLINKS_MAX } from './limits.js';
import {
  MAY_EXECUTE,
  MAY_READ,
  MAY_WRITE,
  O_ACCMODE,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  O_TRUNC,
  O_WRONLY,
  PERMISSION_BITS,
  S_IFDIR,
  S_IFLNK,
  S_IFREG,
  S_IFSOCK,
  S_ISVTX,
} from './modes.js';
import { type OpenFile, VnodeFile } from './open-file.js';
import { FOLLOW, MountRecord, NO_FOLLOW, type Place, Walk } from './place.js';
import { Attributes, Creation, type FileSystem, type Vnode } from './vnode.js';

export class Namespace {
  readonly root: Dentry;
  readonly mounts: MountRecord[] = [];
  private readonly cache = new DentryCache(DENTRIES_MAX);
  private readonly attributes = new Attributes();
  private deviceIdNext = 1;

  constructor(rootFileSystem: FileSystem, source: bytestr) {
    this.root = new Dentry(undefined, '', rootFileSystem.root());
    this.root.pin();
    this.register(rootFileSystem, this.root, '/', source);
  }

  private register(fileSystem: FileSystem, root: Dentry, path: bytestr, source: bytestr): void {
    if (fileSystem.deviceId === 0) fileSystem.deviceId = this.deviceIdNext++;
    this.mounts.push(new MountRecord(fileSystem, root, path, source, fileSystem.readOnly));
  }

  // ---- mounts ----

  /** Mounts on an existing directory. */
  mount(place: Place, path: bytestr, fileSystem: FileSystem, source: bytestr): number {
    const found = this.find(place, place.cwd, path, FOLLOW);
    if (found instanceof Failure) return -found.errno;
    if (!found.node!.isDirectory()) return -ENOTDIR;
    const root = new Dentry(undefined, '', fileSystem.root());
    root.mountPoint = found;
    root.pin();
    found.pin();
    found.mounted = root;
    const shown = pathOf(found, this.root);
    this.register(fileSystem, root, shown === undefined ? path : shown, source);
    return 0;
  }

  unmount(place: Place, path: bytestr): number {
    const found = this.find(place, place.cwd, path, FOLLOW);
    if (found instanceof Failure) return -found.errno;
    const point = found.mountPoint;
    if (point === undefined || found.parent !== undefined) return -EINVAL;
    if (found.childCount() > 0 && this.anyMountBelow(found)) return -EBUSY;
    for (let index = 0; index < this.mounts.length; index++) {
      if (this.mounts[index].root === found) {
        this.mounts.splice(index, 1);
        break;
      }
    }
    point.mounted = undefined;
    point.unpin();
    return found.node!.fileSystem.sync();
  }

  private anyMountBelow(root: Dentry): boolean {
    for (let index = 0; index < this.mounts.length; index++) {
      const point = this.mounts[index].root.mountPoint;
      if (point !== undefined && point.isWithin(root)) return true;
    }
    return false;
  }

  // ---- walking ----

  /** One name in one directory, through the cache; the answer may be negative. Precondition: `directory` is one. */
  private step(directory: Dentry, name: bytestr): Dentry | Failure {
    const cached = directory.child(name);
    if (cached !== undefined) {
      cached.used = true;
      return cached;
    }
    const node = directory.node!;
    const found = node.lookup(name);
    let child: Dentry;
    if (found instanceof Failure) {
      if (found.errno !== ENOENT) return found;
      child = new Dentry(directory, name, undefined);
    } else {
      child = new Dentry(directory, name, found);
    }
    if (node.fileSystem.cacheable) {
      directory.attach(child);
      this.cache.add(child);
    }
    return child;
  }

  private across(dentry: Dentry): Dentry {
    let at = dentry;
    while (at.mounted !== undefined) at = at.mounted;
    return at;
  }

  private searchable(directory: Dentry, who: Credentials): number {
    const node = directory.node;
    if (node === undefined) return -ENOENT;
    if (!node.isDirectory()) return -ENOTDIR;
    // User 0 may search every directory, so the attributes need not be fetched.
    if (who.uid === 0) return 0;
    node.stat(this.attributes);
    return checkAccess(this.attributes, who, MAY_EXECUTE);
  }

  /** Walks `path` from `start` (or the root). With `follow`, a link as last component is followed. */
  walk(place: Place, start: Dentry, path: bytestr, follow: boolean): Walk | Failure {
    if (path.length === 0) return failure(ENOENT);
    if (path.length >= PATH_BYTES_MAX) return failure(ENAMETOOLONG);
    let rest = path;
    let position = 0;
    let links = 0;
    let at = this.across(start);
    if (rest.charCodeAt(0) === 47) at = this.across(place.root);
    let parent = at;
    let name = '';
    let slashAtEnd = false;
    for (;;) {
      while (position < rest.length && rest.charCodeAt(position) === 47) position++;
      if (position >= rest.length) break;
      let end = rest.indexOf('/', position);
      if (end < 0) end = rest.length;
      const component = rest.slice(position, end);
      let next = end;
      while (next < rest.length && rest.charCodeAt(next) === 47) next++;
      const last = next >= rest.length;
      slashAtEnd = last && next > end;
      position = end;
      if (component.length > NAME_BYTES_MAX) return failure(ENAMETOOLONG);
      const allowed = this.searchable(at, place.credentials);
      if (allowed < 0) return failure(-allowed);
      if (component === '.') {
        parent = at;
        name = '';
        continue;
      }
      if (component === '..') {
        if (at !== this.across(place.root)) at = this.across(at.parentDentry());
        parent = at;
        name = '';
        continue;
      }
      const stepped = this.step(at, component);
      if (stepped instanceof Failure) return stepped;
      const node = stepped.node;
      if (node === undefined) {
        if (!last) return failure(ENOENT);
        return new Walk(at, component, stepped, slashAtEnd);
      }
      if (node.type === S_IFLNK && (!last || follow || slashAtEnd)) {
        links++;
        if (links > SYMLINKS_MAX) return failure(ELOOP);
        const magic = node.magicTarget();
        if (magic !== undefined) {
          parent = at;
          name = '';
          at = magic;
          continue;
        }
        const target = node.readLink();
        if (target instanceof Failure) return target;
        if (target.length === 0) return failure(ENOENT);
        rest = target + rest.slice(end);
        if (rest.length >= PATH_BYTES_MAX) return failure(ENAMETOOLONG);
        position = 0;
        if (rest.charCodeAt(0) === 47) at = this.across(place.root);
        parent = at;
        name = '';
        continue;
      }
      parent = at;
      name = component;
      at = this.across(stepped);
    }
    if (slashAtEnd && at.node !== undefined && !at.node.isDirectory()) return failure(ENOTDIR);
    return new Walk(parent, name, at, slashAtEnd);
  }

  /** An existing file: its dentry, whose node is defined. */
  find(place: Place, start: Dentry, path: bytestr, follow: boolean): Dentry | Failure {
    const walked = this.walk(place, start, path, follow);
    if (walked instanceof Failure) return walked;
    if (walked.dentry.node === undefined) return failure(ENOENT);
    return walked.dentry;
  }

  findNode(place: Place, start: Dentry, path: bytestr, follow: boolean): Vnode | Failure {
    const found = this.find(place, start, path, follow);
    if (found instanceof Failure) return found;
    return found.node!;
  }

  pathOf(dentry: Dentry, place: Place): bytestr | undefined {
    return pathOf(dentry, this.across(place.root));
  }

  // ---- opening ----

  open(
    place: Place,
    start: Dentry,
    path: bytestr,
    flags: number,
    permissions: number,
  ): OpenFile | Failure {
    const exclusive = (flags & O_CREAT) !== 0 && (flags & O_EXCL) !== 0;
    const follow = (flags & O_NOFOLLOW) === 0 && !exclusive;
    const walked = this.walk(place, start, path, follow);
    if (walked instanceof Failure) return walked;
    let dentry = walked.dentry;
    let created = false;
    if (dentry.node === undefined) {
      if ((flags & O_CREAT) === 0) return failure(ENOENT);
      if (walked.trailingSlash) return failure(EISDIR);
      const made = this.createAt(place, walked, S_IFREG, 0, permissions);
      if (made instanceof Failure) return made;
      dentry = made;
      created = true;
    } else if (exclusive) {
      return failure(EEXIST);
    }
    const node = dentry.node!;
    if (node.type === S_IFLNK && (flags & O_PATH) === 0) return failure(ELOOP);
    if (node.isDirectory()) {
      if ((flags & O_CREAT) !== 0) return failure(EISDIR);
    } else if ((flags & O_DIRECTORY) !== 0) {
      return failure(ENOTDIR);
    }
    if ((flags & O_PATH) === 0) {
      const refused = this.refusedOpen(place, node, flags, created);
      if (refused < 0) return failure(-refused);
    }
    return this.openNode(dentry, node, flags);
  }

  private refusedOpen(place: Place, node: Vnode, flags: number, created: boolean): number {
    const access = flags & O_ACCMODE;
    const writes = access !== O_RDONLY || (flags & O_TRUNC) !== 0;
    if (writes && node.isDirectory()) return -EISDIR;
    if (writes && node.fileSystem.readOnly && node.type === S_IFREG) return -EROFS;
    if (node.type === S_IFSOCK) return -ENXIO;
    if (created) return 0;
    let mask = access === O_WRONLY ? 0 : MAY_READ;
    if (writes) mask |= MAY_WRITE;
    node.stat(this.attributes);
    const allowed = checkAccess(this.attributes, place.credentials, mask);
    if (allowed < 0) return allowed;
    if ((flags & O_TRUNC) !== 0 && node.type === S_IFREG) return node.truncate(0);
    return 0;
  }

  private openNode(dentry: Dentry, node: Vnode, flags: number): OpenFile | Failure {
    let file: OpenFile;
    if ((flags & O_PATH) !== 0) {
      file = new VnodeFile(node, flags);
    } else {
      const special = node.open(flags);
      if (special instanceof Failure) return special;
      file = special === undefined ? new VnodeFile(node, flags) : special;
    }
    if (file.dentry === undefined) {
      dentry.pin();
      file.dentry = dentry;
    }
    return file;
  }

  // ---- changing the tree ----

  /** 0 if `place` may change names in `directory`, else -errno. */
  private mayChange(place: Place, directory: Dentry): number {
    const node = directory.node;
    if (node === undefined || directory.unlinked) return -ENOENT;
    if (!node.isDirectory()) return -ENOTDIR;
    node.stat(this.attributes);
    if (this.attributes.links === 0) return -ENOENT;
    const allowed = checkAccess(this.attributes, place.credentials, MAY_WRITE | MAY_EXECUTE);
    if (allowed < 0) return allowed;
    if (node.fileSystem.readOnly) return -EROFS;
    return 0;
  }

  /** In a directory with the sticky bit only the owner of the file or of the directory removes it. */
  private stickyRefuses(place: Place, directory: Vnode, victim: Vnode): boolean {
    const uid = place.credentials.uid;
    if (uid === 0) return false;
    directory.stat(this.attributes);
    if ((this.attributes.mode & S_ISVTX) === 0 || this.attributes.uid === uid) return false;
    victim.stat(this.attributes);
    return this.attributes.uid !== uid;
  }

  private creation(place: Place, permissions: number): Creation {
    const who = place.credentials;
    return new Creation(permissions & PERMISSION_BITS & ~place.umask, who.uid, who.gid);
  }

  /** Makes the negative dentry at the end of a walk positive. */
  private settle(walked: Walk, node: Vnode): Dentry {
    const dentry = walked.dentry;
    dentry.node = node;
    dentry.unlinked = false;
    return dentry;
  }

  private createAt(
    place: Place,
    walked: Walk,
    type: number,
    rdev: number,
    permissions: number,
  ): Dentry | Failure {
    const allowed = this.mayChange(place, walked.parent);
    if (allowed < 0) return failure(-allowed);
    const made = walked.parent.node!.create(
      walked.name,
      type,
      rdev,
      this.creation(place, permissions),
    );
    if (made instanceof Failure) return made;
    return this.settle(walked, made);
  }

  /** A walk that ends at a name which can be made: EEXIST if it exists. */
  private walkToMake(place: Place, start: Dentry, path: bytestr): Walk | Failure {
    const walked = this.walk(place, start, path, NO_FOLLOW);
    if (walked instanceof Failure) {
      // "link/" to a missing directory: the link is there, so making it says EEXIST only without the slash; ENOENT holds.
      return walked;
    }
    if (walked.dentry.node !== undefined || walked.name.length === 0) return failure(EEXIST);
    return walked;
  }

  makeNode(
    place: Place,
    start: Dentry,
    path: bytestr,
    type: number,
    rdev: number,
    permissions: number,
  ): number {
    const walked = this.walkToMake(place, start, path);
    if (walked instanceof Failure) return -walked.errno;
    if (walked.trailingSlash) return -ENOENT;
    const made = this.createAt(place, walked, type, rdev, permissions);
    return made instanceof Failure ? -made.errno : 0;
  }

  makeDirectory(place: Place, start: Dentry, path: bytestr, permissions: number): number {
    const walked = this.walkToMake(place, start, path);
    if (walked instanceof Failure) return -walked.errno;
    const allowed = this.mayChange(place, walked.parent);
    if (allowed < 0) return allowed;
    const creation = this.creation(place, permissions & 0o1777);
    const made = walked.parent.node!.makeDirectory(walked.name, creation);
    if (made instanceof Failure) return -made.errno;
    this.settle(walked, made);
    return 0;
  }

  symlink(place: Place, start: Dentry, path: bytestr, target: bytestr): number {
    if (target.length === 0) return -ENOENT;
    if (target.length >= PATH_BYTES_MAX) return -ENAMETOOLONG;
    const walked = this.walkToMake(place, start, path);
    if (walked instanceof Failure) return -walked.errno;
    if (walked.trailingSlash) return -ENOENT;
    const allowed = this.mayChange(place, walked.parent);
    if (allowed < 0) return allowed;
    const who = place.credentials;
    const made = walked.parent.node!.makeSymlink(
      walked.name,
      target,
      new Creation(0o777, who.uid, who.gid),
    );
    if (made instanceof Failure) return -made.errno;
    this.settle(walked, made);
    return 0;
  }

  link(
    place: Place,
    oldStart: Dentry,
    oldPath: bytestr,
    newStart: Dentry,
    newPath: bytestr,
    follow: boolean,
  ): number {
    const source = this.find(place, oldStart, oldPath, follow);
    if (source instanceof Failure) return -source.errno;
    const walked = this.walkToMake(place, newStart, newPath);
    if (walked instanceof Failure) return -walked.errno;
    if (walked.trailingSlash) return -ENOENT;
    const node = source.node!;
    const directory = walked.parent.node!;
    if (node.fileSystem !== directory.fileSystem) return -EXDEV;
    if (node.isDirectory()) return -EPERM;
    const allowed = this.mayChange(place, walked.parent);
    if (allowed < 0) return allowed;
    const status = directory.link(walked.name, node);
    if (status < 0) return status;
    this.settle(walked, node);
    return 0;
  }

  /** Takes a removed name out of the cache; what is still open or a working directory keeps the old dentry. */
  private forget(dentry: Dentry): void {
    const parent = dentry.parent;
    dentry.unlinked = true;
    if (parent !== undefined) parent.detach(dentry);
  }

  unlink(place: Place, start: Dentry, path: bytestr): number {
    const walked = this.walk(place, start, path, NO_FOLLOW);
    if (walked instanceof Failure) return -walked.errno;
    const node = walked.dentry.node;
    if (node === undefined) return -ENOENT;
    if (walked.name.length === 0) return -EISDIR;
    const allowed = this.mayChange(place, walked.parent);
    if (allowed < 0) return allowed;
    if (node.isDirectory()) return -EISDIR;
    if (this.stickyRefuses(place, walked.parent.node!, node)) return -EPERM;
    if (walked.dentry.mounted !== undefined || walked.dentry.mountPoint !== undefined)
      return -EBUSY;
    const status = walked.parent.node!.unlink(walked.name);
    if (status < 0) return status;
    this.forget(walked.dentry);
    return 0;
  }

  removeDirectory(place: Place, start: Dentry, path: bytestr): number {
    const walked = this.walk(place, start, path, NO_FOLLOW);
    if (walked instanceof Failure) return -walked.errno;
    const node = walked.dentry.node;
    if (node === undefined) return -ENOENT;
    if (walked.name.length === 0) return this.lastWasDot(path);
    if (!node.isDirectory()) return -ENOTDIR;
    if (walked.dentry.mountPoint !== undefined) return -EBUSY;
    const allowed = this.mayChange(place, walked.parent);
    if (allowed < 0) return allowed;
    if (this.stickyRefuses(place, walked.parent.node!, node)) return -EPERM;
    const status = walked.parent.node!.removeDirectory(walked.name);
    if (status < 0) return status;
    this.forget(walked.dentry);
    return 0;
  }

  /** rmdir of '.', '..' and '/' fail in three different ways. */
  private lastWasDot(path: bytestr): number {
    let end = path.length;
    while (end > 0 && path.charCodeAt(end - 1) === 47) end--;
    if (end === 0) return -EBUSY;
    const slash = path.lastIndexOf('/', end - 1);
    const last = path.slice(slash + 1, end);
    return last === '..' ? -ENOTEMPTY : -EINVAL;
  }

  rename(
    place: Place,
    oldStart: Dentry,
    oldPath: bytestr,
    newStart: Dentry,
    newPath: bytestr,
    noReplace: boolean,
  ): number {
    const from = this.walk(place, oldStart, oldPath, NO_FOLLOW);
    if (from instanceof Failure) return -from.errno;
    const to = this.walk(place, newStart, newPath, NO_FOLLOW);
    if (to instanceof Failure) return -to.errno;
    if (from.name.length === 0 || to.name.length === 0) return -EBUSY;
    const source = from.dentry.node;
    if (source === undefined) return -ENOENT;
    const target = to.dentry.node;
    if (target !== undefined && noReplace) return -EEXIST;
    if (from.dentry.mountPoint !== undefined || to.dentry.mountPoint !== undefined) return -EBUSY;
    if (from.parent.node!.fileSystem !== to.parent.node!.fileSystem) return -EXDEV;
    if (to.parent.isWithin(from.dentry)) return -EINVAL;
    if (from.parent.isWithin(to.dentry)) return -ENOTEMPTY;
    if (!source.isDirectory() && (from.trailingSlash || to.trailingSlash)) return -ENOTDIR;
    let allowed = this.mayChange(place, from.parent);
    if (allowed === 0) allowed = this.mayChange(place, to.parent);
    if (allowed < 0) return allowed;
    if (this.stickyRefuses(place, from.parent.node!, source)) return -EPERM;
    if (target !== undefined) {
      if (target === source) return 0;
      if (this.stickyRefuses(place, to.parent.node!, target)) return -EPERM;
      if (source.isDirectory() && !target.isDirectory()) return -ENOTDIR;
      if (!source.isDirectory() && target.isDirectory()) return -EISDIR;
    }
    const status = from.parent.node!.rename(from.name, to.parent.node!, to.name);
    if (status < 0) return status;
    if (to.dentry.parent !== undefined) this.forget(to.dentry);
    from.parent.detach(from.dentry);
    from.dentry.name = to.name;
    if (source.fileSystem.cacheable) to.parent.attach(from.dentry);
    return 0;
  }

  // ---- attributes ----

  access(
    place: Place,
    start: Dentry,
    path: bytestr,
    mask: number,
    who: Credentials,
    follow: boolean,
  ): number {
    const node = this.findNode(place, start, path, follow);
    if (node instanceof Failure) return -node.errno;
    if (mask === 0) return 0;
    node.stat(this.attributes);
    const allowed = checkAccess(this.attributes, who, mask);
    if (allowed < 0) return allowed;
    if (
      (mask & MAY_WRITE) !== 0 &&
      node.fileSystem.readOnly &&
      (node.type === S_IFREG || node.type === S_IFDIR)
    ) {
      return -EROFS;
    }
    return 0;
  }

  chmodNode(place: Place, node: Vnode, permissions: number): number {
    if (node.fileSystem.readOnly) return -EROFS;
    node.stat(this.attributes);
    const uid = place.credentials.uid;
    if (uid !== 0 && uid !== this.attributes.uid) return -EPERM;
    return node.chmod(permissions & PERMISSION_BITS);
  }

  /** -1 leaves a value as it is. */
  chownNode(place: Place, node: Vnode, uid: number, gid: number): number {
    if (node.fileSystem.readOnly) return -EROFS;
    node.stat(this.attributes);
    const who = place.credentials;
    const owner = who.uid === this.attributes.uid;
    if (who.uid !== 0) {
      if (uid !== -1 && !(owner && uid === this.attributes.uid)) return -EPERM;
      if (gid !== -1 && !(owner && who.inGroup(gid))) return -EPERM;
    }
    return node.chown(
      uid === -1 ? this.attributes.uid : uid,
      gid === -1 ? this.attributes.gid : gid,
    );
  }

  truncatePath(place: Place, path: bytestr, size: number): number {
    const node = this.findNode(place, place.cwd, path, FOLLOW);
    if (node instanceof Failure) return -node.errno;
    if (node.isDirectory()) return -EISDIR;
    if (node.type !== S_IFREG) return -EINVAL;
    if (node.fileSystem.readOnly) return -EROFS;
    node.stat(this.attributes);
    const allowed = checkAccess(this.attributes, place.credentials, MAY_WRITE);
    if (allowed < 0) return -EACCES;
    return node.truncate(size);
  }

  changeDirectory(place: Place, dentry: Dentry): number {
    const allowed = this.searchable(dentry, place.credentials);
    if (allowed < 0) return allowed;
    place.setCwd(dentry);
    return 0;
  }

  sync(): number {
    for (let index = 0; index < this.mounts.length; index++) {
      const status = this.mounts[index].fileSystem.sync();
      if (status < 0) return status;
    }
    return 0;
  }
}
