// TCP options (RFC 9293 3.2, RFC 7323, RFC 2018, RFC 7413).
//
// One mutable object per user is parsed into again and again; the data path allocates nothing. The order on the wire is
// the common one (MSS, SACK permitted with timestamps, window scale, Fast Open, SACK blocks), padded so that the 32-bit
// fields are aligned.

import { copyBytes, read16, read32, write16, write32 } from './bytes.js';

const KIND_END = 0;
const KIND_NOP = 1;
const KIND_MSS = 2;
const KIND_WINDOW_SCALE = 3;
const KIND_SACK_PERMITTED = 4;
const KIND_SACK = 5;
const KIND_TIMESTAMP = 8;
const KIND_FAST_OPEN = 34;
const KIND_EXPERIMENT = 254;
const FAST_OPEN_MAGIC = 0xf989;

export const TCP_OPTIONS_BYTES_MAX = 40;
export const SACK_BLOCKS_MAX = 4;
export const FAST_OPEN_COOKIE_BYTES_MIN = 4;
export const FAST_OPEN_COOKIE_BYTES_MAX = 16;
export const WINDOW_SCALE_MAX = 14;

export class TcpOptions {
  /** 0: absent. */
  mss = 0;
  /** -1: absent. */
  windowScale = -1;
  sackPermitted = false;
  hasTimestamp = false;
  /** Signed words. */
  timestampValue = 0;
  timestampEcho = 0;
  sackCount = 0;
  readonly sackStart: Int32Array = new Int32Array(SACK_BLOCKS_MAX);
  readonly sackEnd: Int32Array = new Int32Array(SACK_BLOCKS_MAX);
  /** -1: absent. 0: a request for a cookie. */
  fastOpenBytes = -1;
  readonly fastOpenCookie: Uint8Array = new Uint8Array(FAST_OPEN_COOKIE_BYTES_MAX);
  /** The option used the experimental kind 254 (RFC 7413 appendix). */
  fastOpenExperimental = false;

  clear(): void {
    this.mss = 0;
    this.windowScale = -1;
    this.sackPermitted = false;
    this.hasTimestamp = false;
    this.timestampValue = 0;
    this.timestampEcho = 0;
    this.sackCount = 0;
    this.fastOpenBytes = -1;
    this.fastOpenExperimental = false;
  }

  /** Parses what is between the fixed header and the data. Malformed rest is ignored, as every stack does. */
  parse(buffer: Uint8Array, start: number, end: number): void {
    this.clear();
    let at = start;
    while (at < end) {
      const kind = buffer[at];
      if (kind === KIND_END) return;
      if (kind === KIND_NOP) {
        at += 1;
        continue;
      }
      if (at + 2 > end) return;
      const length = buffer[at + 1];
      if (length < 2 || at + length > end) return;
      this.#option(kind, buffer, at, length);
      at += length;
    }
  }

  #option(kind: number, buffer: Uint8Array, at: number, length: number): void {
    if (kind === KIND_TIMESTAMP && length === 10) {
      this.hasTimestamp = true;
      this.timestampValue = read32(buffer, at + 2);
      this.timestampEcho = read32(buffer, at + 6);
    } else if (kind === KIND_SACK && length >= 10 && (length - 2) % 8 === 0) {
      this.sackCount = Math.min((length - 2) >>> 3, SACK_BLOCKS_MAX);
      for (let i = 0; i < this.sackCount; i++) {
        this.sackStart[i] = read32(buffer, at + 2 + 8 * i);
        this.sackEnd[i] = read32(buffer, at + 6 + 8 * i);
      }
    } else if (kind === KIND_MSS && length === 4) this.mss = read16(buffer, at + 2);
    else if (kind === KIND_WINDOW_SCALE && length === 3) {
      this.windowScale = Math.min(buffer[at + 2], WINDOW_SCALE_MAX);
    } else if (kind === KIND_SACK_PERMITTED && length === 2) this.sackPermitted = true;
    else if (kind === KIND_FAST_OPEN) this.#fastOpen(buffer, at + 2, length - 2, false);
    else if (
      kind === KIND_EXPERIMENT &&
      length >= 4 &&
      read16(buffer, at + 2) === FAST_OPEN_MAGIC
    ) {
      this.#fastOpen(buffer, at + 4, length - 4, true);
    }
  }

  #fastOpen(buffer: Uint8Array, at: number, length: number, experimental: boolean): void {
    const fits = length >= FAST_OPEN_COOKIE_BYTES_MIN && length <= FAST_OPEN_COOKIE_BYTES_MAX;
    if (length !== 0 && (!fits || (length & 1) !== 0)) return;
    this.fastOpenBytes = length;
    this.fastOpenExperimental = experimental;
    copyBytes(this.fastOpenCookie, 0, buffer, at, length);
  }

  /** Bytes that `emit` will write, a multiple of four. SACK blocks that do not fit are left out. */
  get byteLength(): number {
    const fixed = this.#fixedBytes;
    const blocks = this.#blocksThatFit(fixed);
    return blocks === 0 ? fixed : fixed + 4 + 8 * blocks;
  }

  get #fixedBytes(): number {
    let bytes = this.mss === 0 ? 0 : 4;
    if (this.hasTimestamp) bytes += 12;
    else if (this.sackPermitted) bytes += 4;
    if (this.windowScale >= 0) bytes += 4;
    if (this.fastOpenBytes >= 0) {
      bytes += ((this.fastOpenExperimental ? 4 : 2) + this.fastOpenBytes + 3) & ~3;
    }
    return bytes;
  }

  #blocksThatFit(fixed: number): number {
    return Math.min(this.sackCount, Math.max(0, (TCP_OPTIONS_BYTES_MAX - 4 - fixed) >> 3));
  }

  /** Writes the options and returns how many bytes that took. */
  emit(buffer: Uint8Array, start: number): number {
    let at = start;
    if (this.mss !== 0) {
      write16(buffer, at, (KIND_MSS << 8) | 4);
      write16(buffer, at + 2, this.mss);
      at += 4;
    }
    if (this.hasTimestamp) {
      write16(buffer, at, this.sackPermitted ? (KIND_SACK_PERMITTED << 8) | 2 : 0x0101);
      write16(buffer, at + 2, (KIND_TIMESTAMP << 8) | 10);
      write32(buffer, at + 4, this.timestampValue);
      write32(buffer, at + 8, this.timestampEcho);
      at += 12;
    } else if (this.sackPermitted) {
      write16(buffer, at, 0x0101);
      write16(buffer, at + 2, (KIND_SACK_PERMITTED << 8) | 2);
      at += 4;
    }
    if (this.windowScale >= 0) {
      write16(buffer, at, (KIND_NOP << 8) | KIND_WINDOW_SCALE);
      write16(buffer, at + 2, (3 << 8) | this.windowScale);
      at += 4;
    }
    if (this.fastOpenBytes >= 0) at = this.#emitFastOpen(buffer, at);
    const blocks = this.#blocksThatFit(at - start);
    if (blocks > 0) {
      write16(buffer, at, 0x0101);
      write16(buffer, at + 2, (KIND_SACK << 8) | (2 + 8 * blocks));
      at += 4;
      for (let i = 0; i < blocks; i++) {
        write32(buffer, at, this.sackStart[i]);
        write32(buffer, at + 4, this.sackEnd[i]);
        at += 8;
      }
    }
    return at - start;
  }

  #emitFastOpen(buffer: Uint8Array, start: number): number {
    let at = start;
    const prefix = this.fastOpenExperimental ? 4 : 2;
    buffer[at] = this.fastOpenExperimental ? KIND_EXPERIMENT : KIND_FAST_OPEN;
    buffer[at + 1] = prefix + this.fastOpenBytes;
    if (this.fastOpenExperimental) write16(buffer, at + 2, FAST_OPEN_MAGIC);
    copyBytes(buffer, at + prefix, this.fastOpenCookie, 0, this.fastOpenBytes);
    at += prefix + this.fastOpenBytes;
    while (((at - start) & 3) !== 0) {
      buffer[at] = KIND_NOP;
      at += 1;
    }
    return at;
  }
}
