/**
 * Keys of encrypted datasets, and where they come from.
 *
 * A dataset's directory names a crypto key object in the MOS; that names its encryption root, whose key object says how
 * the wrapping key is given: 32 raw bytes, 64 hexadecimal digits, or a passphrase stretched by PBKDF2. Material is tried
 * on any root it fits, so one set of keys can serve a whole pool.
 */

import { pbkdf2Sha1 } from '../crypto/derive.js';
import { Zap } from '../dmu/zap.js';
import { corrupt, ZfsError } from '../errors.js';
import { DatasetKey, WRAPPING_KEY_BYTES, type WrappedKey } from '../pool/dataset-key.js';
import type { Pool } from '../pool/pool.js';
import type { DslDirectory } from './dataset.js';

const FORMAT_RAW = 1;
const FORMAT_HEX = 2;
const FORMAT_PASSPHRASE = 3;
const MAX_ITERATIONS = 20000000;

export class KeyStore {
  readonly #pool: Pool;
  readonly #materials: Uint8Array[] = [];
  readonly #opened: Map<number, DatasetKey> = new Map();
  readonly #wrapping: Map<number, Uint8Array[]> = new Map();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Adds a passphrase, 64 hexadecimal digits, or 32 raw bytes, to be tried where it fits. */
  add(material: Uint8Array): void {
    this.#materials.push(material);
    this.#wrapping.clear();
  }

  /** Crypto key object of a directory, 0 when it is not encrypted. */
  keyObject(directory: DslDirectory): number {
    const extended = directory.extended();
    return extended === null ? 0 : (extended.number('com.datto:crypto_key_obj') ?? 0);
  }

  available(directory: DslDirectory): boolean {
    const object = this.keyObject(directory);
    return object === 0 || this.#open(object) !== null;
  }

  keyOf(directory: DslDirectory, name: string): DatasetKey | null {
    const object = this.keyObject(directory);
    if (object === 0) return null;
    const key = this.#open(object);
    if (key === null) throw new ZfsError('key', `the key of ${name} is not loaded or is wrong`);
    return key;
  }

  #open(object: number): DatasetKey | null {
    const known = this.#opened.get(object);
    if (known !== undefined) return known;
    const zap = new Zap(this.#pool.mos.dnode(object));
    const bytes = (name: string, size: number): Uint8Array => {
      const entry = zap.get(name);
      if (entry === undefined || entry.value.length < size)
        throw corrupt('a crypto key object is broken');
      return entry.value;
    };
    const guid = zap.get('DSL_CRYPTO_GUID');
    const wrapped: WrappedKey = {
      suite: zap.number('DSL_CRYPTO_SUITE') ?? 0,
      guid: guid === undefined ? 0n : guid.first,
      version: zap.number('DSL_CRYPTO_VERSION') ?? 0,
      iv: bytes('DSL_CRYPTO_IV', 12),
      mac: bytes('DSL_CRYPTO_MAC', 16),
      masterKey: bytes('DSL_CRYPTO_MASTER_KEY_1', 32),
      hmacKey: bytes('DSL_CRYPTO_HMAC_KEY_1', 64),
    };
    const root = zap.number('DSL_CRYPTO_ROOT_DDOBJ') ?? 0;
    for (const wrapping of this.#wrappingKeys(root, object)) {
      const key = DatasetKey.unwrap(wrapped, wrapping);
      if (key !== null) {
        this.#opened.set(object, key);
        return key;
      }
    }
    return null;
  }

  /** Candidate wrapping keys of an encryption root. */
  #wrappingKeys(rootDirectory: number, ownObject: number): Uint8Array[] {
    const known = this.#wrapping.get(rootDirectory);
    if (known !== undefined) return known;
    const out: Uint8Array[] = [];
    let object = ownObject;
    const dnode = this.#pool.mos.find(rootDirectory);
    if (dnode !== null && (dnode.type & 0x80) !== 0) {
      object = new Zap(dnode).number('com.datto:crypto_key_obj') ?? ownObject;
    }
    const zap = new Zap(this.#pool.mos.dnode(object));
    const format = zap.number('keyformat') ?? 0;
    const iterations = zap.number('pbkdf2iters') ?? 0;
    const saltEntry = zap.get('pbkdf2salt');
    for (const material of this.#materials) {
      const key = wrappingKey(
        format,
        material,
        saltEntry === undefined ? 0n : saltEntry.first,
        iterations,
      );
      if (key !== null) out.push(key);
    }
    this.#wrapping.set(rootDirectory, out);
    return out;
  }
}

export function wrappingKey(
  format: number,
  material: Uint8Array,
  salt: bigint,
  iterations: number,
): Uint8Array | null {
  if (format === FORMAT_RAW) {
    return material.length === WRAPPING_KEY_BYTES ? material : null;
  }
  if (format === FORMAT_HEX) return fromHex(material);
  if (format !== FORMAT_PASSPHRASE || material.length < 8 || material.length > 512) return null;
  if (iterations > MAX_ITERATIONS) throw corrupt('the key derivation of a dataset is out of range');
  const saltBytes = new Uint8Array(8);
  new DataView(saltBytes.buffer).setBigUint64(0, salt, true);
  return pbkdf2Sha1(material, saltBytes, iterations, WRAPPING_KEY_BYTES);
}

function fromHex(material: Uint8Array): Uint8Array | null {
  if (material.length !== 2 * WRAPPING_KEY_BYTES) return null;
  const out = new Uint8Array(WRAPPING_KEY_BYTES);
  for (let i = 0; i < material.length; i++) {
    const c = material[i];
    let digit = -1;
    if (c >= 48 && c <= 57) digit = c - 48;
    else if (c >= 97 && c <= 102) digit = c - 87;
    else if (c >= 65 && c <= 70) digit = c - 55;
    if (digit < 0) return null;
    out[i >> 1] = (out[i >> 1] << 4) | digit;
  }
  return out;
}
