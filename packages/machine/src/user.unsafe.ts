/**
 * The program's memory, as the kernel may touch it. A fault inside one of these either brings the page in or makes the
 * accessor say so; anywhere else in the kernel a fault is a panic.
 *
 * In Node the simulated memory answers; pages that `denyUserPage` named fault.
 */

import { cpuLoad } from './cpu.unsafe.js';
import {
  CPU_USER_FAULTED,
  KERNEL_IMAGE_LIMIT,
  KERNEL_IMAGE_START,
  PAGE_BYTES,
  PROGRAM_LIMIT,
} from './layout.js';
import {
  addressOf,
  copy,
  fill,
  load8,
  load16,
  load32,
  load64,
  store8,
  store16,
  store32,
  store64,
} from './memory.unsafe.js';
import type { bytestr, u64 } from './numbers.js';
import { simulatedCpu } from './simulated-cpu.js';
import { userPageDenied } from './simulated-user.js';

/** The address that a raw argument names, or -1 when a program can have nothing there: EFAULT. */
export function userAddress(value: u64): number {
  if (value >= BigInt(PROGRAM_LIMIT)) return -1;
  const address = Number(value);
  if (address >= KERNEL_IMAGE_START && address < KERNEL_IMAGE_LIMIT) return -1;
  return address;
}

/** Above 2^52 becomes 2^52; with the sign bit, -1. For lengths, offsets and counts from outside. */
export function saturateLength(value: u64): number {
  if (value >= 0x8000_0000_0000_0000n) return -1;
  if (value > 0x10_0000_0000_0000n) return 0x10_0000_0000_0000;
  return Number(value);
}

/** Whether a range lies wholly where programs live. */
export function isUserRange(address: number, byteLength: number): boolean {
  if (address < 0 || byteLength < 0 || byteLength > PROGRAM_LIMIT) return false;
  const end = address + byteLength;
  if (end > PROGRAM_LIMIT) return false;
  return end <= KERNEL_IMAGE_START || address >= KERNEL_IMAGE_LIMIT;
}

function simulatedReach(address: number, byteLength: number): number {
  let at = address;
  while (at < address + byteLength) {
    if (userPageDenied(at)) break;
    at = Math.trunc(at / PAGE_BYTES) * PAGE_BYTES + PAGE_BYTES;
  }
  return Math.min(Math.max(at - address, 0), byteLength);
}

/** @extern tessera_user_copy */
function copyRaw(target: number, source: number, byteLength: number): number {
  const reach = Math.min(simulatedReach(target, byteLength), simulatedReach(source, byteLength));
  copy(target, source, reach);
  return byteLength - reach;
}

/** @extern tessera_user_fill */
function fillRaw(address: number, value: number, byteLength: number): number {
  const reach = simulatedReach(address, byteLength);
  fill(address, value, reach);
  return byteLength - reach;
}

/** @extern tessera_user_load8 */
function load8Raw(address: number): number {
  return userPageDenied(address) ? -1 : load8(address);
}

/** @extern tessera_user_load16 */
function load16Raw(address: number): number {
  return simulatedReach(address, 2) < 2 ? -1 : load16(address);
}

/** @extern tessera_user_load32 */
function load32Raw(address: number): number {
  return simulatedReach(address, 4) < 4 ? -1 : load32(address);
}

/** @extern tessera_user_load64 */
function load64Raw(address: number): u64 {
  const fault = simulatedReach(address, 8) < 8;
  simulatedCpu().block.set(CPU_USER_FAULTED, fault ? 1 : 0);
  return fault ? 0n : load64(address);
}

/** @extern tessera_user_store8 */
function store8Raw(address: number, value: number): number {
  if (userPageDenied(address)) return 0;
  store8(address, value);
  return 1;
}

/** @extern tessera_user_store16 */
function store16Raw(address: number, value: number): number {
  if (simulatedReach(address, 2) < 2) return 0;
  store16(address, value);
  return 1;
}

/** @extern tessera_user_store32 */
function store32Raw(address: number, value: number): number {
  if (simulatedReach(address, 4) < 4) return 0;
  store32(address, value);
  return 1;
}

/** @extern tessera_user_store64 */
function store64Raw(address: number, value: u64): number {
  if (simulatedReach(address, 8) < 8) return 0;
  store64(address, value);
  return 1;
}

/** @extern tessera_user_compare_exchange32 */
function compareExchange32Raw(address: number, expected: number, replacement: number): number {
  const old = load32Raw(address);
  if (old === expected) store32(address, replacement);
  return old;
}

/** @extern tessera_user_string_length */
function stringLengthRaw(address: number, limit: number): number {
  for (let length = 0; length < limit; length++) {
    const byte = load8Raw(address + length);
    if (byte < 0) return -1;
    if (byte === 0) return length;
  }
  return -2;
}

/** Bytes **not** copied; 0 is success. `target` is the kernel's, `source` the program's. */
export function copyFromUser(target: number, source: number, byteLength: number): number {
  if (!isUserRange(source, byteLength)) return byteLength;
  return copyRaw(target, source, byteLength);
}

/** Bytes **not** copied. `target` is the program's, `source` the kernel's. */
export function copyToUser(target: number, source: number, byteLength: number): number {
  if (!isUserRange(target, byteLength)) return byteLength;
  return copyRaw(target, source, byteLength);
}

/** Bytes not filled. */
export function fillUser(address: number, value: number, byteLength: number): number {
  if (!isUserRange(address, byteLength)) return byteLength;
  return fillRaw(address, value, byteLength);
}

/** The value, or -1 on a fault. */
export function userLoad8(address: number): number {
  return isUserRange(address, 1) ? load8Raw(address) : -1;
}

export function userLoad16(address: number): number {
  return isUserRange(address, 2) ? load16Raw(address) : -1;
}

export function userLoad32(address: number): number {
  return isUserRange(address, 4) ? load32Raw(address) : -1;
}

/** The value; 0 on a fault, and then `userFaulted` is true until the next access. */
export function userLoad64(address: number): u64 {
  // Address 1 is never mapped: the fault is reported the usual way.
  return load64Raw(isUserRange(address, 8) ? address : 1);
}

export function userFaulted(): boolean {
  return cpuLoad(CPU_USER_FAULTED) !== 0;
}

export function userStore8(address: number, value: number): boolean {
  return isUserRange(address, 1) && store8Raw(address, value) !== 0;
}

export function userStore16(address: number, value: number): boolean {
  return isUserRange(address, 2) && store16Raw(address, value) !== 0;
}

export function userStore32(address: number, value: number): boolean {
  return isUserRange(address, 4) && store32Raw(address, value) !== 0;
}

export function userStore64(address: number, value: u64): boolean {
  return isUserRange(address, 8) && store64Raw(address, value) !== 0;
}

/** The old value (equal to `expected`: the replacement was stored), or -1 on a fault. */
export function userCompareExchange32(
  address: number,
  expected: number,
  replacement: number,
): number {
  return isUserRange(address, 4) ? compareExchange32Raw(address, expected, replacement) : -1;
}

/** Bytes before the zero; -1 on a fault; -2 when there is none within `limit`. */
export function userStringLength(address: number, limit: number): number {
  if (limit <= 0) return -2;
  if (!isUserRange(address, 1)) return -1;
  const room = (address < KERNEL_IMAGE_START ? KERNEL_IMAGE_START : PROGRAM_LIMIT) - address;
  const length = stringLengthRaw(address, Math.min(limit, room));
  return length === -2 && room < limit ? -1 : length;
}

/** A copy of the program's bytes, or undefined on a fault. */
export function readUserBytes(address: number, byteLength: number): Uint8Array | undefined {
  const bytes = new Uint8Array(byteLength);
  if (byteLength > 0 && copyFromUser(addressOf(bytes), address, byteLength) !== 0) return undefined;
  return bytes;
}

/** Copies bytes to the program; false on a fault. */
export function writeUserBytes(address: number, bytes: Uint8Array): boolean {
  return bytes.length === 0 || copyToUser(address, addressOf(bytes), bytes.length) === 0;
}

export interface UserString {
  /** 0, or -14 (EFAULT), or -36 (ENAMETOOLONG). */
  readonly status: number;
  readonly text: bytestr;
}

/** A zero-terminated string of the program, one code for each byte. */
export function readUserString(address: number, limit: number): UserString {
  const length = userStringLength(address, limit);
  if (length < 0) return { status: length === -1 ? -14 : -36, text: '' };
  const bytes = readUserBytes(address, length);
  if (bytes === undefined) return { status: -14, text: '' };
  let text = '';
  for (let index = 0; index < length; index++) text += String.fromCharCode(bytes[index]);
  return { status: 0, text };
}
