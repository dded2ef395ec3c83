/** Pools from files, memory or any synchronous device. */
import type { BlockDevice } from '../contract.js';
import { type Dataset, findDataset, rootDataset } from '../dsl/dataset.js';
import { KeyStore } from '../dsl/key-store.js';
import { type PropertyValue, property } from '../dsl/properties.js';
import { ZfsError } from '../errors.js';
import { MemoryDevice } from '../memory-device.js';
import { importPool, type OpenOptions, type Pool } from '../pool/pool.js';
import { type CheckResult, checkPool } from '../space/check.js';
import { openFileSystem } from '../zil/replay.js';
import { Volume } from '../zpl/volume.js';
import { FileDevice } from './file-device.js';
import { ZfsFs } from './fs-view.js';
import { type ManifestResult, manifest } from './manifest.js';

/** A path, an image in memory, or a device of your own. */
export type DeviceLike = string | Uint8Array | BlockDevice;

export interface OpenPoolOptions extends OpenOptions {
  /** Passphrases, 64 hexadecimal digits, or 32 raw bytes; each is tried where it fits. */
  readonly keys?: readonly (string | Uint8Array)[];
}

export class OpenDataset {
  readonly raw: Dataset;
  #fs: ZfsFs | null = null;

  constructor(raw: Dataset) {
    this.raw = raw;
  }

  get name(): string {
    return Buffer.from(this.raw.name, 'latin1').toString('utf8');
  }

  /** The dataset's files, with a pending intent log replayed in memory. */
  get fs(): ZfsFs {
    this.#fs ??= new ZfsFs(openFileSystem(this.raw, this.raw.objectSet()));
    return this.#fs;
  }

  get volume(): Volume {
    return new Volume(this.raw);
  }

  property(name: string): PropertyValue | undefined {
    return property(this.raw, name);
  }

  get snapshots(): string[] {
    return this.raw.snapshots().map((snapshot) => snapshot.name);
  }
}

export class OpenPool {
  readonly raw: Pool;
  readonly keys: KeyStore;
  readonly root: Dataset;
  readonly #devices: readonly BlockDevice[];

  constructor(raw: Pool, keys: KeyStore, devices: readonly BlockDevice[]) {
    this.raw = raw;
    this.keys = keys;
    this.root = rootDataset(raw, keys);
    this.#devices = devices;
  }

  get name(): string {
    return this.raw.name;
  }

  /** A file system, volume or snapshot (`pool/a@b`) by name. */
  dataset(name: string): OpenDataset {
    return new OpenDataset(findDataset(this.root, Buffer.from(name, 'utf8').toString('latin1')));
  }

  /** Names of all file systems and volumes, parents first. */
  get datasets(): string[] {
    return this.root.walk().map((dataset) => dataset.name);
  }

  manifest(): ManifestResult {
    return manifest(this.root);
  }

  check(): CheckResult {
    return checkPool(this.raw);
  }

  close(): void {
    for (const device of this.#devices) if (device instanceof FileDevice) device.close();
  }
}

export function openDevices(devices: readonly DeviceLike[]): BlockDevice[] {
  return devices.map((device) => {
    if (typeof device === 'string') return new FileDevice(device);
    if (device instanceof Uint8Array) return new MemoryDevice(device, true);
    return device;
  });
}

/** Opens the pool on these devices, for reading. */
export function openPool(devices: readonly DeviceLike[], options: OpenPoolOptions = {}): OpenPool {
  if (devices.length === 0) throw new ZfsError('invalid', 'no devices were given');
  const opened = openDevices(devices);
  const pool = importPool(opened, options);
  const keys = new KeyStore(pool);
  for (const key of options.keys ?? []) {
    keys.add(typeof key === 'string' ? new Uint8Array(Buffer.from(key, 'utf8')) : key);
  }
  return new OpenPool(pool, keys, opened);
}
