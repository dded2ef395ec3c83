/**
 * The keys of an encrypted dataset, and how its blocks open.
 *
 * A wrapping key (from a passphrase, or given) opens a master key and an HMAC key. Each block's own key is
 * HKDF(master key, its 8-byte salt). What is plain beside the cipher text is authenticated with it:
 *  - dnode blocks keep their cores and pointers plain (fields that may differ between pools masked), only bonus buffers
 *    of encrypted types are cipher text;
 *  - log blocks keep record headers and block pointers plain;
 *  - all other blocks are cipher text as a whole.
 */
import { ccmDecrypt, gcmDecrypt } from '../crypto/aead.js';
import { hkdfSha512 } from '../crypto/derive.js';
import { corrupt } from '../errors.js';
import { View } from '../view.js';
import { BLOCK_POINTER_BYTES, BlockPointer } from './block-pointer.js';
import { OT_DNODE, OT_INTENT_LOG, typeIsEncrypted } from './object-types.js';

export const WRAPPING_KEY_BYTES = 32;
const HMAC_KEY_BYTES = 64;
const SALT_BYTES = 8;

/** Key length in bytes by encryption number, and whether it is GCM. */
function suiteKeyBytes(suite: number): number {
  if (suite < 3 || suite > 8) throw corrupt(`unknown encryption ${suite}`);
  return 16 + ((suite - 3) % 3) * 8;
}

function open(
  suite: number,
  key: Uint8Array,
  iv: Uint8Array,
  aad: Uint8Array,
  cipher: Uint8Array,
  mac: Uint8Array,
): Uint8Array | null {
  return suite >= 6 ? gcmDecrypt(key, iv, aad, cipher, mac) : ccmDecrypt(key, iv, aad, cipher, mac);
}

/** What a crypto key object in the MOS holds. */
export interface WrappedKey {
  readonly suite: number;
  readonly guid: bigint;
  readonly version: number;
  readonly iv: Uint8Array;
  readonly mac: Uint8Array;
  readonly masterKey: Uint8Array;
  readonly hmacKey: Uint8Array;
}

class Pieces {
  readonly parts: Uint8Array[] = [];
  length = 0;
  push(bytes: Uint8Array): void {
    this.parts.push(bytes);
    this.length += bytes.length;
  }
  join(): Uint8Array {
    const out = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }
}

export class DatasetKey {
  readonly #suite: number;
  readonly #version: number;
  readonly #master: Uint8Array;
  readonly hmac: Uint8Array;
  #lastSalt: Uint8Array = new Uint8Array(0);
  #lastKey: Uint8Array = new Uint8Array(0);

  constructor(suite: number, version: number, master: Uint8Array, hmac: Uint8Array) {
    this.#suite = suite;
    this.#version = version;
    this.#master = master;
    this.hmac = hmac;
  }

  /** Null when the wrapping key is not the right one. */
  static unwrap(wrapped: WrappedKey, wrappingKey: Uint8Array): DatasetKey | null {
    const size = suiteKeyBytes(wrapped.suite);
    const aad = new Uint8Array(wrapped.version === 0 ? 8 : 24);
    const view = new DataView(aad.buffer);
    view.setBigUint64(0, wrapped.guid, true);
    if (wrapped.version !== 0) {
      view.setUint32(8, wrapped.suite, true);
      view.setUint32(16, wrapped.version, true);
    }
    const cipher = new Pieces();
    cipher.push(wrapped.masterKey.subarray(0, size));
    cipher.push(wrapped.hmacKey.subarray(0, HMAC_KEY_BYTES));
    const plain = open(wrapped.suite, wrappingKey, wrapped.iv, aad, cipher.join(), wrapped.mac);
    if (plain === null) return null;
    return new DatasetKey(wrapped.suite, wrapped.version, plain.slice(0, size), plain.slice(size));
  }

  #blockKey(salt: Uint8Array): Uint8Array {
    let same = this.#lastSalt.length === SALT_BYTES;
    for (let i = 0; same && i < SALT_BYTES; i++) same = this.#lastSalt[i] === salt[i];
    if (!same) {
      this.#lastSalt = salt.slice();
      this.#lastKey = hkdfSha512(this.#master, salt, this.#master.length);
    }
    return this.#lastKey;
  }

  /** Opens a stored block; null when it is not authentic. */
  decryptBlock(pointer: BlockPointer, stored: Uint8Array): Uint8Array | null {
    // Salt, IV and MAC are byte strings that sit in words of the pointer; its block's byte order is theirs.
    const raw = pointer.view;
    const salt = raw.slice(32, 8);
    const iv = new Uint8Array(12);
    iv.set(raw.slice(40, 8), 0);
    iv.set(raw.slice(raw.little ? 92 : 88, 4), 8);
    const mac = raw.slice(112, 16);
    return this.decrypt(pointer.type, pointer.little, salt, iv, mac, stored);
  }

  decrypt(
    type: number,
    little: boolean,
    salt: Uint8Array,
    iv: Uint8Array,
    mac: Uint8Array,
    stored: Uint8Array,
  ): Uint8Array | null {
    const key = this.#blockKey(salt);
    if (type === OT_DNODE) return this.#decryptDnodes(key, little, iv, mac, stored);
    if (type === OT_INTENT_LOG) return this.#decryptLog(key, little, iv, mac, stored);
    return open(this.#suite, key, iv, new Uint8Array(0), stored, mac);
  }

  #decryptDnodes(
    key: Uint8Array,
    little: boolean,
    iv: Uint8Array,
    mac: Uint8Array,
    stored: Uint8Array,
  ): Uint8Array | null {
    const view = new View(stored, little);
    const out = stored.slice();
    const aad = new Pieces();
    const cipher = new Pieces();
    const places: number[] = [];
    const sizes: number[] = [];
    for (let at = 0; at + 512 <= stored.length; ) {
      const size = (view.u8(at + 12) + 1) * 512;
      if (at + size > stored.length) return null;
      const core = view.slice(at, 64).slice();
      core[7] &= 4;
      core.fill(0, 24, 32);
      aad.push(core);
      const pointers = view.u8(at + 3);
      for (let i = 0; i < pointers; i++) {
        aad.push(
          this.authenticatedPointer(BlockPointer.at(view, at + 64 + i * BLOCK_POINTER_BYTES)),
        );
      }
      const spill = (view.u8(at + 7) & 4) !== 0;
      if (spill) {
        aad.push(this.authenticatedPointer(BlockPointer.at(view, at + size - BLOCK_POINTER_BYTES)));
      }
      const bonusAt = at + 64 + pointers * BLOCK_POINTER_BYTES;
      const bonusBytes = at + size - bonusAt - (spill ? BLOCK_POINTER_BYTES : 0);
      if (bonusBytes < 0) return null;
      const encrypted =
        view.u8(at) !== 0 && typeIsEncrypted(view.u8(at + 4)) && view.u16(at + 10) !== 0;
      const bonus = view.slice(bonusAt, bonusBytes);
      if (encrypted) {
        cipher.push(bonus);
        places.push(bonusAt);
        sizes.push(bonusBytes);
      } else {
        aad.push(bonus);
      }
      at += size;
    }
    return this.#openPieces(key, iv, mac, aad, cipher, places, sizes, out);
  }

  #decryptLog(
    key: Uint8Array,
    little: boolean,
    iv: Uint8Array,
    mac: Uint8Array,
    stored: Uint8Array,
  ): Uint8Array | null {
    const view = new View(stored, little);
    const out = stored.slice();
    const aad = new Pieces();
    const cipher = new Pieces();
    const places: number[] = [];
    const sizes: number[] = [];
    const chain = 184;
    const recordHeader = 32;
    const writePointer = 64;
    const write = 192;
    const clonePointers = 64;
    aad.push(view.slice(0, chain - 40));
    const used = Math.min(view.int(136), stored.length);
    const secret = (from: number, end: number): void => {
      if (end <= from) return;
      cipher.push(view.slice(from, end - from));
      places.push(from);
      sizes.push(end - from);
    };
    for (let at = chain; at + recordHeader <= used; ) {
      const type = view.low(at) & 0x7fffffff;
      const length = view.int(at + 8);
      if (length < recordHeader || at + length > used) return null;
      aad.push(view.slice(at, recordHeader));
      const end = at + length;
      if (type === 9) {
        secret(at + recordHeader, at + writePointer);
        aad.push(view.slice(at + writePointer, BLOCK_POINTER_BYTES));
        secret(at + write, end);
      } else if (type === 24) {
        secret(at + recordHeader, at + clonePointers);
        aad.push(view.slice(at + clonePointers, length - clonePointers));
      } else {
        secret(at + recordHeader, end);
      }
      at = end;
    }
    return this.#openPieces(key, iv, mac, aad, cipher, places, sizes, out);
  }

  #openPieces(
    key: Uint8Array,
    iv: Uint8Array,
    mac: Uint8Array,
    aad: Pieces,
    cipher: Pieces,
    places: readonly number[],
    sizes: readonly number[],
    out: Uint8Array,
  ): Uint8Array | null {
    const plain = open(this.#suite, key, iv, aad.join(), cipher.join(), mac);
    if (plain === null) return null;
    let from = 0;
    for (let i = 0; i < places.length; i++) {
      out.set(plain.subarray(from, from + sizes[i]), places[i]);
      from += sizes[i];
    }
    return out;
  }

  /** What of a pointer is authenticated: portable properties in little-endian order, the MAC, and padding. */
  authenticatedPointer(pointer: BlockPointer): Uint8Array {
    const out = new Uint8Array(this.#version === 0 ? 24 : 32);
    const view = new DataView(out.buffer);
    const raw = pointer.view;
    let low = raw.low(48);
    let high = raw.high(48);
    if (this.#version !== 0 && pointer.hole) {
      low = 0;
      high = 0;
    } else {
      // Dedup and checksum function may differ; above level 0 so may byte order, compression and stored size.
      high &= ~0x4000ff00;
      if (this.#version === 0) low &= 0xffff;
      else if (pointer.level !== 0) {
        high &= ~0x8000007f;
        low &= 0xffff;
      }
    }
    view.setUint32(0, low, true);
    view.setUint32(4, high, true);
    // An object set's own pointer has no MAC; nothing that is authenticated this way points to one.
    out.set(raw.slice(112, 16), 8);
    return out;
  }
}
