/** Calls that take a path, and their descriptor forms: open, stat, names, links, owners, times. */

import type { u64 } from '@tessera/machine';
import {
  Attributes,
  type bytestr,
  checkAccess,
  type Dentry,
  dataView,
  EBADF,
  EFAULT,
  EINVAL,
  ENOENT,
  ENOTDIR,
  EOPNOTSUPP,
  ERANGE,
  Failure,
  FileSystemAttributes,
  failure,
  O_CLOEXEC,
  O_CREAT,
  O_TRUNC,
  O_WRONLY,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  stringToBytes,
  type Vnode,
} from '@tessera/vfs';
import { type Call, int32, lengthOf, signedOf, uint32, userAddress } from '../call.js';
import {
  DirectoryEncoder,
  encodeStat,
  encodeStatfs,
  encodeStatx,
  STAT_BYTES,
  STATFS_BYTES,
  STATX_BYTES,
} from './stat-layout.js';
import type { SystemCallTable } from './table.js';

const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_REMOVEDIR = 0x200;
const AT_EACCESS = 0x200;
const AT_SYMLINK_FOLLOW = 0x400;
const AT_EMPTY_PATH = 0x1000;
const RENAME_NOREPLACE = 1;
const UTIME_NOW = 0x3fffffff;
const UTIME_OMIT = 0x3ffffffe;
const DIRECTORY_BYTES_MAX = 65536;
/** AT_FDCWD as a raw argument. */
const HERE: u64 = 0xffffffffffffff9cn;

function openAt(
  call: Call,
  directory: u64,
  pathArgument: u64,
  flags: number,
  mode: number,
): number {
  const path = call.path(pathArgument);
  if (path instanceof Failure) return -path.errno;
  const start = call.start(directory, path);
  if (start instanceof Failure) return -start.errno;
  // O_TMPFILE carries O_DIRECTORY, so that old kernels refuse it; so do we.
  if ((flags & 0o20000000) !== 0) return -EOPNOTSUPP;
  const place = call.process.place;
  const opened = call.system.namespace.open(place, start, path, flags, mode);
  if (opened instanceof Failure) return -opened.errno;
  const descriptor = call.process.files.install(opened, 0, (flags & O_CLOEXEC) !== 0);
  if (descriptor < 0) opened.release();
  // Creation flags are no part of what F_GETFL shows.
  opened.flags = opened.flags & ~(O_CREAT | O_TRUNC | O_CLOEXEC | 0o200 | 0o400);
  return descriptor;
}

/** The node that a path, or with AT_EMPTY_PATH a descriptor, names. */
function nodeAt(call: Call, directory: u64, pathArgument: u64, flags: number): Vnode | Failure {
  const path = call.path(pathArgument);
  if (path instanceof Failure) return path;
  if (path.length === 0) {
    if ((flags & AT_EMPTY_PATH) === 0) return failure(ENOENT);
    if (int32(directory) === -100) return call.process.place.cwd.node!;
    const file = call.file(directory);
    if (file instanceof Failure) return file;
    const node = file.vnode();
    return node === undefined ? failure(EBADF) : node;
  }
  const start = call.start(directory, path);
  if (start instanceof Failure) return start;
  return call.system.namespace.findNode(
    call.process.place,
    start,
    path,
    (flags & AT_SYMLINK_NOFOLLOW) === 0,
  );
}

function putStat(call: Call, address: u64, attributes: Attributes): number {
  return call.put(userAddress(address), encodeStat(attributes), STAT_BYTES);
}

function statAt(call: Call, directory: u64, path: u64, out: u64, flags: number): number {
  const attributes = new Attributes();
  if ((flags & AT_EMPTY_PATH) !== 0 && isEmpty(call, path)) {
    if (int32(directory) !== -100) return statOpen(call, directory, out);
  }
  const node = nodeAt(call, directory, path, flags);
  if (node instanceof Failure) return -node.errno;
  node.stat(attributes);
  return putStat(call, out, attributes);
}

/** glibc's fstat is newfstatat(fd, "", AT_EMPTY_PATH). */
function isEmpty(call: Call, path: u64): boolean {
  const address = userAddress(path);
  return address >= 0 && call.memory.load8(address) === 0;
}

function statOpen(call: Call, descriptor: u64, out: u64): number {
  const file = call.file(descriptor);
  if (file instanceof Failure) return -file.errno;
  const attributes = new Attributes();
  file.stat(attributes);
  return putStat(call, out, attributes);
}

function statx(call: Call): number {
  const flags = int32(call.a2);
  const attributes = new Attributes();
  if ((flags & AT_EMPTY_PATH) !== 0 && isEmpty(call, call.a1) && int32(call.a0) !== -100) {
    const file = call.file(call.a0);
    if (file instanceof Failure) return -file.errno;
    file.stat(attributes);
  } else {
    const node = nodeAt(call, call.a0, call.a1, flags);
    if (node instanceof Failure) return -node.errno;
    node.stat(attributes);
  }
  return call.put(userAddress(call.a4), encodeStatx(attributes), STATX_BYTES);
}

function accessAt(call: Call, directory: u64, path: u64, mode: number, flags: number): number {
  if ((mode & ~7) !== 0 || (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0)
    return -EINVAL;
  const node = nodeAt(call, directory, path, flags);
  if (node instanceof Failure) return -node.errno;
  if (mode === 0) return 0;
  const attributes = new Attributes();
  node.stat(attributes);
  const allowed = checkAccess(attributes, call.process.place.credentials, mode);
  if (allowed < 0) return allowed;
  if ((mode & 2) !== 0 && node.fileSystem.readOnly && node.type !== S_IFCHR) return -30;
  return 0;
}

function readLinkAt(call: Call, directory: u64, path: u64, out: u64, size: number): number {
  if (size <= 0) return -EINVAL;
  const node = nodeAt(call, directory, path, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
  if (node instanceof Failure) return -node.errno;
  const target = node.readLink();
  if (target instanceof Failure) return -target.errno;
  const bytes = stringToBytes(target);
  const length = bytes.length < size ? bytes.length : size;
  const status = call.put(userAddress(out), bytes, length);
  return status < 0 ? status : length;
}

function listDirectory(call: Call): number {
  const file = call.file(call.a0);
  if (file instanceof Failure) return -file.errno;
  const room = lengthOf(call.a2);
  const encoder = new DirectoryEncoder(room > DIRECTORY_BYTES_MAX ? DIRECTORY_BYTES_MAX : room);
  const status = file.readDirectory(encoder);
  if (status < 0) return status;
  if (encoder.used === 0) return encoder.full ? -EINVAL : 0;
  const stored = call.put(userAddress(call.a1), encoder.bytes, encoder.used);
  return stored < 0 ? stored : encoder.used;
}

/** A path and where it starts, or -errno in `status`. */
class Located {
  readonly start: Dentry;
  readonly path: bytestr;

  constructor(start: Dentry, path: bytestr) {
    this.start = start;
    this.path = path;
  }
}

function locate(call: Call, directory: u64, argument: u64): Located | Failure {
  const path = call.path(argument);
  if (path instanceof Failure) return path;
  const start = call.start(directory, path);
  if (start instanceof Failure) return start;
  return new Located(start, path);
}

function makeDirectoryAt(call: Call, directory: u64, path: u64, mode: number): number {
  const at = locate(call, directory, path);
  if (at instanceof Failure) return -at.errno;
  return call.system.namespace.makeDirectory(call.process.place, at.start, at.path, mode);
}

function makeNodeAt(call: Call, directory: u64, path: u64, mode: number, device: number): number {
  const at = locate(call, directory, path);
  if (at instanceof Failure) return -at.errno;
  let type = mode & S_IFMT;
  if (type === 0) type = S_IFREG;
  if (type === S_IFDIR || type === S_IFLNK) return -EINVAL;
  if (
    type !== S_IFREG &&
    type !== S_IFCHR &&
    type !== S_IFBLK &&
    type !== S_IFIFO &&
    type !== S_IFSOCK
  )
    return -EINVAL;
  return call.system.namespace.makeNode(call.process.place, at.start, at.path, type, device, mode);
}

function unlinkAt(call: Call, directory: u64, path: u64, flags: number): number {
  const at = locate(call, directory, path);
  if (at instanceof Failure) return -at.errno;
  const namespace = call.system.namespace;
  const place = call.process.place;
  if ((flags & AT_REMOVEDIR) !== 0) return namespace.removeDirectory(place, at.start, at.path);
  return namespace.unlink(place, at.start, at.path);
}

function renameAt(
  call: Call,
  fromDir: u64,
  fromPath: u64,
  toDir: u64,
  toPath: u64,
  flags: number,
): number {
  if ((flags & ~RENAME_NOREPLACE) !== 0) return -EINVAL;
  const from = locate(call, fromDir, fromPath);
  if (from instanceof Failure) return -from.errno;
  const to = locate(call, toDir, toPath);
  if (to instanceof Failure) return -to.errno;
  const place = call.process.place;
  return call.system.namespace.rename(place, from.start, from.path, to.start, to.path, flags !== 0);
}

function linkAt(
  call: Call,
  fromDir: u64,
  fromPath: u64,
  toDir: u64,
  toPath: u64,
  flags: number,
): number {
  const from = locate(call, fromDir, fromPath);
  if (from instanceof Failure) return -from.errno;
  const to = locate(call, toDir, toPath);
  if (to instanceof Failure) return -to.errno;
  const follow = (flags & AT_SYMLINK_FOLLOW) !== 0;
  return call.system.namespace.link(
    call.process.place,
    from.start,
    from.path,
    to.start,
    to.path,
    follow,
  );
}

function symlinkAt(call: Call, target: u64, directory: u64, path: u64): number {
  const text = call.path(target);
  if (text instanceof Failure) return -text.errno;
  const at = locate(call, directory, path);
  if (at instanceof Failure) return -at.errno;
  return call.system.namespace.symlink(call.process.place, at.start, at.path, text);
}

function chmodAt(call: Call, directory: u64, path: u64, mode: number): number {
  const node = nodeAt(call, directory, path, 0);
  if (node instanceof Failure) return -node.errno;
  return call.system.namespace.chmodNode(call.process.place, node, mode);
}

function openNode(call: Call, descriptor: u64): Vnode | Failure {
  const file = call.file(descriptor);
  if (file instanceof Failure) return file;
  const node = file.vnode();
  return node === undefined ? failure(EINVAL) : node;
}

function chmodOpen(call: Call): number {
  const node = openNode(call, call.a0);
  if (node instanceof Failure) return -node.errno;
  return call.system.namespace.chmodNode(call.process.place, node, uint32(call.a1));
}

function chownAt(
  call: Call,
  directory: u64,
  path: u64,
  uid: number,
  gid: number,
  flags: number,
): number {
  const node = nodeAt(call, directory, path, flags);
  if (node instanceof Failure) return -node.errno;
  return call.system.namespace.chownNode(call.process.place, node, uid, gid);
}

function chownOpen(call: Call): number {
  const node = openNode(call, call.a0);
  if (node instanceof Failure) return -node.errno;
  return call.system.namespace.chownNode(call.process.place, node, int32(call.a1), int32(call.a2));
}

function truncatePath(call: Call): number {
  const path = call.path(call.a0);
  if (path instanceof Failure) return -path.errno;
  const size = signedOf(call.a1);
  if (size < 0) return -EINVAL;
  return call.system.namespace.truncatePath(call.process.place, path, size);
}

/** Seconds and nanoseconds of one stamp, resolved against now and what is there. */
function resolveTime(
  call: Call,
  seconds: number,
  nanoseconds: number,
  old: number,
  oldNs: number,
): number[] {
  if (nanoseconds === UTIME_OMIT) return [old, oldNs];
  if (nanoseconds === UTIME_NOW) {
    const nowUs = call.system.fileClock.realtimeUs();
    const whole = Math.trunc(nowUs / 1000000);
    return [whole, (nowUs - whole * 1000000) * 1000];
  }
  return [seconds, nanoseconds];
}

function setTimes(call: Call, node: Vnode, address: number): number {
  let a = 0;
  let aNs = UTIME_NOW;
  let m = 0;
  let mNs = UTIME_NOW;
  if (address !== 0) {
    const bytes = call.take(address, 32);
    if (bytes === undefined) return -EFAULT;
    const view = dataView(bytes);
    a = signedOf(view.getBigUint64(0, true));
    aNs = signedOf(view.getBigUint64(8, true));
    m = signedOf(view.getBigUint64(16, true));
    mNs = signedOf(view.getBigUint64(24, true));
  }
  return applyTimes(call, node, a, aNs, m, mNs);
}

function applyTimes(
  call: Call,
  node: Vnode,
  a: number,
  aNs: number,
  m: number,
  mNs: number,
): number {
  if (badNanoseconds(aNs) || badNanoseconds(mNs)) return -EINVAL;
  if (node.fileSystem.readOnly) return -30;
  const attributes = new Attributes();
  node.stat(attributes);
  const who = call.process.place.credentials;
  if (who.uid !== 0 && who.uid !== attributes.uid) {
    const allowed = checkAccess(attributes, who, 2);
    if (aNs !== UTIME_NOW || mNs !== UTIME_NOW || allowed < 0) return -1;
  }
  const access = resolveTime(call, a, aNs, attributes.atimeSeconds, attributes.atimeNanoseconds);
  const modify = resolveTime(call, m, mNs, attributes.mtimeSeconds, attributes.mtimeNanoseconds);
  return node.setTimes(access[0], access[1], modify[0], modify[1]);
}

function badNanoseconds(value: number): boolean {
  return (value < 0 || value > 999999999) && value !== UTIME_NOW && value !== UTIME_OMIT;
}

function setTimesAt(call: Call): number {
  // A null path means the descriptor itself (futimens).
  if (call.a1 === 0n) {
    const node = openNode(call, call.a0);
    if (node instanceof Failure) return -node.errno;
    return setTimes(call, node, userAddress(call.a2));
  }
  const node = nodeAt(call, call.a0, call.a1, int32(call.a3));
  if (node instanceof Failure) return -node.errno;
  return setTimes(call, node, userAddress(call.a2));
}

/** utimes and utime: microseconds or whole seconds. */
function setTimesOld(call: Call, directory: u64, path: u64, times: u64, perSecond: number): number {
  const node = nodeAt(call, directory, path, 0);
  if (node instanceof Failure) return -node.errno;
  const address = userAddress(times);
  if (address === 0) return applyTimes(call, node, 0, UTIME_NOW, 0, UTIME_NOW);
  const bytes = call.take(address, perSecond === 0 ? 16 : 32);
  if (bytes === undefined) return -EFAULT;
  const view = dataView(bytes);
  const a = signedOf(view.getBigUint64(0, true));
  if (perSecond === 0) return applyTimes(call, node, a, 0, signedOf(view.getBigUint64(8, true)), 0);
  const aUs = signedOf(view.getBigUint64(8, true));
  const mUs = signedOf(view.getBigUint64(24, true));
  if (aUs < 0 || aUs > 999999 || mUs < 0 || mUs > 999999) return -EINVAL;
  return applyTimes(call, node, a, aUs * 1000, signedOf(view.getBigUint64(16, true)), mUs * 1000);
}

function currentDirectory(call: Call): number {
  const path = call.system.namespace.pathOf(call.process.place.cwd, call.process.place);
  if (path === undefined) return -ENOENT;
  const size = lengthOf(call.a1);
  if (size < path.length + 1) return -ERANGE;
  const bytes = stringToBytes(path + '\0');
  const status = call.put(userAddress(call.a0), bytes, bytes.length);
  return status < 0 ? status : bytes.length;
}

function changeDirectory(call: Call): number {
  const path = call.path(call.a0);
  if (path instanceof Failure) return -path.errno;
  const place = call.process.place;
  const found = call.system.namespace.find(place, place.cwd, path, true);
  if (found instanceof Failure) return -found.errno;
  return call.system.namespace.changeDirectory(place, found);
}

function changeDirectoryOpen(call: Call): number {
  const file = call.file(call.a0);
  if (file instanceof Failure) return -file.errno;
  const dentry = file.dentry;
  if (dentry === undefined) return -ENOTDIR;
  return call.system.namespace.changeDirectory(call.process.place, dentry);
}

function changeRoot(call: Call): number {
  const path = call.path(call.a0);
  if (path instanceof Failure) return -path.errno;
  const place = call.process.place;
  const found = call.system.namespace.find(place, place.cwd, path, true);
  if (found instanceof Failure) return -found.errno;
  if (!found.node!.isDirectory()) return -ENOTDIR;
  found.pin();
  place.root = found;
  return 0;
}

function statfsNode(call: Call, node: Vnode, out: u64): number {
  const attributes = new FileSystemAttributes();
  node.fileSystem.statistics(attributes);
  return call.put(
    userAddress(out),
    encodeStatfs(attributes, node.fileSystem.deviceId),
    STATFS_BYTES,
  );
}

function statfsPath(call: Call): number {
  const node = nodeAt(call, HERE, call.a0, 0);
  if (node instanceof Failure) return -node.errno;
  return statfsNode(call, node, call.a1);
}

function statfsOpen(call: Call): number {
  const node = openNode(call, call.a0);
  if (node instanceof Failure) return -node.errno;
  return statfsNode(call, node, call.a1);
}

function setMask(call: Call): number {
  const place = call.process.place;
  const old = place.umask;
  place.umask = int32(call.a0) & 0o777;
  return old;
}

export function addPathCalls(table: SystemCallTable): void {
  const noTmpfile = 'no O_TMPFILE';
  table.partly(2, 'sFo', noTmpfile, (c: Call): number =>
    openAt(c, HERE, c.a0, int32(c.a1), uint32(c.a2)),
  );
  table.done(4, 'sp', (c: Call): number => statAt(c, HERE, c.a0, c.a1, 0));
  table.done(5, 'fp', (c: Call): number => statOpen(c, c.a0, c.a1));
  table.done(6, 'sp', (c: Call): number => statAt(c, HERE, c.a0, c.a1, AT_SYMLINK_NOFOLLOW));
  table.done(21, 'so', (c: Call): number => accessAt(c, HERE, c.a0, int32(c.a1), 0));
  table.done(76, 'sd', truncatePath);
  table.done(79, 'pn', currentDirectory);
  table.done(80, 's', changeDirectory);
  table.done(81, 'f', changeDirectoryOpen);
  table.done(82, 'ss', (c: Call): number => renameAt(c, HERE, c.a0, HERE, c.a1, 0));
  table.done(83, 'so', (c: Call): number => makeDirectoryAt(c, HERE, c.a0, uint32(c.a1)));
  table.done(84, 's', (c: Call): number => unlinkAt(c, HERE, c.a0, AT_REMOVEDIR));
  table.partly(85, 'so', noTmpfile, (c: Call): number =>
    openAt(c, HERE, c.a0, O_CREAT | O_WRONLY | O_TRUNC, uint32(c.a1)),
  );
  table.done(86, 'ss', (c: Call): number => linkAt(c, HERE, c.a0, HERE, c.a1, 0));
  table.done(87, 's', (c: Call): number => unlinkAt(c, HERE, c.a0, 0));
  table.done(88, 'ss', (c: Call): number => symlinkAt(c, c.a0, HERE, c.a1));
  table.done(89, 'spn', (c: Call): number => readLinkAt(c, HERE, c.a0, c.a1, int32(c.a2)));
  table.done(90, 'so', (c: Call): number => chmodAt(c, HERE, c.a0, uint32(c.a1)));
  table.done(91, 'fo', chmodOpen);
  table.done(92, 'sdd', (c: Call): number => chownAt(c, HERE, c.a0, int32(c.a1), int32(c.a2), 0));
  table.done(93, 'fdd', chownOpen);
  table.done(94, 'sdd', (c: Call): number =>
    chownAt(c, HERE, c.a0, int32(c.a1), int32(c.a2), AT_SYMLINK_NOFOLLOW),
  );
  table.done(95, 'o', setMask);
  table.done(132, 'sp', (c: Call): number => setTimesOld(c, HERE, c.a0, c.a1, 0));
  table.partly(133, 'sod', 'device nodes cannot be opened', (c: Call): number =>
    makeNodeAt(c, HERE, c.a0, uint32(c.a1), uint32(c.a2)),
  );
  table.done(137, 'sp', statfsPath);
  table.done(138, 'fp', statfsOpen);
  table.partly(161, 's', 'descriptors from outside are not refused', changeRoot);
  table.done(162, '', (c: Call): number => (c.system.namespace.sync() < 0 ? 0 : 0));
  table.done(217, 'fpn', listDirectory);
  table.done(235, 'sp', (c: Call): number => setTimesOld(c, HERE, c.a0, c.a1, 1000000));
  table.partly(257, 'AsFo', noTmpfile, (c: Call): number =>
    openAt(c, c.a0, c.a1, int32(c.a2), uint32(c.a3)),
  );
  table.done(258, 'Aso', (c: Call): number => makeDirectoryAt(c, c.a0, c.a1, uint32(c.a2)));
  table.partly(259, 'Asod', 'device nodes cannot be opened', (c: Call): number =>
    makeNodeAt(c, c.a0, c.a1, uint32(c.a2), uint32(c.a3)),
  );
  table.done(260, 'Asddx', (c: Call): number =>
    chownAt(c, c.a0, c.a1, int32(c.a2), int32(c.a3), int32(c.a4)),
  );
  table.done(261, 'Asp', (c: Call): number => setTimesOld(c, c.a0, c.a1, c.a2, 1000000));
  table.done(262, 'Aspx', (c: Call): number => statAt(c, c.a0, c.a1, c.a2, int32(c.a3)));
  table.done(263, 'Asx', (c: Call): number => unlinkAt(c, c.a0, c.a1, int32(c.a2)));
  table.done(264, 'AsAs', (c: Call): number => renameAt(c, c.a0, c.a1, c.a2, c.a3, 0));
  table.done(265, 'AsAsx', (c: Call): number => linkAt(c, c.a0, c.a1, c.a2, c.a3, int32(c.a4)));
  table.done(266, 'sAs', (c: Call): number => symlinkAt(c, c.a0, c.a1, c.a2));
  table.done(267, 'Aspn', (c: Call): number => readLinkAt(c, c.a0, c.a1, c.a2, int32(c.a3)));
  table.done(268, 'Aso', (c: Call): number => chmodAt(c, c.a0, c.a1, uint32(c.a2)));
  table.done(269, 'Aso', (c: Call): number => accessAt(c, c.a0, c.a1, int32(c.a2), 0));
  table.done(280, 'Aspx', setTimesAt);
  table.partly(316, 'AsAsx', 'RENAME_NOREPLACE only', (c: Call): number =>
    renameAt(c, c.a0, c.a1, c.a2, c.a3, int32(c.a4)),
  );
  table.partly(332, 'Asxxp', 'basic fields; no birth time', statx);
  table.done(439, 'Asox', (c: Call): number => accessAt(c, c.a0, c.a1, int32(c.a2), int32(c.a3)));
  table.done(306, 'f', (c: Call): number => {
    const file = c.file(c.a0);
    return file instanceof Failure ? -file.errno : c.system.namespace.sync() < 0 ? -5 : 0;
  });
}
