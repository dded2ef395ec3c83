/** Checksum functions by number, and the acceptors that compare a block's bytes with what its pointer states. */
import { blake3 } from '../checksum/blake3.js';
import { EdonR512, edonR512 } from '../checksum/edonr.js';
import { fletcher2, fletcher4 } from '../checksum/fletcher.js';
import { Sha256, sha256 } from '../checksum/sha256.js';
import { sha512Truncated256 } from '../checksum/sha512.js';
import { skein512 } from '../checksum/skein.js';
import type { Acceptor } from '../vdev/vdev.js';

export const CHECKSUM_OFF = 2;
export const CHECKSUM_LABEL = 3;
export const CHECKSUM_GANG = 4;
export const CHECKSUM_ZILOG = 5;
export const CHECKSUM_FLETCHER2 = 6;
export const CHECKSUM_FLETCHER4 = 7;
export const CHECKSUM_SHA256 = 8;
export const CHECKSUM_ZILOG2 = 9;
export const CHECKSUM_NOPARITY = 10;
export const CHECKSUM_SHA512 = 11;
export const CHECKSUM_SKEIN = 12;
export const CHECKSUM_EDONR = 13;
export const CHECKSUM_BLAKE3 = 14;

/** Digest bytes as four words in a byte order, low halves first. */
export function digestWords(digest: Uint8Array, little: boolean): Uint32Array {
  const view = new DataView(digest.buffer, digest.byteOffset, 32);
  const out = new Uint32Array(8);
  for (let i = 0; i < 4; i++) {
    out[2 * i] = view.getUint32(i * 8 + (little ? 0 : 4), little);
    out[2 * i + 1] = view.getUint32(i * 8 + (little ? 4 : 0), little);
  }
  return out;
}

/** The four words of a checksum; null for functions that have none of their own, or are unknown. */
export function computeChecksum(
  kind: number,
  bytes: Uint8Array,
  little: boolean,
  salt: Uint8Array,
): Uint32Array | null {
  if (kind === CHECKSUM_FLETCHER4) return fletcher4(bytes, little);
  if (kind === CHECKSUM_FLETCHER2) return fletcher2(bytes, little);
  // SHA-256 has always been stored as big-endian words, whatever the host.
  if (kind === CHECKSUM_SHA256) return digestWords(sha256(bytes), false);
  if (kind === CHECKSUM_SHA512) return digestWords(sha512Truncated256(bytes), little);
  if (kind === CHECKSUM_SKEIN) return digestWords(skein512(bytes, salt, 32), little);
  if (kind === CHECKSUM_BLAKE3) return digestWords(blake3(bytes, salt), little);
  if (kind === CHECKSUM_EDONR) {
    const once = edonR512(salt);
    const digest = new EdonR512().update(once).update(edonR512(once)).update(bytes).digest();
    return digestWords(digest, little);
  }
  return null;
}

/** Checksums strong enough for dedup; the others are folded when a MAC takes half of their room. */
function isStrong(kind: number): boolean {
  return kind === CHECKSUM_SHA256 || kind >= CHECKSUM_SHA512;
}

export class ChecksumAcceptor implements Acceptor {
  readonly #kind: number;
  readonly #little: boolean;
  readonly #expected: Uint32Array;
  readonly #salt: Uint8Array;
  readonly #halved: boolean;

  /** `halved`: the last two words of `expected` are a MAC. */
  constructor(
    kind: number,
    little: boolean,
    expected: Uint32Array,
    salt: Uint8Array,
    halved: boolean,
  ) {
    this.#kind = kind;
    this.#little = little;
    this.#expected = expected;
    this.#salt = salt;
    this.#halved = halved;
  }

  accept(bytes: Uint8Array): boolean {
    if (this.#kind === CHECKSUM_OFF || this.#kind === CHECKSUM_NOPARITY) return true;
    const words = computeChecksum(this.#kind, bytes, this.#little, this.#salt);
    if (words === null) return false;
    if (this.#halved && !isStrong(this.#kind)) {
      for (let i = 0; i < 4; i++) words[i] ^= words[i + 4];
    }
    const count = this.#halved ? 4 : 8;
    for (let i = 0; i < count; i++) if (words[i] !== this.#expected[i]) return false;
    return true;
  }
}

const TRAILER_BYTES = 40;
const TRAILER_MAGIC_HIGH = 0x0210da7a;
const TRAILER_MAGIC_LOW = 0xb10c7a11;

/**
 * Checks a block that ends in its own checksum (labels, gang headers): magic, then a SHA-256 that was taken with
 * `verifier` in the checksum's place. Answers the byte order, or null.
 */
export function checkTrailer(bytes: Uint8Array, verifier: Uint32Array): 'little' | 'big' | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = bytes.length - TRAILER_BYTES;
  if (at < 0) return null;
  let little = true;
  if (view.getUint32(at, true) !== TRAILER_MAGIC_LOW) little = false;
  if (view.getUint32(at + (little ? 4 : 0), little) !== TRAILER_MAGIC_HIGH) return null;
  if (view.getUint32(at + (little ? 0 : 4), little) !== TRAILER_MAGIC_LOW) return null;
  const digest = new Sha256()
    .update(bytes.subarray(0, at + 8))
    .update(wordsBytes(verifier, little))
    .digest();
  const words = digestWords(digest, false);
  for (let i = 0; i < 4; i++) {
    const p = at + 8 + i * 8;
    if (view.getUint32(p + (little ? 0 : 4), little) !== words[2 * i]) return null;
    if (view.getUint32(p + (little ? 4 : 0), little) !== words[2 * i + 1]) return null;
  }
  return little ? 'little' : 'big';
}

/** Writes magic and checksum of a self-checked block into its last 40 bytes, little-endian. */
export function writeTrailer(bytes: Uint8Array, verifier: Uint32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = bytes.length - TRAILER_BYTES;
  view.setUint32(at, TRAILER_MAGIC_LOW, true);
  view.setUint32(at + 4, TRAILER_MAGIC_HIGH, true);
  const digest = new Sha256()
    .update(bytes.subarray(0, at + 8))
    .update(wordsBytes(verifier, true))
    .digest();
  const words = digestWords(digest, false);
  for (let i = 0; i < 8; i++) view.setUint32(at + 8 + i * 4, words[i], true);
}

function wordsBytes(words: Uint32Array, little: boolean): Uint8Array {
  const out = new Uint8Array(32);
  const view = new DataView(out.buffer);
  for (let i = 0; i < 4; i++) {
    view.setUint32(i * 8 + (little ? 0 : 4), words[2 * i], little);
    view.setUint32(i * 8 + (little ? 4 : 0), words[2 * i + 1], little);
  }
  return out;
}

/** Four words from numbers below 2^53. */
export function verifierOf(a: number, b: number, c: number, d: number): Uint32Array {
  const out = new Uint32Array(8);
  const parts: number[] = [a, b, c, d];
  for (let i = 0; i < 4; i++) {
    out[2 * i] = parts[i] % 4294967296;
    out[2 * i + 1] = Math.trunc(parts[i] / 4294967296);
  }
  return out;
}
