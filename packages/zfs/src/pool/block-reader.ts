/**
 * From a block pointer to the bytes it stands for: copies, gang trees, checksum, decryption, decompression.
 *
 * The reader keeps a small cache of decoded metadata; a block's address and birth name its content for good, because
 * ZFS never overwrites a block that is in use.
 */
import { corrupt, unsupported, ZfsError } from '../errors.js';
import type { TopReader } from '../vdev/indirect.js';
import type { Acceptor, Vdev } from '../vdev/vdev.js';
import { View } from '../view.js';
import { BLOCK_POINTER_BYTES, BlockPointer, type Dva } from './block-pointer.js';
import { ChecksumAcceptor, checkTrailer, verifierOf } from './checksums.js';
import type { DatasetKey } from './dataset-key.js';
import { COMPRESS_OFF, decompress } from './decompress.js';
import { OT_DNODE, OT_OBJSET, typeIsEncrypted } from './object-types.js';

export const MAX_BLOCK_BYTES = 16777216;
const GANG_HEADER_BYTES = 512;
const GANG_POINTERS = 3;
const GANG_MAX_DEPTH = 8;
const CACHE_BYTES = 33554432;

class CacheEntry {
  readonly birth: number;
  readonly bytes: Uint8Array;
  constructor(birth: number, bytes: Uint8Array) {
    this.birth = birth;
    this.bytes = bytes;
  }
}

class GangHeaderAcceptor implements Acceptor {
  readonly #verifier: Uint32Array;
  constructor(verifier: Uint32Array) {
    this.#verifier = verifier;
  }
  accept(bytes: Uint8Array): boolean {
    return checkTrailer(bytes, this.#verifier) !== null;
  }
}

export class BlockReader implements TopReader {
  /** Top-level vdevs by number; sparse until the full configuration is known. */
  tops: Map<number, Vdev> = new Map();
  /** `org.illumos:checksum_salt`, for the salted checksums. */
  salt: Uint8Array = new Uint8Array(32);
  /** Gang headers met while reading, for those who count space. */
  gangHeadersRead = 0;
  readonly #cache: Map<number, CacheEntry> = new Map();
  #cachedBytes = 0;

  readTop(
    vdev: number,
    offsetBytes: number,
    sizeBytes: number,
    birth: number,
    accept: Acceptor,
  ): Uint8Array | null {
    const top = this.tops.get(vdev);
    if (top === undefined) return null;
    return top.read(offsetBytes, sizeBytes, birth, accept);
  }

  /** The block's logical bytes. The result is shared: do not change it. */
  read(pointer: BlockPointer, key: DatasetKey | null): Uint8Array {
    if (pointer.hole) return new Uint8Array(this.#logicalSize(pointer));
    if (pointer.embedded) return this.#readEmbedded(pointer);
    const cached = this.#lookup(pointer);
    if (cached !== null) return cached;
    const stored = this.readStored(pointer);
    const plain = this.#decrypt(pointer, stored, key);
    let out = plain;
    if (pointer.compression !== COMPRESS_OFF) {
      out = new Uint8Array(this.#logicalSize(pointer));
      if (!decompress(pointer.compression, plain, out)) {
        throw corrupt(`a block does not decompress (function ${pointer.compression})`);
      }
    }
    if (out.length !== pointer.lsizeBytes) throw corrupt('a block has the wrong size');
    const keyless = key === null && pointer.usesCrypt && pointer.level === 0;
    if (!keyless && (pointer.level > 0 || out.length <= 16384)) this.#remember(pointer, out);
    return out;
  }

  /** The block's checked bytes as stored: not decrypted, not decompressed. */
  readStored(pointer: BlockPointer): Uint8Array {
    if (pointer.psizeBytes > MAX_BLOCK_BYTES) throw corrupt('a block is larger than any can be');
    const halved = pointer.usesCrypt && pointer.type !== OT_OBJSET;
    const accept = new ChecksumAcceptor(
      pointer.checksum,
      pointer.little,
      pointer.checksumWords(),
      this.salt,
      halved,
    );
    for (let i = 0; i < 3; i++) {
      if (!this.#isAddress(pointer, i)) continue;
      const dva = pointer.dva(i);
      if (dva.gang) {
        const whole = this.#readGang(dva, pointer, 0);
        if (whole !== null && accept.accept(whole)) return whole;
        continue;
      }
      const bytes = this.readTop(
        dva.vdev,
        dva.offsetBytes,
        pointer.psizeBytes,
        pointer.physicalBirth,
        accept,
      );
      if (bytes !== null) return bytes;
    }
    throw new ZfsError(
      'checksum',
      `no good copy of a block (type ${pointer.type}, level ${pointer.level}, born in ${pointer.birth})`,
    );
  }

  #isAddress(pointer: BlockPointer, index: number): boolean {
    if (index === 2 && pointer.usesCrypt && pointer.level === 0 && typeIsEncrypted(pointer.type)) {
      return false;
    }
    return !pointer.view.isZero(index * 16, 16);
  }

  #logicalSize(pointer: BlockPointer): number {
    const size = pointer.lsizeBytes;
    if (size > MAX_BLOCK_BYTES) throw corrupt('a block is larger than any can be');
    return size;
  }

  /** The pointers of a gang block's header; null if no good copy is there. */
  gangPointers(dva: Dva, birth: number): BlockPointer[] | null {
    const verifier = verifierOf(dva.vdev, dva.offsetBytes, birth, 0);
    const accept = new GangHeaderAcceptor(verifier);
    const header = this.readTop(dva.vdev, dva.offsetBytes, GANG_HEADER_BYTES, birth, accept);
    if (header === null) return null;
    this.gangHeadersRead++;
    const view = new View(header, checkTrailer(header, verifier) === 'little');
    const pointers: BlockPointer[] = [];
    for (let i = 0; i < GANG_POINTERS; i++) {
      const child = BlockPointer.at(view, i * BLOCK_POINTER_BYTES);
      if (!child.hole) pointers.push(child);
    }
    return pointers;
  }

  /** @depth 8 */
  #readGang(dva: Dva, pointer: BlockPointer, depth: number): Uint8Array | null {
    if (depth >= GANG_MAX_DEPTH) throw corrupt('gang blocks nest too deep');
    // Every copy's header is sealed with the address of the first one.
    const first = pointer.dva(0);
    const verifier = verifierOf(first.vdev, first.offsetBytes, pointer.physicalBirth, 0);
    const accept = new GangHeaderAcceptor(verifier);
    const header = this.readTop(
      dva.vdev,
      dva.offsetBytes,
      GANG_HEADER_BYTES,
      pointer.physicalBirth,
      accept,
    );
    if (header === null) return null;
    this.gangHeadersRead++;
    const view = new View(header, checkTrailer(header, verifier) === 'little');
    const out = new Uint8Array(pointer.psizeBytes);
    let at = 0;
    for (let i = 0; i < GANG_POINTERS; i++) {
      const child = BlockPointer.at(view, i * BLOCK_POINTER_BYTES);
      if (child.hole) continue;
      const part = this.#readGangPart(child, depth + 1);
      if (part === null || at + part.length > out.length) return null;
      out.set(part, at);
      at += part.length;
    }
    return at === out.length ? out : null;
  }

  #readGangPart(child: BlockPointer, depth: number): Uint8Array | null {
    const accept = new ChecksumAcceptor(
      child.checksum,
      child.little,
      child.checksumWords(),
      this.salt,
      false,
    );
    for (let i = 0; i < 3; i++) {
      if (child.view.isZero(i * 16, 16)) continue;
      const dva = child.dva(i);
      const bytes = dva.gang
        ? this.#readGang(dva, child, depth)
        : this.readTop(dva.vdev, dva.offsetBytes, child.psizeBytes, child.physicalBirth, accept);
      if (bytes !== null && (!dva.gang || accept.accept(bytes))) return bytes;
    }
    return null;
  }

  #readEmbedded(pointer: BlockPointer): Uint8Array {
    if (pointer.checksum === 2) throw unsupported('a block that redaction has taken out');
    if (pointer.checksum !== 0) throw corrupt('an embedded block of unknown kind');
    const size = this.#logicalSize(pointer);
    const stored = pointer.embeddedBytes();
    const out = new Uint8Array(size);
    if (pointer.compression === COMPRESS_OFF) {
      out.set(stored.subarray(0, size));
      return out;
    }
    if (!decompress(pointer.compression, stored, out)) {
      throw corrupt('an embedded block does not decompress');
    }
    return out;
  }

  #decrypt(pointer: BlockPointer, stored: Uint8Array, key: DatasetKey | null): Uint8Array {
    if (!pointer.usesCrypt || pointer.level > 0 || pointer.type === OT_OBJSET) return stored;
    if (!typeIsEncrypted(pointer.type)) return stored;
    if (key === null) {
      // Dnodes keep all but their bonus buffers plain: enough to walk the blocks below them.
      if (pointer.type === OT_DNODE) return stored;
      throw new ZfsError('key', 'the data is encrypted and no key was loaded');
    }
    const plain = key.decryptBlock(pointer, stored);
    if (plain === null) throw new ZfsError('checksum', 'a block fails its authentication');
    return plain;
  }

  #cacheKey(pointer: BlockPointer): number {
    const dva = pointer.dva(0);
    return Math.trunc(dva.offsetBytes / 512) * 256 + (dva.vdev % 256);
  }

  #lookup(pointer: BlockPointer): Uint8Array | null {
    const entry = this.#cache.get(this.#cacheKey(pointer));
    if (entry === undefined || entry.birth !== pointer.physicalBirth) return null;
    return entry.bytes.length === pointer.lsizeBytes ? entry.bytes : null;
  }

  #remember(pointer: BlockPointer, bytes: Uint8Array): void {
    if (this.#cachedBytes > CACHE_BYTES) {
      this.#cache.clear();
      this.#cachedBytes = 0;
    }
    this.#cachedBytes += bytes.length;
    this.#cache.set(this.#cacheKey(pointer), new CacheEntry(pointer.physicalBirth, bytes));
  }

  /** Forgets decoded blocks, for walks that must see the devices. */
  dropCache(): void {
    this.#cache.clear();
    this.#cachedBytes = 0;
  }
}
