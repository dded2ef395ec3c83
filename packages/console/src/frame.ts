/**
 * Frames on a byte line that anybody may write text to.
 *
 * Problem: one serial line carries several streams, any byte value, and is shared with writers that know nothing of
 * frames: firmware prints before the kernel starts, and a panic prints plain text in the middle of anything.
 *
 * Layout: a frame is a zero byte, a stuffed content, and a zero byte. The content is
 *
 *     type (1 byte)   body (0 to BODY_BYTES_MAX bytes)   CRC-32 of type and body (4 bytes, little endian)
 *
 * stuffed by consistent overhead byte stuffing (Cheshire and Baker, 1999): it holds no zero byte, at one extra byte per
 * 254. So a zero byte is a frame border wherever it stands: after any garbage whatever, the next frame is read.
 * What stands between two borders and is no frame is handed on as raw text.
 */
import { crc32, crc32Table } from './crc32.js';
import { BODY_BYTES_MAX, CONTENT_BYTES_MAX, FRAME_BYTES_MAX } from './limits.js';

const CRC_BYTES = 4;
/** The largest stuffed run: a code byte of 255 stands for 254 bytes that are followed by no zero. */
const RUN_MAX = 254;

/** Makes frames in a buffer of its own, which the next call overwrites. */
export class FrameEncoder {
  readonly output: Uint8Array = new Uint8Array(FRAME_BYTES_MAX);
  private readonly content: Uint8Array = new Uint8Array(CONTENT_BYTES_MAX);
  private readonly table: Uint32Array = crc32Table();

  /** Writes the frame to `output` and returns its length. The body is borrowed; at most BODY_BYTES_MAX bytes of it. */
  encode(type: number, body: Uint8Array, start: number, length: number): number {
    if (length < 0 || length > BODY_BYTES_MAX) return 0;
    const content = this.content;
    content[0] = type;
    for (let index = 0; index < length; index++) content[1 + index] = body[start + index];
    const crc = crc32(this.table, content, 0, 1 + length);
    const at = 1 + length;
    content[at] = crc & 0xff;
    content[at + 1] = (crc >>> 8) & 0xff;
    content[at + 2] = (crc >>> 16) & 0xff;
    content[at + 3] = (crc >>> 24) & 0xff;
    return this.stuff(at + CRC_BYTES);
  }

  private stuff(contentBytes: number): number {
    const content = this.content;
    const output = this.output;
    output[0] = 0;
    let codeAt = 1;
    let out = 2;
    let code = 1;
    for (let index = 0; index < contentBytes; index++) {
      const byte = content[index];
      if (byte !== 0) {
        output[out] = byte;
        out += 1;
        code += 1;
        // A full run says by its code alone that no zero follows, so it needs no new run at the very end.
        if (code === RUN_MAX + 1 && index + 1 < contentBytes) {
          output[codeAt] = code;
          codeAt = out;
          out += 1;
          code = 1;
        }
      } else {
        output[codeAt] = code;
        codeAt = out;
        out += 1;
        code = 1;
      }
    }
    output[codeAt] = code;
    output[out] = 0;
    return out + 1;
  }
}

/** Where a decoder delivers. Both views are borrowed: valid until the method returns. */
export interface FrameSink {
  frame(type: number, bytes: Uint8Array, start: number, length: number): void;
  /** Bytes between two borders that are no frame: firmware text, a panic, a frame that something wrote into. */
  raw(bytes: Uint8Array, start: number, length: number): void;
}

/** Takes the line's bytes in pieces of any size. */
export class FrameDecoder {
  private readonly segment: Uint8Array = new Uint8Array(FRAME_BYTES_MAX);
  private readonly content: Uint8Array = new Uint8Array(FRAME_BYTES_MAX);
  private readonly table: Uint32Array = crc32Table();
  private readonly sink: FrameSink;
  private used = 0;
  /** The segment is longer than any frame: it can only be raw, up to the next border. */
  private oversize = false;

  constructor(sink: FrameSink) {
    this.sink = sink;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    for (let index = start; index < end; index++) {
      const byte = bytes[index];
      if (byte === 0) {
        this.border();
        continue;
      }
      if (this.used === this.segment.length) {
        this.oversize = true;
        this.flushRaw();
      }
      this.segment[this.used] = byte;
      this.used += 1;
    }
  }

  /** The line ended: what is left can be no frame. */
  finish(): void {
    this.flushRaw();
    this.oversize = false;
  }

  private border(): void {
    const contentBytes = this.oversize ? -1 : this.unstuff();
    if (contentBytes >= 0 && this.crcMatches(contentBytes)) {
      this.used = 0;
      this.sink.frame(this.content[0], this.content, 1, contentBytes - CRC_BYTES - 1);
    } else {
      this.flushRaw();
    }
    this.oversize = false;
  }

  private flushRaw(): void {
    const length = this.used;
    this.used = 0;
    if (length > 0) this.sink.raw(this.segment, 0, length);
  }

  /** Undoes the stuffing of `segment` into `content`: the length, or -1 when it is not a stuffed content. */
  private unstuff(): number {
    let at = 0;
    let out = 0;
    while (at < this.used) {
      const code = this.segment[at];
      const runEnd = at + code;
      if (runEnd > this.used) return -1;
      for (let index = at + 1; index < runEnd; index++) {
        this.content[out] = this.segment[index];
        out += 1;
      }
      at = runEnd;
      if (code !== RUN_MAX + 1 && at < this.used) {
        this.content[out] = 0;
        out += 1;
      }
    }
    if (out < 1 + CRC_BYTES || out > CONTENT_BYTES_MAX) return -1;
    return out;
  }

  private crcMatches(contentBytes: number): boolean {
    const at = contentBytes - CRC_BYTES;
    const content = this.content;
    const wanted =
      (content[at] | (content[at + 1] << 8) | (content[at + 2] << 16) | (content[at + 3] << 24)) >>>
      0;
    return crc32(this.table, content, 0, at) === wanted;
  }
}
