/**
 * Allocation: bump through runs of free cells, found in pages that were swept a moment before. @unchecked
 *
 * A cell whose first word is 0 is free: class id 0 means "no object", sweeping writes it over dead objects, fresh pages
 * are zero. A run is cleared as a whole when it is taken, so objects start zeroed. Each size class keeps its run and its
 * place in its list of pages; the place returns to the start when a marking ends, since only sweeping frees cells.
 *
 * Objects made while marking are black. Every run or large object pays its tax in collector work (cycle.ts).
 */
import { fill, load8, load32, loadInt, store8, store32, storeInt } from '@tessera/machine';
import { collectCompletely, payTax } from './cycle.js';
import { outOfMemory } from './failure.js';
import {
  CONTROL_BYTES,
  CONTROL_CLASS_BYTES,
  CONTROL_CLASS_OF,
  DESCRIPTOR_BYTES,
  DESCRIPTOR_EPOCH,
  DESCRIPTOR_NEXT,
  DESCRIPTOR_SIZE,
  GRANULE_BYTES,
  SLOT_BUMP,
  SLOT_BYTES,
  SLOT_CELL,
  SLOT_END,
  SLOT_HEAD,
  SLOT_PAGE,
} from './layout.js';
import { setMark } from './mark.js';
import {
  descriptorOf,
  pageAddress,
  pageOf,
  slotOf,
  takeLargePages,
  takeSmallPage,
} from './pages.js';
import {
  allocatedSinceCycle,
  classTotal,
  epoch,
  gcMarking,
  heapBase,
  maximumSmallBytes,
  pageBytes,
  setAllocatedSinceCycle,
  setClassTotal,
  setMaximumSmallBytes,
  setMinimumThreshold,
  setPageCount,
  setPageSize,
  setTables,
  setThreshold,
  setWindow,
} from './state.js';
import { sweepPage } from './sweep.js';

/**
 * Sets up the heap in the window [start, start + windowBytes), of which `bytes` have memory and read as zero.
 * `growHeap` of the platform is asked for more. Small machines take 4 KiB pages.
 */
export function initialiseHeap(
  start: number,
  bytes: number,
  windowBytes: number,
  smallPages: boolean,
): void {
  const base = Math.trunc((start + 4095) / 4096) * 4096;
  const limit = start + windowBytes;
  const size = smallPages ? 4096 : 32768;
  setPageSize(size);
  setMaximumSmallBytes(Math.trunc(size / 4));
  setWindow(base, limit, start + bytes);

  const maximumPages = Math.trunc((limit - base) / size);
  const stack = base + CONTROL_BYTES;
  // 1/64 of the memory at hand, at least 4 KiB: overflow costs time, never correctness.
  const stackBytes = Math.max(4096, Math.trunc(bytes / 64 / 4096) * 4096);
  const descriptors = stack + stackBytes;
  const marks = descriptors + maximumPages * DESCRIPTOR_BYTES;
  const first =
    Math.trunc((marks + Math.trunc((maximumPages * size) / 128) + size - 1) / size) * size;
  setTables(stack, stack + stackBytes, descriptors, marks, first);
  const usable = Math.trunc((start + bytes - first) / size);
  if (usable < 1) outOfMemory();
  setPageCount(usable);
  setWindow(base, limit, first + usable * size);
  setMinimumThreshold(Math.max(65536, Math.trunc(bytes / 8)));
  setThreshold(Math.max(65536, Math.trunc(bytes / 8)));
  initialiseSizeClasses();
}

function initialiseSizeClasses(): void {
  let count = 0;
  let granules = 0;
  let cellBytes = GRANULE_BYTES;
  while (cellBytes <= maximumSmallBytes) {
    store32(heapBase + CONTROL_CLASS_BYTES + count * 4, cellBytes);
    while (granules * GRANULE_BYTES <= cellBytes) {
      store8(heapBase + CONTROL_CLASS_OF + granules, count);
      granules++;
    }
    count++;
    // Up to 128 one granule more, then a quarter of the power of two below.
    let step = GRANULE_BYTES;
    while (step * 8 <= cellBytes) step *= 2;
    cellBytes += step;
  }
  setClassTotal(count);
}

/**
 * A zeroed object of at least `bytes` bytes with its header written. Never fails: without memory, after a collection,
 * the program ends.
 */
export function allocate(classId: number, bytes: number): number {
  if (bytes > maximumSmallBytes) return allocateLarge(classId, bytes);
  const sizeClass = load8(heapBase + CONTROL_CLASS_OF + Math.trunc((bytes + 15) / GRANULE_BYTES));
  const cellBytes = load32(heapBase + CONTROL_CLASS_BYTES + sizeClass * 4);
  const slot = heapBase + sizeClass * SLOT_BYTES;
  let cell = loadInt(slot + SLOT_BUMP);
  if (cell === loadInt(slot + SLOT_END)) cell = refill(sizeClass, cellBytes);
  storeInt(slot + SLOT_BUMP, cell + cellBytes);
  store32(cell, classId);
  if (gcMarking !== 0) setMark(cell);
  return cell;
}

/** Room for a string or storage: one byte is spare, so that a pointer past the last element is still inside. */
export function allocateWithSpare(classId: number, bytes: number): number {
  return allocate(classId, bytes + 1);
}

/** Pays the tax and takes the next run; returns its first cell. */
function refill(sizeClass: number, cellBytes: number): number {
  const slot = slotOf(sizeClass);
  payTax();
  if (!takeRun(sizeClass, cellBytes)) {
    collectCompletely();
    if (!takeRun(sizeClass, cellBytes)) outOfMemory();
  }
  const start = loadInt(slot + SLOT_BUMP);
  setAllocatedSinceCycle(allocatedSinceCycle + loadInt(slot + SLOT_END) - start);
  return start;
}

function takeRun(sizeClass: number, cellBytes: number): boolean {
  const slot = slotOf(sizeClass);
  let page = load32(slot + SLOT_PAGE);
  if (page !== 0 && findRun(slot, page - 1, cellBytes)) return true;
  while (true) {
    const next =
      page === 0 ? load32(slot + SLOT_HEAD) : load32(descriptorOf(page - 1) + DESCRIPTOR_NEXT);
    if (next === 0) break;
    page = next;
    store32(slot + SLOT_PAGE, page);
    storeInt(slot + SLOT_CELL, pageAddress(page - 1));
    if (load32(descriptorOf(page - 1) + DESCRIPTOR_EPOCH) !== epoch) sweepPage(page - 1);
    if (findRun(slot, page - 1, cellBytes)) return true;
  }
  const fresh = takeSmallPage(sizeClass, cellBytes);
  if (fresh < 0) return false;
  const start = pageAddress(fresh);
  const end = start + Math.trunc(pageBytes / cellBytes) * cellBytes;
  store32(slot + SLOT_PAGE, fresh + 1);
  storeInt(slot + SLOT_CELL, end);
  storeInt(slot + SLOT_BUMP, start);
  storeInt(slot + SLOT_END, end);
  return true;
}

/** The next run of free cells in a page, cleared, becomes the class's run. */
function findRun(slot: number, page: number, cellBytes: number): boolean {
  const end = pageAddress(page) + Math.trunc(pageBytes / cellBytes) * cellBytes;
  let start = loadInt(slot + SLOT_CELL);
  while (start < end && load32(start) !== 0) start += cellBytes;
  if (start >= end) {
    storeInt(slot + SLOT_CELL, end);
    storeInt(slot + SLOT_BUMP, 0);
    storeInt(slot + SLOT_END, 0);
    return false;
  }
  let stop = start + cellBytes;
  while (stop < end && load32(stop) === 0) stop += cellBytes;
  fill(start, 0, stop - start);
  storeInt(slot + SLOT_CELL, stop);
  storeInt(slot + SLOT_BUMP, start);
  storeInt(slot + SLOT_END, stop);
  return true;
}

function allocateLarge(classId: number, bytes: number): number {
  payTax();
  const count = Math.trunc((bytes + pageBytes - 1) / pageBytes);
  let page = takeLargePages(count);
  if (page < 0) {
    collectCompletely();
    page = takeLargePages(count);
    if (page < 0) outOfMemory();
  }
  setAllocatedSinceCycle(allocatedSinceCycle + count * pageBytes);
  const cell = pageAddress(page);
  store32(cell, classId);
  if (gcMarking !== 0) setMark(cell);
  return cell;
}

/** The bytes that an object may use: its cell, less nothing. For growing in place and for the checks of tests. */
export function cellBytesOf(cell: number): number {
  const descriptor = descriptorOf(pageOf(cell));
  const size = load32(descriptor + DESCRIPTOR_SIZE);
  return load32(descriptor) === 1 ? size : size * pageBytes;
}

/** How many size classes there are. */
export function sizeClassCount(): number {
  return classTotal;
}
