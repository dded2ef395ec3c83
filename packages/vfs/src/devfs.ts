/** /dev: null, zero, full, random, urandom, and whatever else is added with an opener of its own. */
import type { bytestr } from './bytes.js';
import type { Clock, Random } from './contract.js';
import { EBADF, EINVAL, ENOSPC, type Failure } from './errno.js';
import { makeDevice, S_IFCHR } from './modes.js';
import { OpenFile } from './open-file.js';
import { type SyntheticDirectory, SyntheticFileSystem, SyntheticNode } from './synthetic.js';
import type { Attributes, Vnode } from './vnode.js';

const DEVFS_MAGIC = 0x01021994;

export class DeviceNode extends SyntheticNode {
  readonly device: number;
  private readonly opener: (node: DeviceNode, flags: number) => OpenFile | Failure;

  constructor(
    fileSystem: SyntheticFileSystem,
    device: number,
    mode: number,
    opener: (node: DeviceNode, flags: number) => OpenFile | Failure,
  ) {
    super(fileSystem, S_IFCHR, mode);
    this.device = device;
    this.opener = opener;
  }

  override stat(out: Attributes): void {
    super.stat(out);
    out.rdev = this.device;
    out.blockBytes = 4096;
  }

  override open(flags: number): OpenFile | Failure | undefined {
    return this.opener(this, flags);
  }

  override chmod(permissions: number): number {
    this.mode = permissions;
    return 0;
  }

  override truncate(_size: number): number {
    return -EINVAL;
  }
}

/** What reading and writing a memory device does. */
export const DEVICE_NULL = 1;
export const DEVICE_ZERO = 2;
export const DEVICE_FULL = 3;
export const DEVICE_RANDOM = 4;

class MemoryDeviceFile extends OpenFile {
  private readonly node: DeviceNode;
  private readonly kind: number;
  private readonly random: Random;

  constructor(node: DeviceNode, flags: number, kind: number, random: Random) {
    super(flags);
    this.node = node;
    this.kind = kind;
    this.random = random;
  }

  override vnode(): Vnode | undefined {
    return this.node;
  }

  override stat(out: Attributes): void {
    this.node.stat(out);
  }

  override read(into: Uint8Array): number {
    if (!this.mayRead()) return -EBADF;
    if (this.kind === DEVICE_NULL) return 0;
    if (this.kind === DEVICE_RANDOM) this.random.fill(into);
    else into.fill(0, 0, into.length);
    return into.length;
  }

  override write(from: Uint8Array): number {
    if (!this.mayWrite()) return -EBADF;
    return this.kind === DEVICE_FULL ? -ENOSPC : from.length;
  }

  override readAt(_offset: number, into: Uint8Array): number {
    return this.read(into);
  }

  override writeAt(_offset: number, from: Uint8Array): number {
    return this.write(from);
  }

  override seek(_offset: number, _whence: number): number {
    return 0;
  }
}

export class DeviceFileSystem {
  readonly fileSystem: SyntheticFileSystem;
  readonly directory: SyntheticDirectory;

  constructor(clock: Clock, random: Random) {
    this.fileSystem = new SyntheticFileSystem('devtmpfs', DEVFS_MAGIC, clock);
    this.directory = this.fileSystem.rootDirectory();
    this.directory.mode = 0o755;
    this.addMemoryDevice('null', 3, DEVICE_NULL, random);
    this.addMemoryDevice('zero', 5, DEVICE_ZERO, random);
    this.addMemoryDevice('full', 7, DEVICE_FULL, random);
    this.addMemoryDevice('random', 8, DEVICE_RANDOM, random);
    this.addMemoryDevice('urandom', 9, DEVICE_RANDOM, random);
    this.directory.symlink('fd', () => '/proc/self/fd');
    this.directory.symlink('stdin', () => '/proc/self/fd/0');
    this.directory.symlink('stdout', () => '/proc/self/fd/1');
    this.directory.symlink('stderr', () => '/proc/self/fd/2');
    this.directory.directory('shm');
    this.directory.directory('pts');
  }

  private addMemoryDevice(name: bytestr, minor: number, kind: number, random: Random): void {
    this.add(
      name,
      makeDevice(1, minor),
      0o666,
      (node: DeviceNode, flags: number): OpenFile | Failure =>
        new MemoryDeviceFile(node, flags, kind, random),
    );
  }

  /** Adds a character device; `opener` is called at each open. */
  add(
    name: bytestr,
    device: number,
    mode: number,
    opener: (node: DeviceNode, flags: number) => OpenFile | Failure,
  ): DeviceNode {
    const node = new DeviceNode(this.fileSystem, device, mode, opener);
    this.directory.add(name, node);
    return node;
  }
}
