/**
 * Pages: descriptors, the pool of free ones, the doubly linked list of each size class. @unchecked
 *
 * Page numbers in lists are stored + 1, so that 0 is "none". A free page is found by first fit from `freeHint`; large
 * objects take adjacent pages. Pages above `usedPages` were never used and read as zero.
 */
import { fill, load32, store32 } from '@tessera/machine';
import { growHeap } from '../platform.js';
import {
  CONTROL_SLOTS,
  DESCRIPTOR_BYTES,
  DESCRIPTOR_CLASS,
  DESCRIPTOR_EPOCH,
  DESCRIPTOR_FLAGS,
  DESCRIPTOR_KIND,
  DESCRIPTOR_NEXT,
  DESCRIPTOR_PREVIOUS,
  DESCRIPTOR_RECIPROCAL,
  DESCRIPTOR_SIZE,
  FLAG_DIRTY,
  PAGE_FREE,
  PAGE_LARGE,
  PAGE_SMALL,
  PAGE_TAIL,
  SLOT_BYTES,
  SLOT_HEAD,
  SLOT_TAIL,
} from './layout.js';
import {
  committedEnd,
  descriptors,
  epoch,
  firstPage,
  freeHint,
  heapBase,
  heapLimit,
  pageBytes,
  pageCount,
  setCommittedEnd,
  setFreeHint,
  setPageCount,
  setUsedPages,
  usedPages,
} from './state.js';

export function descriptorOf(page: number): number {
  return descriptors + page * DESCRIPTOR_BYTES;
}

export function pageAddress(page: number): number {
  return firstPage + page * pageBytes;
}

/** The page that holds an address at or above `firstPage`. */
export function pageOf(address: number): number {
  return Math.trunc((address - firstPage) / pageBytes);
}

export function slotOf(sizeClass: number): number {
  return heapBase + CONTROL_SLOTS + sizeClass * SLOT_BYTES;
}

/** The first of `count` adjacent free pages, zeroed, or -1 when the window or the memory is used up. */
export function takePages(count: number): number {
  let start = freeHint;
  let run = 0;
  let page = freeHint;
  while (run < count) {
    if (page >= pageCount) {
      const missing = count - run;
      if (!commitPages(missing)) return -1;
    }
    if (page >= usedPages || load32(descriptorOf(page) + DESCRIPTOR_KIND) === PAGE_FREE) {
      if (run === 0) start = page;
      run++;
    } else {
      run = 0;
    }
    page++;
  }
  for (let i = start; i < start + count; i++) {
    const descriptor = descriptorOf(i);
    if (load32(descriptor + DESCRIPTOR_FLAGS) === FLAG_DIRTY) {
      fill(pageAddress(i), 0, pageBytes);
      store32(descriptor + DESCRIPTOR_FLAGS, 0);
    }
  }
  if (start === freeHint) setFreeHint(start + count);
  if (start + count > usedPages) setUsedPages(start + count);
  return start;
}

function commitPages(missing: number): boolean {
  // Growth by an eighth of the heap keeps the number of calls small without asking for much that is never used.
  let pages = Math.max(missing, Math.trunc(pageCount / 8));
  const room = Math.trunc((heapLimit - committedEnd) / pageBytes);
  if (pages > room) pages = room;
  if (pages < missing) return false;
  if (!growHeap(committedEnd, pages * pageBytes)) {
    pages = missing;
    if (!growHeap(committedEnd, pages * pageBytes)) return false;
  }
  setCommittedEnd(committedEnd + pages * pageBytes);
  setPageCount(pageCount + pages);
  return true;
}

/** Gives `count` pages back to the pool. */
export function freePages(page: number, count: number): void {
  for (let i = page; i < page + count; i++) {
    const descriptor = descriptorOf(i);
    store32(descriptor + DESCRIPTOR_KIND, PAGE_FREE);
    store32(descriptor + DESCRIPTOR_FLAGS, FLAG_DIRTY);
  }
  if (page < freeHint) setFreeHint(page);
}

/** A page of cells, last in the list of its class; -1 when there is no memory. */
export function takeSmallPage(sizeClass: number, cellBytes: number): number {
  const page = takePages(1);
  if (page < 0) return -1;
  const descriptor = descriptorOf(page);
  store32(descriptor + DESCRIPTOR_KIND, PAGE_SMALL);
  store32(descriptor + DESCRIPTOR_SIZE, cellBytes);
  store32(descriptor + DESCRIPTOR_RECIPROCAL, Math.trunc(0xffff_ffff / cellBytes) + 1);
  store32(descriptor + DESCRIPTOR_EPOCH, epoch);
  store32(descriptor + DESCRIPTOR_CLASS, sizeClass);
  const slot = slotOf(sizeClass);
  const last = load32(slot + SLOT_TAIL);
  store32(descriptor + DESCRIPTOR_NEXT, 0);
  store32(descriptor + DESCRIPTOR_PREVIOUS, last);
  if (last === 0) store32(slot + SLOT_HEAD, page + 1);
  else store32(descriptorOf(last - 1) + DESCRIPTOR_NEXT, page + 1);
  store32(slot + SLOT_TAIL, page + 1);
  return page;
}

/** Takes an empty page out of its class and back to the pool. */
export function releaseSmallPage(page: number): void {
  const descriptor = descriptorOf(page);
  const slot = slotOf(load32(descriptor + DESCRIPTOR_CLASS));
  const next = load32(descriptor + DESCRIPTOR_NEXT);
  const previous = load32(descriptor + DESCRIPTOR_PREVIOUS);
  if (previous === 0) store32(slot + SLOT_HEAD, next);
  else store32(descriptorOf(previous - 1) + DESCRIPTOR_NEXT, next);
  if (next === 0) store32(slot + SLOT_TAIL, previous);
  else store32(descriptorOf(next - 1) + DESCRIPTOR_PREVIOUS, previous);
  freePages(page, 1);
}

/** Adjacent pages for one object; -1 when there is no memory. */
export function takeLargePages(count: number): number {
  const page = takePages(count);
  if (page < 0) return -1;
  for (let i = 0; i < count; i++) {
    const descriptor = descriptorOf(page + i);
    store32(descriptor + DESCRIPTOR_KIND, i === 0 ? PAGE_LARGE : PAGE_TAIL);
    store32(descriptor + DESCRIPTOR_SIZE, i === 0 ? count : i);
    store32(descriptor + DESCRIPTOR_EPOCH, epoch);
    store32(descriptor + DESCRIPTOR_FLAGS, 0);
  }
  return page;
}
