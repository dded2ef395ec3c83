/**
 * A received dataset in memory: what the records of full and incremental streams leave, readable as a file system.
 *
 * Blocks are kept as they came (compressed ones too) and opened when read.
 */
import type { DataObject, ObjectSource } from '../dmu/object-source.js';
import { corrupt, unsupported, ZfsError } from '../errors.js';
import type { NvList } from '../nvlist/nvlist.js';
import { unpackNvList } from '../nvlist/packed.js';
import { decompress } from '../pool/decompress.js';
import { View } from '../view.js';
import { RawReceiver } from './raw.js';
import {
  BEGIN,
  FREE,
  FREE_OBJECTS,
  OBJECT,
  OBJECT_RANGE,
  REDACT,
  readStream,
  SPILL,
  type StreamRecord,
  WRITE,
  WRITE_BY_REFERENCE,
  WRITE_EMBEDDED,
} from './records.js';

const MAX_BLOCK_BYTES = 16777216;
const SUBSTREAM = 1n;
const COMPOUND = 2n;

export class StoredBlock {
  readonly bytes: Uint8Array;
  readonly compression: number;
  readonly sizeBytes: number;
  constructor(bytes: Uint8Array, compression: number, sizeBytes: number) {
    this.bytes = bytes;
    this.compression = compression;
    this.sizeBytes = sizeBytes;
  }

  open(): Uint8Array {
    if (this.compression === 0 || this.compression === 2) return this.bytes;
    const out = new Uint8Array(this.sizeBytes);
    if (!decompress(this.compression, this.bytes, out)) {
      throw corrupt('a block of a send stream does not decompress');
    }
    return out;
  }
}

export class ReceivedObject implements DataObject {
  readonly object: number;
  type: number;
  bonusType: number;
  dataBlockBytes: number;
  bonusContent: Uint8Array;
  readonly little: boolean;
  /** By offset in bytes. */
  readonly blocks: Map<number, StoredBlock> = new Map();
  spill: StoredBlock | null = null;

  constructor(
    object: number,
    little: boolean,
    type: number,
    bonusType: number,
    blockBytes: number,
  ) {
    this.object = object;
    this.little = little;
    this.type = type;
    this.bonusType = bonusType;
    this.dataBlockBytes = blockBytes;
    this.bonusContent = new Uint8Array(0);
  }

  get bonusBytes(): number {
    return this.bonusContent.length;
  }
  get bonus(): View {
    return new View(this.bonusContent, this.little);
  }
  get lastBlock(): number {
    let last = 0;
    for (const offset of this.blocks.keys()) if (offset > last) last = offset;
    return Math.trunc(last / this.dataBlockBytes);
  }

  readBlock(block: number): View {
    const stored = this.blocks.get(block * this.dataBlockBytes);
    const out = new Uint8Array(this.dataBlockBytes);
    if (stored !== undefined) out.set(stored.open().subarray(0, out.length));
    return new View(out, this.little);
  }

  readInto(offset: number, out: Uint8Array): void {
    const size = this.dataBlockBytes;
    for (let at = 0; at < out.length; ) {
      const inside = (offset + at) % size;
      const count = Math.min(size - inside, out.length - at);
      const stored = this.blocks.get(offset + at - inside);
      if (stored !== undefined) {
        const bytes = stored.open();
        if (inside < bytes.length) out.set(bytes.subarray(inside, inside + count), at);
      }
      at += count;
    }
  }

  readSpill(): View | null {
    return this.spill === null ? null : new View(this.spill.open(), this.little);
  }
}

export class ReceivedDataset implements ObjectSource {
  readonly objects: Map<number, ReceivedObject> = new Map();
  /** Name of the last snapshot received, as its sender called it. */
  snapshotName = '';
  toGuid = 0n;
  /** Properties and more that the sender put in front. */
  header: NvList | null = null;
  little = true;
  /** Set once a raw stream was received: its blocks, still sealed. */
  raw: RawReceiver | null = null;

  find(object: number): DataObject | null {
    return this.objects.get(object) ?? null;
  }

  dnode(object: number): DataObject {
    const found = this.objects.get(object);
    if (found === undefined) throw new ZfsError('not-found', `there is no object ${object}`);
    return found;
  }
}

/**
 * Applies a stream to a dataset: empty for a full stream, the state of the stream's origin for an incremental one.
 * `keys` open raw streams of encrypted datasets.
 */
export function receiveStream(
  bytes: Uint8Array,
  dataset: ReceivedDataset,
  keys: readonly Uint8Array[],
): ReceivedDataset {
  const little = bytes.length > 16 && new View(bytes, true).u64(8) === 0x2f5bacbacn;
  dataset.little = little;
  let raw: RawReceiver | null = null;
  let datasets = 0;
  readStream(bytes, (record) => {
    if (record.type === BEGIN) {
      const kind = record.view.u64(16) & 3n;
      const header = record.payload.length > 0 ? unpackNvList(record.payload) : null;
      if (kind === COMPOUND) {
        dataset.header = header;
        return;
      }
      if (kind !== SUBSTREAM) throw corrupt('a send stream is of an unknown kind');
      if (++datasets > 1 && record.view.u64(48) !== dataset.toGuid) {
        throw unsupported('a package of several datasets: receive its streams one by one');
      }
      const from = record.view.u64(48);
      if (from !== 0n && from !== dataset.toGuid) {
        throw new ZfsError('invalid', 'the incremental stream starts from another snapshot');
      }
      if (from === 0n && dataset.objects.size > 0) {
        throw new ZfsError('exists', 'a full stream needs an empty dataset');
      }
      dataset.toGuid = record.view.u64(40);
      dataset.snapshotName = record.view.cString(56, 256);
      if (header !== null) dataset.header = header;
      const key = header === null ? undefined : header.list('crypt_keydata');
      raw = key === undefined ? null : RawReceiver.open(key, keys, dataset);
      return;
    }
    if (raw !== null && raw.apply(record)) return;
    apply(dataset, record);
  });
  const pending = raw as RawReceiver | null;
  if (pending !== null) pending.finish();
  return dataset;
}

function apply(dataset: ReceivedDataset, record: StreamRecord): void {
  const view = record.view;
  switch (record.type) {
    case OBJECT:
      receiveObject(dataset, view, record.payload.slice(0, view.u32(28)));
      break;
    case FREE_OBJECTS: {
      const first = view.int(8);
      const end = first + view.clamped(16);
      for (const object of [...dataset.objects.keys()]) {
        if (object >= first && object < end) dataset.objects.delete(object);
      }
      break;
    }
    case WRITE: {
      const size = view.int(32);
      if (size > MAX_BLOCK_BYTES) throw corrupt('a block of a send stream is too large');
      const stored = new StoredBlock(record.payload, view.u8(50), size);
      owner(dataset, view.int(8)).blocks.set(view.int(24), stored);
      break;
    }
    case WRITE_EMBEDDED: {
      const size = view.u32(48);
      if (size > MAX_BLOCK_BYTES) throw corrupt('a block of a send stream is too large');
      const bytes = record.payload.slice(0, view.u32(52));
      const stored = new StoredBlock(bytes, view.u8(40), size);
      const object = owner(dataset, view.int(8));
      // A spill block small enough to be embedded has the block number -2.
      if (view.high(16) === 0xffffffff) object.spill = stored;
      else object.blocks.set(view.int(16), stored);
      break;
    }
    case FREE: {
      const object = dataset.objects.get(view.int(8));
      if (object === undefined) break;
      const start = view.clamped(16);
      const end = start + view.clamped(24);
      for (const offset of [...object.blocks.keys()]) {
        if (offset >= start && offset < end) object.blocks.delete(offset);
      }
      break;
    }
    case SPILL: {
      const size = view.int(16);
      if (size > MAX_BLOCK_BYTES) throw corrupt('a spill block of a send stream is too large');
      owner(dataset, view.int(8)).spill = new StoredBlock(record.payload, view.u8(33), size);
      break;
    }
    case WRITE_BY_REFERENCE:
      throw unsupported('a deduplicated send stream');
    case REDACT:
      throw unsupported('a redacted send stream');
    case OBJECT_RANGE:
    default:
      break;
  }
}

function owner(dataset: ReceivedDataset, object: number): ReceivedObject {
  const found = dataset.objects.get(object);
  if (found === undefined)
    throw corrupt(`a send stream writes to object ${object}, which is not there`);
  return found;
}

export function receiveObject(
  dataset: ReceivedDataset,
  view: View,
  bonus: Uint8Array,
): ReceivedObject {
  const number = view.int(8);
  const blockBytes = view.u32(24);
  if (blockBytes === 0 || blockBytes > MAX_BLOCK_BYTES || blockBytes % 512 !== 0) {
    throw corrupt('an object of a send stream has a bad block size');
  }
  const old = dataset.objects.get(number);
  const object = new ReceivedObject(number, view.little, view.u32(16), view.u32(20), blockBytes);
  object.bonusContent = bonus;
  // An object that changes its block size starts anew; else its blocks stay.
  if (old !== undefined && old.dataBlockBytes === blockBytes && old.type === object.type) {
    for (const [offset, block] of old.blocks) object.blocks.set(offset, block);
    if ((view.u8(35) & 1) !== 0) object.spill = old.spill;
  }
  dataset.objects.set(number, object);
  return object;
}
