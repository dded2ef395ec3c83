/**
 * Send streams: records of 312 bytes, most with a payload, that rebuild a dataset object by object.
 *
 *   record = type:u32 payloadBytes:u32 fields checksum
 *
 * The stream sums itself with Fletcher-4: each record's last 32 bytes hold the sum of all before them, the END record has
 * it in its fields. Byte order is the writer's, told by the magic number of BEGIN.
 */

import { Fletcher4Stream } from '../checksum/fletcher4-stream.js';
import { corrupt, unsupported } from '../errors.js';
import { View } from '../view.js';

export const RECORD_BYTES = 312;
const CHECKSUM_AT = 280;
const STREAM_MAGIC = 0x2f5bacbacn;
const MAX_PAYLOAD_BYTES = 67108864;

export const BEGIN = 0;
export const OBJECT = 1;
export const FREE_OBJECTS = 2;
export const WRITE = 3;
export const FREE = 4;
export const END = 5;
export const WRITE_BY_REFERENCE = 6;
export const SPILL = 7;
export const WRITE_EMBEDDED = 8;
export const OBJECT_RANGE = 9;
export const REDACT = 10;

export class StreamRecord {
  readonly type: number;
  readonly view: View;
  readonly payload: Uint8Array;
  constructor(type: number, view: View, payload: Uint8Array) {
    this.type = type;
    this.view = view;
    this.payload = payload;
  }
}

const align8 = (size: number): number => Math.trunc((size + 7) / 8) * 8;

function payloadBytes(type: number, view: View, raw: boolean): number {
  switch (type) {
    case BEGIN:
      return view.u32(4);
    case OBJECT: {
      const rawBonus = view.u32(36);
      return raw && rawBonus !== 0 ? align8(rawBonus) : align8(view.u32(28));
    }
    case WRITE:
      return view.u8(50) === 0 ? view.int(32) : view.int(96);
    case SPILL:
      return view.u8(33) === 0 || view.int(40) === 0 ? view.int(16) : view.int(40);
    case WRITE_EMBEDDED:
      return align8(view.u32(52));
    case REDACT:
    case FREE:
    case FREE_OBJECTS:
    case END:
    case OBJECT_RANGE:
    case WRITE_BY_REFERENCE:
      return 0;
    default:
      throw unsupported(`send-stream record ${type}`);
  }
}

/** Calls for every record of a stream, sums checked. Several streams may follow each other. */
export function readStream(bytes: Uint8Array, visit: (record: StreamRecord) => void): void {
  if (bytes.length < RECORD_BYTES) throw corrupt('a send stream is too short');
  const first = new View(bytes.subarray(0, RECORD_BYTES), true);
  const little = first.u64(8) === STREAM_MAGIC;
  let sum = new Fletcher4Stream(little);
  let raw = false;
  let at = 0;
  let last = BEGIN;
  while (at < bytes.length) {
    if (at + RECORD_BYTES > bytes.length) throw corrupt('a send stream ends inside a record');
    const header = bytes.subarray(at, at + RECORD_BYTES);
    const view = new View(header, little);
    const type = view.u32(0);
    if (type === BEGIN) {
      if (view.u64(8) !== STREAM_MAGIC) throw corrupt('a send stream has a bad magic number');
      // Compound streams end with an END that sums nothing but itself; each stream sums afresh.
      sum = new Fletcher4Stream(little);
      raw = (view.u64(16) & (1n << 26n)) !== 0n;
    }
    if (type === END) {
      const words = sum.words();
      for (let i = 0; i < 4; i++) {
        const stated = view.u64(8 + 8 * i);
        if (stated !== words[i] && stated !== 0n) throw corrupt('a send stream does not add up');
      }
    } else {
      sum.update(header.subarray(0, CHECKSUM_AT));
      if (type !== BEGIN && !view.isZero(CHECKSUM_AT, 32)) {
        const words = sum.words();
        for (let i = 0; i < 4; i++) {
          if (view.u64(CHECKSUM_AT + 8 * i) !== words[i])
            throw corrupt('a send-stream record does not add up');
        }
      }
      sum.update(header.subarray(CHECKSUM_AT));
    }
    at += RECORD_BYTES;
    const size = payloadBytes(type, view, raw);
    if (size > MAX_PAYLOAD_BYTES || size > bytes.length - at) {
      throw corrupt('a send stream ends inside a payload');
    }
    const payload = bytes.subarray(at, at + size);
    sum.update(payload);
    at += size;
    last = type;
    visit(new StreamRecord(type, view, payload));
    if (type === END) sum = new Fletcher4Stream(little);
  }
  if (last !== END) throw corrupt('a send stream has no end');
}
