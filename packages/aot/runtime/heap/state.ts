import { publishMarking } from '../primitives.js';

/**
 * The state of the one heap of this program: plain words, so that they are set before anything can be allocated.
 * Only the modules of this folder write it.
 */

/** Non-zero while marking: stores of references then call `writeBarrier` with the old value first. */
export let gcMarking = 0;
/** What the collector is doing. */
export let phase = 0;
export const PHASE_IDLE = 0;
export const PHASE_MARKING = 1;
export const PHASE_SWEEPING = 2;

export let heapBase = 0;
export let heapLimit = 0;
export let markStackBase = 0;
export let markStackLimit = 0;
export let markStackTop = 0;
export let descriptors = 0;
export let markBits = 0;
/** Address of page 0, and of the end of the last page that has memory. */
export let firstPage = 0;
export let committedEnd = 0;
export let pageBytes = 32768;
export let maximumSmallBytes = 8192;
export let pageCount = 0;
export let classTotal = 0;

export let epoch = 1;
/** Set when a page got FLAG_RESCAN. */
export let overflowed = 0;
/** A pass over pages with FLAG_RESCAN is under way: at this page, from this cell (0: not begun). */
export let rescanning = 0;
export let rescanPage = 0;
export let rescanCell = 0;
/** Next page for the sweeper, and the page after the highest one ever used. */
export let sweepPageIndex = 0;
export let usedPages = 0;
/** No page below this index is free. */
export let freeHint = 0;

/** Non-zero: marking runs in slices between the program's steps, whose stores then need the deletion barrier. */
export let incremental = 1;
export let allocatedSinceCycle = 0;
export let thresholdBytes = 0;
export let minimumThresholdBytes = 0;
/** Bytes of the cells that survived the last cycle, as far as swept. */
export let liveBytes = 0;
export let cycles = 0;

export function setIncremental(value: number): void {
  incremental = value;
}
export function setMarking(value: number): void {
  gcMarking = value;
  publishMarking(value);
}
export function setPhase(value: number): void {
  phase = value;
}
export function setWindow(base: number, limit: number, committed: number): void {
  heapBase = base;
  heapLimit = limit;
  committedEnd = committed;
}
export function setCommittedEnd(value: number): void {
  committedEnd = value;
}
export function setMaximumSmallBytes(bytes: number): void {
  maximumSmallBytes = bytes;
}
export function setPageSize(bytes: number): void {
  pageBytes = bytes;
}
export function setTables(
  stack: number,
  stackLimit: number,
  pages: number,
  marks: number,
  first: number,
): void {
  markStackBase = stack;
  markStackTop = stack;
  markStackLimit = stackLimit;
  descriptors = pages;
  markBits = marks;
  firstPage = first;
}
export function setPageCount(value: number): void {
  pageCount = value;
}
export function setClassTotal(value: number): void {
  classTotal = value;
}
export function setMarkStackTop(value: number): void {
  markStackTop = value;
}
export function setEpoch(value: number): void {
  epoch = value;
}
export function setOverflowed(value: number): void {
  overflowed = value;
}
export function setRescan(active: number, page: number, cell: number): void {
  rescanning = active;
  rescanPage = page;
  rescanCell = cell;
}
export function setSweepPageIndex(value: number): void {
  sweepPageIndex = value;
}
export function setUsedPages(value: number): void {
  usedPages = value;
}
export function setFreeHint(value: number): void {
  freeHint = value;
}
export function setAllocatedSinceCycle(value: number): void {
  allocatedSinceCycle = value;
}
export function setThreshold(value: number): void {
  thresholdBytes = value;
}
export function setMinimumThreshold(value: number): void {
  minimumThresholdBytes = value;
}
export function setLiveBytes(value: number): void {
  liveBytes = value;
}
export function setCycles(value: number): void {
  cycles = value;
}
