/**
 * What the compiler supplies to the runtime, with what stands for it in Node: there, class and root tables are put into
 * the simulated memory by tests, and strings are copied into it and back.
 */
import type { f64, u64 } from '@tessera/machine';
import { load8, load16, load32, store8, store16, store32 } from '@tessera/machine';

/** Addresses that tests set; natively these are linker symbols. */
export class SimulatedTables {
  classes = 0;
  classCount = 0;
  roots = 0;
  rootCount = 0;
  /** Where strings that come from Node are laid out. */
  strings = 0x1000_0000_0000;
}

let simulatedTables: SimulatedTables | undefined;

/** Only for tests. */
export function simulated(): SimulatedTables {
  if (simulatedTables === undefined) simulatedTables = new SimulatedTables();
  return simulatedTables;
}

/** @intrinsic classTable */
export function classTable(): number {
  return simulated().classes;
}

/** @intrinsic classCount */
export function classCount(): number {
  return simulated().classCount;
}

/** @intrinsic rootTable */
export function rootTable(): number {
  return simulated().roots;
}

/** @intrinsic rootCount */
export function rootCount(): number {
  return simulated().rootCount;
}

/**
 * The address of a string's header.
 * @intrinsic stringAddress
 */
export function stringAddress(text: string): number {
  const tables = simulated();
  const address = tables.strings;
  let wide = false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) wide = true;
  store32(address, wide ? 2 : 1);
  store32(address + 4, 0);
  store32(address + 8, text.length);
  store32(address + 12, 0);
  for (let i = 0; i < text.length; i++) {
    if (wide) store16(address + 16 + i * 2, text.charCodeAt(i));
    else store8(address + 16 + i, text.charCodeAt(i));
  }
  tables.strings = address + Math.trunc((16 + text.length * (wide ? 2 : 1) + 15) / 16) * 16 + 16;
  return address;
}

/**
 * The string whose header is at an address.
 * @intrinsic stringAtAddress
 */
export function stringAtAddress(address: number): string {
  const wide = load32(address) === 2;
  const length = load32(address + 8);
  let text = '';
  for (let i = 0; i < length; i++) {
    text += String.fromCharCode(wide ? load16(address + 16 + i * 2) : load8(address + 16 + i));
  }
  return text;
}

/**
 * A hash by kind: numbers by value, strings by units, objects by address.
 * @intrinsic hashOf
 */
export function hashOf<T>(value: T): number {
  if (typeof value === 'number')
    return (Math.imul(value | 0, 0x9e3779b1) ^ Math.trunc(value / 0x1_0000_0000)) >>> 0;
  if (typeof value === 'string') {
    let hash = 0;
    for (let i = 0; i < value.length; i++) hash = (Math.imul(hash, 31) + value.charCodeAt(i)) | 0;
    return hash >>> 0;
  }
  return 1;
}

/**
 * Equality of Map keys: as `===`, but NaN equals NaN.
 * @intrinsic sameValueZero
 */
export function sameValueZero<T>(left: T, right: T): boolean {
  return left === right || (Number.isNaN(left) && Number.isNaN(right));
}

/** @intrinsic f64Bits */
export function f64Bits(value: f64): u64 {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

/** @intrinsic f64FromBits */
export function f64FromBits(bits: u64): f64 {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt.asUintN(64, bits));
  return view.getFloat64(0);
}

/**
 * The upper 64 bits of a product.
 * @intrinsic multiplyHigh
 */
export function multiplyHigh(left: u64, right: u64): u64 {
  return (BigInt.asUintN(64, left) * BigInt.asUintN(64, right)) >> 64n;
}

/**
 * Whether this is compiled code: then arrays are memory and may be moved as such.
 * @intrinsic isNative
 */
export function isNative(): boolean {
  return false;
}

/**
 * The word that stands for a value of any type: see inspect/words.ts.
 * @intrinsic wordOf
 */
export function wordOf(_value: unknown): number {
  return 0;
}

/**
 * Tells the barrier that compiled stores carry whether marking is under way; in Node nobody asks.
 * @intrinsic publishMarking
 */
export function publishMarking(_marking: number): void {}
