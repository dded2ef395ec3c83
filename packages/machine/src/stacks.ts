/**
 * Kernel stacks: raw memory with a head at the low end, in a list that the collector walks.
 *
 * head (64 bytes): 0 next, 8 previous, 16 saved stack pointer, 24 top, 32 identity of the thread.
 * The running stack's saved pointer is stale: the collector scans that one from the live stack pointer.
 */
import { cpuStore, prepareStack, switchStack } from './cpu.unsafe.js';
import { CPU_THREAD } from './layout.js';
import { loadInt, storeInt } from './memory.unsafe.js';

export const STACK_HEAD_BYTES = 64;
const NEXT = 0;
const PREVIOUS = 8;
const SAVED = 16;
const TOP = 24;
const IDENTITY = 32;

let first = 0;
let running = 0;

/** Makes [base, base + bytes) a stack whose first switch runs the thread `identity`. Preconditions: 16-byte aligned. */
export function stackCreate(base: number, byteLength: number, identity: number): void {
  const top = base + byteLength;
  storeInt(base + TOP, top);
  storeInt(base + IDENTITY, identity);
  storeInt(base + SAVED, prepareStack(top, identity));
  link(base);
}

/** Adopts the stack that runs now (the boot stack). Its head lies apart, at `head`. */
export function stackAdopt(head: number, top: number, identity: number): void {
  storeInt(head + TOP, top);
  storeInt(head + IDENTITY, identity);
  storeInt(head + SAVED, top);
  link(head);
  running = head;
}

function link(base: number): void {
  storeInt(base + NEXT, first);
  storeInt(base + PREVIOUS, 0);
  if (first !== 0) storeInt(first + PREVIOUS, base);
  first = base;
}

/** Takes a stack out of the list; the memory is the caller's again. Preconditions: it does not run. */
export function stackRemove(base: number): void {
  const next = loadInt(base + NEXT);
  const previous = loadInt(base + PREVIOUS);
  if (previous === 0) first = next;
  else storeInt(previous + NEXT, next);
  if (next !== 0) storeInt(next + PREVIOUS, previous);
}

/** Goes on with another stack; returns when somebody switches back. Interrupts are off. `bottom` is its lowest usable byte. */
export function stackSwitch(to: number, bottom: number): void {
  const from = running;
  running = to;
  cpuStore(CPU_THREAD, loadInt(to + IDENTITY));
  switchStack(from + SAVED, loadInt(to + SAVED), loadInt(to + TOP), bottom);
}

/** For the collector: 0 ends the list. */
export function stackFirst(): number {
  return first;
}

export function stackNext(base: number): number {
  return loadInt(base + NEXT);
}

/** Where scanning starts, or 0 for the running stack. */
export function stackScanStart(base: number): number {
  return base === running ? 0 : loadInt(base + SAVED);
}

export function stackTopOf(base: number): number {
  return loadInt(base + TOP);
}
