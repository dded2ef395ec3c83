/** Creating and changing pools from Node, with names as ordinary text. */
import { randomFillSync } from 'node:crypto';
import type { BlockDevice, RandomSource, WallClock } from '../contract.js';
import { ZfsError } from '../errors.js';
import { MemoryDevice } from '../memory-device.js';
import { createPool as create, type Layout, openForWriting } from '../write/create-pool.js';
import type { FileWriter } from '../write/file-writer.js';
import type { PoolWriter } from '../write/pool-writer.js';
import { FileDevice } from './file-device.js';
import { encodeName } from './fs-view.js';
import type { DeviceLike } from './open-pool.js';

const random: RandomSource = {
  fill(bytes) {
    randomFillSync(bytes);
  },
};
const clock: WallClock = { nowSeconds: () => Math.trunc(Date.now() / 1000) };

export interface CreatePoolOptions {
  readonly name: string;
  readonly layout?: Layout;
  /** log2 of the sector size; 12 by default. */
  readonly ashift?: number;
  /** Needed when a device already holds something. */
  readonly force?: boolean;
}

/** A file system being changed. Nothing is on disk before `pool.sync()`. */
export class WritableFs {
  readonly raw: FileWriter;
  constructor(raw: FileWriter) {
    this.raw = raw;
  }
  writeFileSync(path: string, content: string | Uint8Array, mode = 0o644): void {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
    const file = this.raw.open(encodeName(path), mode);
    this.raw.truncate(file, 0);
    this.raw.write(file, 0, bytes);
  }
  /** Writes part of a file, which is created when it is not there. */
  writeSync(path: string, bytes: Uint8Array, position: number): void {
    this.raw.write(this.raw.open(encodeName(path), 0o644), position, bytes);
  }
  truncateSync(path: string, size: number): void {
    this.raw.truncate(this.raw.open(encodeName(path), 0o644), size);
  }
  mkdirSync(path: string, mode = 0o755): void {
    this.raw.mkdir(encodeName(path), mode);
  }
  symlinkSync(target: string, path: string): void {
    this.raw.symlink(encodeName(target), encodeName(path));
  }
  linkSync(existing: string, path: string): void {
    this.raw.link(encodeName(existing), encodeName(path));
  }
  renameSync(from: string, to: string): void {
    this.raw.rename(encodeName(from), encodeName(to));
  }
  /** Removes a file, link or empty directory. */
  rmSync(path: string): void {
    this.raw.remove(encodeName(path));
  }
}

export class WritablePool {
  readonly raw: PoolWriter;
  readonly name: string;
  readonly #devices: readonly BlockDevice[];

  constructor(raw: PoolWriter, name: string, devices: readonly BlockDevice[]) {
    this.raw = raw;
    this.name = name;
    this.#devices = devices;
  }

  #path(dataset: string): string[] {
    const parts = encodeName(dataset).split('/');
    if (parts[0] !== this.name) throw new ZfsError('not-found', `no dataset ${dataset}`);
    return parts.slice(1);
  }

  fs(dataset: string): WritableFs {
    return new WritableFs(this.raw.fileSystem(this.#path(dataset)));
  }

  createFileSystem(dataset: string): WritableFs {
    return new WritableFs(this.raw.createFileSystem(this.#path(dataset)));
  }

  /** Takes `pool/fs@name` of what the next sync writes. */
  snapshot(name: string): void {
    const at = name.indexOf('@');
    if (at < 0) throw new ZfsError('invalid', `no snapshot name in ${name}`);
    this.raw.snapshot(this.#path(name.slice(0, at)), encodeName(name.slice(at + 1)));
  }

  /** Puts all changes on disk as one transaction group. */
  sync(): void {
    this.raw.sync();
  }

  /** Syncs nothing: what was not synced is given up. */
  close(): void {
    for (const device of this.#devices) if (device instanceof FileDevice) device.close();
  }
}

function openAll(devices: readonly DeviceLike[]): BlockDevice[] {
  return devices.map((device) => {
    if (typeof device === 'string') return new FileDevice(device, false);
    if (device instanceof Uint8Array) return new MemoryDevice(device, false);
    return device;
  });
}

function isBlank(device: BlockDevice): boolean {
  const bytes = new Uint8Array(262144);
  for (const offset of [0, device.sizeBytes - bytes.length]) {
    device.wait(device.submit([{ kind: 'read', offsetBytes: offset, bytes }]));
    for (const byte of bytes) if (byte !== 0) return false;
  }
  return true;
}

/** Creates a pool; its devices are files or block devices of at least 64 MiB. */
export function createPool(
  devices: readonly DeviceLike[],
  options: CreatePoolOptions,
): WritablePool {
  const opened = openAll(devices);
  if (options.force !== true) {
    for (let i = 0; i < opened.length; i++) {
      if (opened[i].sizeBytes >= 262144 && !isBlank(opened[i])) {
        throw new ZfsError('exists', `device ${i} is not empty; use force to overwrite it`);
      }
    }
  }
  const writer = create(opened, {
    name: encodeName(options.name),
    layout: options.layout ?? 'single',
    ashift: options.ashift ?? 12,
    paths: devices.map((device, i) =>
      typeof device === 'string' ? encodeName(device) : `/${options.name}/${i}`,
    ),
    random,
    clock,
  });
  return new WritablePool(writer, options.name, opened);
}

/** Opens a pool that this package created for writing; refuses every other with a reason. */
export function openWritablePool(devices: readonly DeviceLike[]): WritablePool {
  const opened = openAll(devices);
  const { writer, name } = openForWriting(opened, random, clock);
  return new WritablePool(writer, name, opened);
}
