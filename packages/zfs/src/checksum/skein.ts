/**
 * Skein-512 with a 256-bit result and an optional key (Ferguson and others, version 1.3).
 *
 * Threefish-512 encrypts each 64-byte block under the chaining value with a tweak that holds position and type; the
 * ciphertext XOR the block is the next chaining value (UBI). A keyed hash starts with a UBI pass over the key.
 */

const ROTATIONS: readonly bigint[][] = [
  [46n, 36n, 19n, 37n],
  [33n, 27n, 14n, 42n],
  [17n, 49n, 36n, 39n],
  [44n, 9n, 54n, 56n],
  [39n, 30n, 34n, 24n],
  [13n, 50n, 10n, 17n],
  [25n, 29n, 39n, 43n],
  [8n, 35n, 56n, 22n],
];
const PERMUTATION: readonly number[] = [2, 1, 4, 7, 6, 5, 0, 3];
const KEY_PARITY = 0x1bd11bdaa9fc1a22n;

const TYPE_KEY = 0n;
const TYPE_CONFIG = 4n;
const TYPE_MESSAGE = 48n;
const TYPE_OUTPUT = 63n;

function threefish(key: BigUint64Array, tweak0: bigint, tweak1: bigint, plain: BigUint64Array) {
  const keys = new BigUint64Array(9);
  let parity = KEY_PARITY;
  for (let i = 0; i < 8; i++) {
    keys[i] = key[i];
    parity ^= key[i];
  }
  keys[8] = parity;
  const tweaks = new BigUint64Array(3);
  tweaks[0] = tweak0;
  tweaks[1] = tweak1;
  tweaks[2] = tweak0 ^ tweak1;
  let v = plain.slice();
  let next = new BigUint64Array(8);
  for (let round = 0; round <= 72; round++) {
    if (round % 4 === 0) {
      const s = Math.trunc(round / 4);
      for (let i = 0; i < 8; i++) v[i] = BigInt.asUintN(64, v[i] + keys[(s + i) % 9]);
      v[5] = BigInt.asUintN(64, v[5] + tweaks[s % 3]);
      v[6] = BigInt.asUintN(64, v[6] + tweaks[(s + 1) % 3]);
      v[7] = BigInt.asUintN(64, v[7] + BigInt(s));
      if (round === 72) break;
    }
    const turns = ROTATIONS[round % 8];
    for (let j = 0; j < 4; j++) {
      const a = BigInt.asUintN(64, v[2 * j] + v[2 * j + 1]);
      const b = v[2 * j + 1];
      const turn = turns[j];
      v[2 * j + 1] = (BigInt.asUintN(64, b << turn) | (b >> (64n - turn))) ^ a;
      v[2 * j] = a;
    }
    for (let i = 0; i < 8; i++) next[i] = v[PERMUTATION[i]];
    const swap = v;
    v = next;
    next = swap;
  }
  return v;
}

function ubi(chain: BigUint64Array, message: Uint8Array, type: bigint): BigUint64Array {
  let state = chain;
  let at = 0;
  let first = true;
  do {
    const take = Math.min(64, message.length - at);
    const padded = new Uint8Array(64);
    padded.set(message.subarray(at, at + take));
    const view = new DataView(padded.buffer);
    const block = new BigUint64Array(8);
    for (let i = 0; i < 8; i++) block[i] = view.getBigUint64(i * 8, true);
    at += take;
    let tweak1 = type << 56n;
    if (first) tweak1 |= 1n << 62n;
    if (at >= message.length) tweak1 |= 1n << 63n;
    first = false;
    const cipher = threefish(state, BigInt(at), BigInt.asUintN(64, tweak1), block);
    for (let i = 0; i < 8; i++) cipher[i] ^= block[i];
    state = cipher;
  } while (at < message.length);
  return state;
}

/** Skein-512-256 of `message`, keyed when `key` is not empty. */
export function skein512(message: Uint8Array, key: Uint8Array, outputBytes: number): Uint8Array {
  let chain: BigUint64Array = new BigUint64Array(8);
  if (key.length > 0) chain = ubi(chain, key, TYPE_KEY);
  const config = new Uint8Array(32);
  config[0] = 0x53;
  config[1] = 0x48;
  config[2] = 0x41;
  config[3] = 0x33;
  config[4] = 1;
  new DataView(config.buffer).setUint32(8, outputBytes * 8, true);
  chain = ubi(chain, config, TYPE_CONFIG);
  chain = ubi(chain, message, TYPE_MESSAGE);
  const result = ubi(chain, new Uint8Array(8), TYPE_OUTPUT);
  const out = new Uint8Array(64);
  const view = new DataView(out.buffer);
  for (let i = 0; i < 8; i++) view.setBigUint64(i * 8, result[i], true);
  return out.slice(0, outputBytes);
}
