/**
 * Sweeping: after marking, a cell that is not marked is free. @unchecked
 *
 * Page by page: by the allocator just before it enters a page, or by slices in page order. Mark bits are cleared on the
 * way, so that all are clear when the next marking begins; that one waits until every page is swept.
 */
import { fill, load32, store32 } from '@tessera/machine';
import {
  DESCRIPTOR_EPOCH,
  DESCRIPTOR_KIND,
  DESCRIPTOR_SIZE,
  PAGE_LARGE,
  PAGE_SMALL,
} from './layout.js';
import { clearMark, isMarked } from './mark.js';
import { descriptorOf, freePages, pageAddress, releaseSmallPage } from './pages.js';
import {
  epoch,
  firstPage,
  liveBytes,
  markBits,
  pageBytes,
  setLiveBytes,
  setSweepPageIndex,
  sweepPageIndex,
  usedPages,
} from './state.js';

/** Frees the dead cells of a small page; returns how many live. */
export function sweepPage(page: number): number {
  const descriptor = descriptorOf(page);
  const start = pageAddress(page);
  const cellBytes = load32(descriptor + DESCRIPTOR_SIZE);
  let live = 0;
  for (let cell = start; cell + cellBytes <= start + pageBytes; cell += cellBytes) {
    if (load32(cell) === 0) continue;
    if (isMarked(cell)) live++;
    else store32(cell, 0);
  }
  fill(markBits + Math.trunc((start - firstPage) / 128), 0, Math.trunc(pageBytes / 128));
  store32(descriptor + DESCRIPTOR_EPOCH, epoch);
  setLiveBytes(liveBytes + live * cellBytes);
  return live;
}

/** Sweeps pages until at least `budget` cells were looked at; true when all pages are done. */
export function sweepSlice(budget: number): boolean {
  let left = budget;
  while (left > 0) {
    const page = sweepPageIndex;
    if (page >= usedPages) return true;
    setSweepPageIndex(page + 1);
    left--;
    const descriptor = descriptorOf(page);
    if (load32(descriptor + DESCRIPTOR_EPOCH) === epoch) continue;
    const kind = load32(descriptor + DESCRIPTOR_KIND);
    if (kind === PAGE_SMALL) {
      left -= Math.trunc(pageBytes / load32(descriptor + DESCRIPTOR_SIZE));
      // The pages that the allocator is in were swept when it entered them, so this one is nobody's.
      if (sweepPage(page) === 0) releaseSmallPage(page);
    } else if (kind === PAGE_LARGE) {
      sweepLarge(page);
    }
  }
  return sweepPageIndex >= usedPages;
}

function sweepLarge(page: number): void {
  const descriptor = descriptorOf(page);
  const start = pageAddress(page);
  const count = load32(descriptor + DESCRIPTOR_SIZE);
  if (isMarked(start)) {
    clearMark(start);
    store32(descriptor + DESCRIPTOR_EPOCH, epoch);
    setLiveBytes(liveBytes + count * pageBytes);
  } else {
    store32(start, 0);
    freePages(page, count);
  }
}
