/** Device side of virtio-blk over any storage: an emulator's disk, or the opposite end in tests. */
import {
  BLOCK_CONFIG_BLOCK_BYTES,
  BLOCK_CONFIG_BYTES,
  BLOCK_CONFIG_CAPACITY,
  BLOCK_CONFIG_DISCARD_SECTORS,
  BLOCK_CONFIG_DISCARD_SEGMENTS,
  BLOCK_CONFIG_QUEUE_COUNT,
  BLOCK_CONFIG_SEGMENTS_MAX,
  BLOCK_CONFIG_ZERO_SECTORS,
  BLOCK_CONFIG_ZERO_SEGMENTS,
  BLOCK_DISCARD,
  BLOCK_FLUSH,
  BLOCK_HEADER_BYTES,
  BLOCK_MULTI_QUEUE,
  BLOCK_RANGE_BYTES,
  BLOCK_READ_ONLY,
  BLOCK_SEGMENTS_MAX,
  BLOCK_SIZE,
  BLOCK_STATUS_ERROR,
  BLOCK_STATUS_OK,
  BLOCK_STATUS_UNSUPPORTED,
  BLOCK_TOPOLOGY,
  BLOCK_WRITE_ZEROES,
  BlockOperation,
  SECTOR_BYTES,
} from './block-protocol.js';
import { DeviceChain } from './device-chain.js';
import type { DeviceCore, DeviceModel } from './device-core.js';
import { Features } from './features.js';
import type { GuestMemory } from './memory.js';
import { type DeviceQueue, TakeResult } from './queue.js';
import { DeviceType } from './transport.js';

/** Where the bytes are. Ranges are inside `sizeBytes`; false is an I/O error. */
export interface BlockStorage {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  read(offset: number, into: Uint8Array): boolean;
  write(offset: number, from: Uint8Array): boolean;
  zero(offset: number, bytes: number): boolean;
  flush(): boolean;
}

export class ArrayStorage implements BlockStorage {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly bytes: Uint8Array;
  flushCount = 0;

  constructor(bytes: Uint8Array, readOnly: boolean) {
    this.bytes = bytes;
    this.sizeBytes = bytes.length;
    this.readOnly = readOnly;
  }

  read(offset: number, into: Uint8Array): boolean {
    into.set(this.bytes.subarray(offset, offset + into.length));
    return true;
  }

  write(offset: number, from: Uint8Array): boolean {
    this.bytes.set(from, offset);
    return true;
  }

  zero(offset: number, bytes: number): boolean {
    this.bytes.fill(0, offset, offset + bytes);
    return true;
  }

  flush(): boolean {
    this.flushCount += 1;
    return true;
  }
}

const REQUEST_BYTES_MAX = 0x1000000;
const RANGE_SECTORS_MAX = 0x10000;

export class BlockModel implements DeviceModel {
  readonly deviceType: number = DeviceType.Block;
  readonly features: Features;
  readonly queueSizes: readonly number[];
  readonly configBytes: number = BLOCK_CONFIG_BYTES;
  readonly #storage: BlockStorage;
  readonly #memory: GuestMemory;
  readonly #config: Uint8Array;
  readonly #chain: DeviceChain = new DeviceChain();
  #core: DeviceCore | undefined = undefined;
  #queues: (DeviceQueue | undefined)[] = [];

  constructor(storage: BlockStorage, memory: GuestMemory, queueCount: number, queueSize: number) {
    this.#storage = storage;
    this.#memory = memory;
    let features = Features.of([
      BLOCK_SEGMENTS_MAX,
      BLOCK_SIZE,
      BLOCK_FLUSH,
      BLOCK_TOPOLOGY,
      BLOCK_DISCARD,
      BLOCK_WRITE_ZEROES,
    ]);
    if (storage.readOnly) features = features.with(BLOCK_READ_ONLY);
    if (queueCount > 1) features = features.with(BLOCK_MULTI_QUEUE);
    this.features = features;
    const sizes: number[] = [];
    for (let i = 0; i < queueCount; i += 1) sizes.push(queueSize);
    this.queueSizes = sizes;
    this.#config = new Uint8Array(BLOCK_CONFIG_BYTES);
    const view = new DataView(this.#config.buffer);
    const sectors = Math.trunc(storage.sizeBytes / SECTOR_BYTES);
    view.setUint32(BLOCK_CONFIG_CAPACITY, sectors % 0x100000000, true);
    view.setUint32(BLOCK_CONFIG_CAPACITY + 4, Math.trunc(sectors / 0x100000000), true);
    view.setUint32(BLOCK_CONFIG_SEGMENTS_MAX, 126, true);
    view.setUint32(BLOCK_CONFIG_BLOCK_BYTES, SECTOR_BYTES, true);
    view.setUint16(BLOCK_CONFIG_QUEUE_COUNT, queueCount, true);
    view.setUint32(BLOCK_CONFIG_DISCARD_SECTORS, RANGE_SECTORS_MAX, true);
    view.setUint32(BLOCK_CONFIG_DISCARD_SEGMENTS, 1, true);
    view.setUint32(BLOCK_CONFIG_ZERO_SECTORS, RANGE_SECTORS_MAX, true);
    view.setUint32(BLOCK_CONFIG_ZERO_SEGMENTS, 1, true);
  }

  attach(core: DeviceCore): void {
    this.#core = core;
  }

  loadConfig(offset: number): number {
    return this.#config[offset];
  }

  storeConfig(_offset: number, _value: number): void {}

  start(queues: readonly (DeviceQueue | undefined)[], _features: Features): void {
    this.#queues = [...queues];
  }

  queueChanged(index: number, queue: DeviceQueue | undefined): void {
    while (this.#queues.length <= index) this.#queues.push(undefined);
    this.#queues[index] = queue;
  }

  reset(): void {
    this.#queues = [];
  }

  notified(index: number): void {
    const queue = index < this.#queues.length ? this.#queues[index] : undefined;
    if (queue === undefined) return;
    do {
      queue.disableNotifications();
      // The ring bounds what can wait; a driver that adds for ever is cut off after one ring.
      for (let taken = 0; taken < queue.size; taken += 1) {
        if (queue.take(this.#chain) !== TakeResult.Taken) break;
        queue.complete(this.#chain, this.#serve(this.#chain));
      }
      if (queue.publish()) this.#core?.interruptQueue(index);
    } while (queue.enableNotifications());
  }

  /** Bytes written to the chain. A chain without room for a status byte gets nothing. */
  #serve(chain: DeviceChain): number {
    if (chain.writableBytes === 0) return 0;
    const statusAt = chain.writableBytes - 1;
    const header = new Uint8Array(BLOCK_HEADER_BYTES);
    let status = BLOCK_STATUS_ERROR;
    if (chain.read(this.#memory, 0, header, 0, BLOCK_HEADER_BYTES) === BLOCK_HEADER_BYTES) {
      status = this.#execute(chain, new DataView(header.buffer), statusAt);
    }
    chain.write(this.#memory, statusAt, new Uint8Array([status]), 0, 1);
    return chain.writableBytes;
  }

  #execute(chain: DeviceChain, header: DataView, writable: number): number {
    const operation = header.getUint32(0, true);
    const offset = sectorOffset(header, 8);
    const readable = chain.readableBytes - BLOCK_HEADER_BYTES;
    if (operation === BlockOperation.Read) {
      if (!this.#inside(offset, writable)) return BLOCK_STATUS_ERROR;
      const bytes = new Uint8Array(writable);
      if (!this.#storage.read(offset, bytes)) return BLOCK_STATUS_ERROR;
      chain.write(this.#memory, 0, bytes, 0, writable);
      return BLOCK_STATUS_OK;
    }
    if (operation === BlockOperation.Flush) {
      return this.#storage.flush() ? BLOCK_STATUS_OK : BLOCK_STATUS_ERROR;
    }
    if (operation === BlockOperation.GetId) {
      const id = new Uint8Array(Math.min(writable, 20));
      for (let i = 0; i < Math.min(id.length, 7); i += 1) id[i] = 'tessera'.charCodeAt(i);
      chain.write(this.#memory, 0, id, 0, id.length);
      return BLOCK_STATUS_OK;
    }
    if (this.#storage.readOnly) return BLOCK_STATUS_ERROR;
    if (operation === BlockOperation.Write) {
      if (!this.#inside(offset, readable)) return BLOCK_STATUS_ERROR;
      const bytes = new Uint8Array(readable);
      chain.read(this.#memory, BLOCK_HEADER_BYTES, bytes, 0, readable);
      return this.#storage.write(offset, bytes) ? BLOCK_STATUS_OK : BLOCK_STATUS_ERROR;
    }
    if (operation !== BlockOperation.Discard && operation !== BlockOperation.WriteZeroes) {
      return BLOCK_STATUS_UNSUPPORTED;
    }
    const bytes = new Uint8Array(BLOCK_RANGE_BYTES);
    if (readable !== BLOCK_RANGE_BYTES) return BLOCK_STATUS_ERROR;
    chain.read(this.#memory, BLOCK_HEADER_BYTES, bytes, 0, BLOCK_RANGE_BYTES);
    const range = new DataView(bytes.buffer);
    const start = sectorOffset(range, 0);
    const sectors = range.getUint32(8, true);
    if (sectors > RANGE_SECTORS_MAX || start < 0) return BLOCK_STATUS_ERROR;
    if (sectors * SECTOR_BYTES > this.#storage.sizeBytes - start) return BLOCK_STATUS_ERROR;
    return this.#storage.zero(start, sectors * SECTOR_BYTES) ? BLOCK_STATUS_OK : BLOCK_STATUS_ERROR;
  }

  #inside(offset: number, bytes: number): boolean {
    if (offset < 0 || bytes % SECTOR_BYTES !== 0 || bytes > REQUEST_BYTES_MAX) return false;
    return bytes <= this.#storage.sizeBytes - offset;
  }
}

/** -1 when the sector lies beyond 2^53 bytes. */
function sectorOffset(view: DataView, at: number): number {
  const high = view.getUint32(at + 4, true);
  if (high >= 0x1000) return -1;
  return (high * 0x100000000 + view.getUint32(at, true)) * SECTOR_BYTES;
}
