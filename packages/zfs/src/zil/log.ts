/**
 * The intent log of a dataset: a chain of blocks that hold records of what was promised to be on disk.
 *
 * The dataset's header points to the first block. A block's checksum starts from words that its pointer carries (two
 * random words, the dataset, a sequence number), so a block that was never written, or is left from another use, does not
 * fit: the chain ends at the first misfit. Newer blocks have the chain header (next pointer, bytes used, trailer) in
 * front, older ones at the end.
 *
 *   chain  = spare:u64 next:pointer used:u64 trailer (magic:u64 checksum)     184 bytes
 *   record = type:u64 length:u64 txg:u64 sequence:u64 ...
 */
import { fletcher2, fletcher4 } from '../checksum/fletcher.js';
import type { ObjectSet } from '../dmu/object-set.js';
import { ZfsError } from '../errors.js';
import { BlockPointer } from '../pool/block-pointer.js';
import { CHECKSUM_ZILOG, CHECKSUM_ZILOG2 } from '../pool/checksums.js';
import type { Acceptor } from '../vdev/vdev.js';
import { View } from '../view.js';

const HEADER_OFFSET = 512;
const CHAIN_BYTES = 184;
const NEXT_AT = 8;
const USED_AT = 136;
const TRAILER_AT = 144;
const CHECKSUM_AT = 152;
const MIN_BLOCK_BYTES = 4096;
const MAX_BLOCKS = 1000000;
const RECORD_BYTES = 32;

export class LogRecord {
  readonly type: number;
  readonly txg: number;
  readonly sequence: number;
  /** The whole record, its 32-byte header included. */
  readonly view: View;

  constructor(view: View) {
    this.view = view;
    this.type = view.low(0);
    this.txg = view.clamped(16);
    this.sequence = view.clamped(24);
  }
}

/** Checks a log block against the words of its pointer. */
class LogBlockAcceptor implements Acceptor {
  readonly #pointer: BlockPointer;
  constructor(pointer: BlockPointer) {
    this.#pointer = pointer;
  }

  accept(bytes: Uint8Array): boolean {
    const pointer = this.#pointer;
    const front = pointer.checksum === CHECKSUM_ZILOG2;
    const trailer = front ? TRAILER_AT : bytes.length - 40;
    let view = new View(bytes, true);
    if (view.u64(trailer) !== 0x0210da7ab10c7a11n) {
      view = new View(bytes, false);
      if (view.u64(trailer) !== 0x0210da7ab10c7a11n) return false;
    }
    let size = bytes.length;
    if (front) {
      const used = view.clamped(USED_AT);
      if (used > size) return false;
      size = Math.min(
        size,
        Math.trunc((used + MIN_BLOCK_BYTES - 1) / MIN_BLOCK_BYTES) * MIN_BLOCK_BYTES,
      );
    }
    const checksumAt = trailer + 8;
    const copy = bytes.slice(0, size);
    const data = new DataView(copy.buffer);
    const seed = pointer.checksumWords();
    const stored = new Uint32Array(8);
    for (let i = 0; i < 4; i++) {
      const at = checksumAt + i * 8;
      stored[2 * i] = view.low(at);
      stored[2 * i + 1] = view.high(at);
      data.setUint32(at + (view.little ? 0 : 4), seed[2 * i], view.little);
      data.setUint32(at + (view.little ? 4 : 0), seed[2 * i + 1], view.little);
    }
    const actual = front ? fletcher4(copy, view.little) : fletcher2(copy, view.little);
    if (pointer.usesCrypt) for (let i = 0; i < 4; i++) actual[i] ^= actual[i + 4];
    const count = pointer.usesCrypt ? 4 : 8;
    for (let i = 0; i < count; i++) if (actual[i] !== stored[i]) return false;
    return true;
  }
}

/** What `readLog` learned beside the records. */
export interface LogContents {
  readonly records: LogRecord[];
  /** Pointers of the chain's blocks, for those who count space. */
  readonly blocks: BlockPointer[];
  /** The pointer that the chain ends at: space set aside for a block that was not written; null if there is none. */
  readonly next: BlockPointer | null;
}

/** Records that the last transaction group does not have, in order. */
export function readLog(set: ObjectSet, syncedTxg: number): LogContents {
  const records: LogRecord[] = [];
  const blocks: BlockPointer[] = [];
  const header = set.view;
  const claimTxg = header.clamped(HEADER_OFFSET);
  const replayed = header.clamped(HEADER_OFFSET + 8);
  const firstTxg = claimTxg === 0 ? syncedTxg + 1 : claimTxg;
  let pointer = BlockPointer.at(header, HEADER_OFFSET + 16);
  while (!pointer.hole && blocks.length < MAX_BLOCKS) {
    if (pointer.checksum !== CHECKSUM_ZILOG && pointer.checksum !== CHECKSUM_ZILOG2) break;
    const stored = readLogBlock(set, pointer);
    if (stored === null) break;
    let bytes = stored;
    const little = logLittle(stored, pointer);
    if (pointer.usesCrypt) {
      if (set.key === null) throw new ZfsError('key', 'the intent log is encrypted');
      const raw = pointer.view;
      const iv = new Uint8Array(12);
      iv.set(raw.slice(40, 8), 0);
      iv.set(raw.slice(raw.little ? 92 : 88, 4), 8);
      const mac = stored.slice(CHECKSUM_AT + 16, CHECKSUM_AT + 32);
      const plain = set.key.decrypt(9, little, raw.slice(32, 8), iv, mac, stored);
      if (plain === null) throw new ZfsError('checksum', 'a log block fails its authentication');
      bytes = plain;
    }
    const view = new View(bytes, little);
    const front = pointer.checksum === CHECKSUM_ZILOG2;
    const chain = front ? 0 : bytes.length - CHAIN_BYTES;
    if (chain < 0) break;
    const used = view.clamped(chain + USED_AT);
    const start = front ? CHAIN_BYTES : 0;
    const end = used;
    if (end > (front ? bytes.length : chain) || end < start) break;
    const next = BlockPointer.at(view, chain + NEXT_AT);
    if (!follows(pointer, next)) break;
    blocks.push(pointer);
    for (let at = start; at + RECORD_BYTES <= end; ) {
      const length = view.clamped(at + 8);
      if (length < RECORD_BYTES || at + length > end) {
        throw new ZfsError('corrupt', 'a log record has a bad length');
      }
      const record = new LogRecord(view.sub(at, length));
      if (record.txg >= firstTxg && record.sequence > replayed) records.push(record);
      at += length;
    }
    pointer = next;
  }
  return { records, blocks, next: pointer.hole ? null : pointer };
}

function logLittle(bytes: Uint8Array, pointer: BlockPointer): boolean {
  const at = pointer.checksum === CHECKSUM_ZILOG2 ? TRAILER_AT : bytes.length - 40;
  return new View(bytes, true).u64(at) === 0x0210da7ab10c7a11n;
}

function readLogBlock(set: ObjectSet, pointer: BlockPointer): Uint8Array | null {
  const accept = new LogBlockAcceptor(pointer);
  const size = pointer.psizeBytes;
  if (size < CHAIN_BYTES) return null;
  for (let i = 0; i < (pointer.usesCrypt ? 2 : 3); i++) {
    if (pointer.view.isZero(i * 16, 16)) continue;
    const dva = pointer.dva(i);
    const bytes = set.reader.readTop(
      dva.vdev,
      dva.offsetBytes,
      size,
      pointer.physicalBirth,
      accept,
    );
    if (bytes !== null) return bytes;
  }
  return null;
}

/** The next block's words are this one's, with the sequence number one higher. */
function follows(pointer: BlockPointer, next: BlockPointer): boolean {
  const a = pointer.checksumWords();
  const b = next.checksumWords();
  for (let i = 0; i < 6; i++) if (a[i] !== b[i]) return false;
  const low = (a[6] + 1) % 4294967296;
  return b[6] === low && b[7] === a[7] + (low === 0 ? 1 : 0);
}
