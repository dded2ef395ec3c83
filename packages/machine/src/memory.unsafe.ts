/**
 * Raw memory: single instructions natively, the simulated memory in Node. See docs/internals/native-abi.md.
 *
 * Preconditions of every function: the address is mapped, below 2^47, and the value fits its width; nothing checks that
 * natively. The `v` forms are for device registers: done once, in order, never merged. Atomics return the old value.
 */
import type { i64, u64 } from './numbers.js';
import { simulatedMemory } from './simulated-memory.js';

/** @intrinsic load8 */
export function load8(address: number): number {
  return simulatedMemory().load8(address);
}

/** @intrinsic load16 */
export function load16(address: number): number {
  return simulatedMemory().load16(address);
}

/** @intrinsic load32 */
export function load32(address: number): number {
  return simulatedMemory().load32(address);
}

/** @intrinsic load64 */
export function load64(address: number): u64 {
  return simulatedMemory().load64(address);
}

/** @intrinsic loadInt */
export function loadInt(address: number): number {
  return simulatedMemory().loadInt(address);
}

/** @intrinsic store8 */
export function store8(address: number, value: number): void {
  simulatedMemory().store8(address, value);
}

/** @intrinsic store16 */
export function store16(address: number, value: number): void {
  simulatedMemory().store16(address, value);
}

/** @intrinsic store32 */
export function store32(address: number, value: number): void {
  simulatedMemory().store32(address, value);
}

/** @intrinsic store64 */
export function store64(address: number, value: u64): void {
  simulatedMemory().store64(address, value);
}

/** @intrinsic storeInt */
export function storeInt(address: number, value: number): void {
  simulatedMemory().storeInt(address, value);
}

/**
 * Copies bytes; the ranges may overlap.
 * @intrinsic copy
 */
export function copy(target: number, source: number, byteLength: number): void {
  simulatedMemory().copy(target, source, byteLength);
}

/** @intrinsic fill */
export function fill(address: number, value: number, byteLength: number): void {
  simulatedMemory().fill(address, value, byteLength);
}

/**
 * Negative, zero or positive as the first differing byte on the left is less, none differs, or it is greater.
 * @intrinsic compare
 */
export function compare(left: number, right: number, byteLength: number): number {
  return simulatedMemory().compare(left, right, byteLength);
}

/** @intrinsic vload8 */
export function vload8(address: number): number {
  return simulatedMemory().load8(address);
}

/** @intrinsic vload16 */
export function vload16(address: number): number {
  return simulatedMemory().load16(address);
}

/** @intrinsic vload32 */
export function vload32(address: number): number {
  return simulatedMemory().load32(address);
}

/** @intrinsic vload64 */
export function vload64(address: number): u64 {
  return simulatedMemory().load64(address);
}

/** @intrinsic vstore8 */
export function vstore8(address: number, value: number): void {
  simulatedMemory().store8(address, value);
}

/** @intrinsic vstore16 */
export function vstore16(address: number, value: number): void {
  simulatedMemory().store16(address, value);
}

/** @intrinsic vstore32 */
export function vstore32(address: number, value: number): void {
  simulatedMemory().store32(address, value);
}

/** @intrinsic vstore64 */
export function vstore64(address: number, value: u64): void {
  simulatedMemory().store64(address, value);
}

/** @intrinsic atomicAdd32 */
export function atomicAdd32(address: number, value: number): number {
  const old = simulatedMemory().load32(address);
  simulatedMemory().store32(address, (old + value) >>> 0);
  return old;
}

/** @intrinsic atomicExchange32 */
export function atomicExchange32(address: number, value: number): number {
  const old = simulatedMemory().load32(address);
  simulatedMemory().store32(address, value);
  return old;
}

/**
 * Stores `value` if the word still is `expected`; the old word says which.
 * @intrinsic atomicCompareExchange32
 */
export function atomicCompareExchange32(address: number, expected: number, value: number): number {
  const old = simulatedMemory().load32(address);
  if (old === expected) simulatedMemory().store32(address, value);
  return old;
}

/** @intrinsic atomicOr32 */
export function atomicOr32(address: number, value: number): number {
  const old = simulatedMemory().load32(address);
  simulatedMemory().store32(address, (old | value) >>> 0);
  return old;
}

/** @intrinsic atomicAnd32 */
export function atomicAnd32(address: number, value: number): number {
  const old = simulatedMemory().load32(address);
  simulatedMemory().store32(address, (old & value) >>> 0);
  return old;
}

/** @intrinsic atomicAdd64 */
export function atomicAdd64(address: number, value: u64): u64 {
  const old = simulatedMemory().load64(address);
  simulatedMemory().store64(address, old + value);
  return old;
}

/** @intrinsic atomicExchange64 */
export function atomicExchange64(address: number, value: u64): u64 {
  const old = simulatedMemory().load64(address);
  simulatedMemory().store64(address, value);
  return old;
}

/** @intrinsic atomicCompareExchange64 */
export function atomicCompareExchange64(address: number, expected: u64, value: u64): u64 {
  const old = simulatedMemory().load64(address);
  if (old === BigInt.asUintN(64, expected)) simulatedMemory().store64(address, value);
  return old;
}

/** @intrinsic atomicOr64 */
export function atomicOr64(address: number, value: u64): u64 {
  const old = simulatedMemory().load64(address);
  simulatedMemory().store64(address, old | value);
  return old;
}

/** @intrinsic atomicAnd64 */
export function atomicAnd64(address: number, value: u64): u64 {
  const old = simulatedMemory().load64(address);
  simulatedMemory().store64(address, old & value);
  return old;
}

/**
 * Every load and store before is done before any after it.
 * @intrinsic fence
 */
export function fence(): void {}

/**
 * Bytes at an address as a typed array: bounds-checked, alive as long as the memory is.
 * @intrinsic viewAt
 */
export function viewAt(address: number, byteLength: number): Uint8Array {
  return simulatedMemory().view(address, byteLength);
}

/**
 * The address of a view's first byte.
 * @intrinsic addressOf
 */
export function addressOf(view: Uint8Array): number {
  return simulatedMemory().addressOf(view);
}

/** The 64 bits as a signed number. */
export function asSigned64(value: u64): i64 {
  return BigInt.asIntN(64, value);
}
