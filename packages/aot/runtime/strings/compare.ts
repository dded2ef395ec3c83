/** Equality, order and hashes of strings. @unchecked */
import { compare, load8, load16, load32, load64, store32 } from '@tessera/machine';
import { multiplyHigh, stringAddress } from '../primitives.js';
import { HASH, isWide, LENGTH, lengthAt, UNITS, unitAt } from './raw.js';

export function stringEquals(left: string, right: string): boolean {
  const a = stringAddress(left);
  const b = stringAddress(right);
  if (a === b) return true;
  const length = load32(a + LENGTH);
  if (length !== load32(b + LENGTH) || load32(a) !== load32(b)) return false;
  const leftHash = load32(a + HASH);
  const rightHash = load32(b + HASH);
  if (leftHash !== 0 && rightHash !== 0 && leftHash !== rightHash) return false;
  return compare(a + UNITS, b + UNITS, isWide(a) ? length * 2 : length) === 0;
}

/** By code units, as `<` does: negative, zero or positive. */
export function stringCompare(left: string, right: string): number {
  const a = stringAddress(left);
  const b = stringAddress(right);
  const leftLength = lengthAt(a);
  const rightLength = lengthAt(b);
  const common = Math.min(leftLength, rightLength);
  const leftWide = isWide(a);
  const rightWide = isWide(b);
  if (!leftWide && !rightWide) {
    const order = compare(a + UNITS, b + UNITS, common);
    return order !== 0 ? order : leftLength - rightLength;
  }
  for (let i = 0; i < common; i++) {
    const difference = unitAt(a, leftWide, i) - unitAt(b, rightWide, i);
    if (difference !== 0) return difference;
  }
  return leftLength - rightLength;
}

/** Secret of this run: hashes differ from run to run, so that nobody can prepare keys that collide. */
let hashSeed = 0x9e37_79b9_7f4a_7c15n;

export function setHashSeed(seed: bigint): void {
  hashSeed = BigInt.asUintN(64, seed | 1n);
}

/** Product of 64 by 64 bits folded to 64: with a secret factor, no difference of inputs cancels for every secret. */
function fold(left: bigint, right: bigint): bigint {
  return BigInt.asUintN(64, BigInt.asUintN(64, left * right) ^ multiplyHigh(left, right));
}

/** A non-zero 32-bit hash of the units, kept in the string. */
export function stringHash(text: string): number {
  const address = stringAddress(text);
  const known = load32(address + HASH);
  if (known !== 0) return known;
  const bytes = isWide(address) ? lengthAt(address) * 2 : lengthAt(address);
  const seed = hashSeed;
  let hash = BigInt.asUintN(64, seed ^ BigInt(bytes));
  let at = address + UNITS;
  const end = at + bytes;
  while (at + 8 <= end) {
    hash = fold(BigInt.asUintN(64, hash ^ load64(at)), seed);
    at += 8;
  }
  let rest = 0n;
  if (at + 4 <= end) {
    rest = BigInt(load32(at));
    at += 4;
  }
  if (at + 2 <= end) {
    rest = BigInt.asUintN(64, BigInt.asUintN(64, rest << 16n) | BigInt(load16(at)));
    at += 2;
  }
  if (at < end) rest = BigInt.asUintN(64, BigInt.asUintN(64, rest << 8n) | BigInt(load8(at)));
  hash = fold(BigInt.asUintN(64, hash ^ rest), seed);
  let short = Number(BigInt.asUintN(32, BigInt.asUintN(64, hash ^ (hash >> 32n))));
  if (short === 0) short = 1;
  store32(address + HASH, short);
  return short;
}
