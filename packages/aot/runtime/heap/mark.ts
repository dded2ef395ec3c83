/**
 * Marking. @unchecked
 *
 * A set mark bit is grey or black: an object is marked when it is found, pushed if it has references, and black once
 * popped and scanned. The stack has a fixed size; when it is full the object stays marked and its page gets
 * FLAG_RESCAN: when the stack is empty, such pages are walked and the references of their marked objects followed
 * again, one object a step, so marking ends with any stack size. Arrays are scanned MARK_CHUNK references at a time; the rest goes back on the
 * stack as (object, next index).
 *
 * Precise references (fields, array elements, globals) are the address of an object's first byte, or a value word that
 * is no reference (low three bits set), or point outside the heap (static objects). Conservative words (stacks,
 * registers) may be anything: an address inside a live cell, or just past its last used byte, keeps it.
 */
import { load8, load32, loadInt, store8, store32, storeInt } from '@tessera/machine';
import {
  classEntry,
  entryKind,
  entryReferenceCount,
  entryReferenceOffset,
  HEADER_BYTES,
  KIND_REFERENCES,
  STORAGE_DATA,
} from '../classes.js';
import {
  DESCRIPTOR_FLAGS,
  DESCRIPTOR_KIND,
  DESCRIPTOR_RECIPROCAL,
  DESCRIPTOR_SIZE,
  FLAG_RESCAN,
  MARK_CHUNK,
  MARK_ENTRY_BYTES,
  PAGE_FREE,
  PAGE_SMALL,
  PAGE_TAIL,
} from './layout.js';
import { descriptorOf, pageAddress, pageOf } from './pages.js';
import {
  firstPage,
  markBits,
  markStackBase,
  markStackLimit,
  markStackTop,
  overflowed,
  pageBytes,
  rescanCell,
  rescanning,
  rescanPage,
  setMarkStackTop,
  setOverflowed,
  setRescan,
  usedPages,
} from './state.js';

export function isMarked(cell: number): boolean {
  const offset = cell - firstPage;
  return (load8(markBits + Math.trunc(offset / 128)) & (1 << (Math.trunc(offset / 16) & 7))) !== 0;
}

export function setMark(cell: number): void {
  const offset = cell - firstPage;
  const at = markBits + Math.trunc(offset / 128);
  store8(at, load8(at) | (1 << (Math.trunc(offset / 16) & 7)));
}

export function clearMark(cell: number): void {
  const offset = cell - firstPage;
  const at = markBits + Math.trunc(offset / 128);
  store8(at, load8(at) & ~(1 << (Math.trunc(offset / 16) & 7)) & 0xff);
}

/** Whether a word lies in the part of the heap that has been used. */
export function isInHeap(word: number): boolean {
  return word >= firstPage && word < firstPage + usedPages * pageBytes;
}

/** Marks what a precise reference names. */
export function shade(word: number): void {
  if (word < firstPage || word >= firstPage + usedPages * pageBytes || (word & 7) !== 0) return;
  if (isMarked(word)) return;
  setMark(word);
  pushIfNeeded(word);
}

function pushIfNeeded(cell: number): void {
  const entry = classEntry(load32(cell));
  if (entryKind(entry) === KIND_REFERENCES || entryReferenceCount(entry) > 0) push(cell, 0);
}

function push(cell: number, index: number): void {
  const top = markStackTop;
  if (top + MARK_ENTRY_BYTES > markStackLimit) {
    const descriptor = descriptorOf(pageOf(cell));
    store32(descriptor + DESCRIPTOR_FLAGS, FLAG_RESCAN);
    setOverflowed(1);
    return;
  }
  storeInt(top, cell);
  storeInt(top + 8, index);
  setMarkStackTop(top + MARK_ENTRY_BYTES);
}

/** The start of the live cell that holds an address, or 0: what a conservative word means. */
export function cellContaining(word: number): number {
  if (!isInHeap(word)) return 0;
  let page = pageOf(word);
  let descriptor = descriptorOf(page);
  let kind = load32(descriptor + DESCRIPTOR_KIND);
  if (kind === PAGE_SMALL) {
    const start = pageAddress(page);
    const cellBytes = load32(descriptor + DESCRIPTOR_SIZE);
    const index = Math.trunc(
      ((word - start) * load32(descriptor + DESCRIPTOR_RECIPROCAL)) / 0x1_0000_0000,
    );
    const cell = start + index * cellBytes;
    if (cell + cellBytes > start + pageBytes) return 0;
    return load32(cell) === 0 ? 0 : cell;
  }
  if (kind === PAGE_FREE) return 0;
  if (kind === PAGE_TAIL) {
    page -= load32(descriptor + DESCRIPTOR_SIZE);
    descriptor = descriptorOf(page);
    kind = load32(descriptor + DESCRIPTOR_KIND);
  }
  const cell = pageAddress(page);
  return load32(cell) === 0 ? 0 : cell;
}

/** Marks what a word on a stack may point to. */
export function shadeConservatively(word: number): void {
  const cell = cellContaining(word);
  if (cell === 0 || isMarked(cell)) return;
  setMark(cell);
  pushIfNeeded(cell);
}

/** Marks from each aligned word of [low, high): a stack, or spilled registers. */
export function scanConservatively(low: number, high: number): void {
  for (let at = low; at + 8 <= high; at += 8) {
    // Two halves, because a word on a stack need not be a safe integer.
    const upper = load32(at + 4);
    if (upper < 0x8000) shadeConservatively(upper * 0x1_0000_0000 + load32(at));
  }
}

/** Scans at most `budget` objects (or chunks of an array); true when nothing grey is left. */
export function markSlice(budget: number): boolean {
  let left = budget;
  while (left > 0) {
    if (markStackTop === markStackBase) {
      if (rescanning === 0) {
        if (overflowed === 0) return true;
        setOverflowed(0);
        setRescan(1, 0, 0);
      }
      rescanStep();
    } else {
      const top = markStackTop - MARK_ENTRY_BYTES;
      setMarkStackTop(top);
      scanObject(loadInt(top), loadInt(top + 8));
    }
    left--;
  }
  return markStackTop === markStackBase && overflowed === 0 && rescanning === 0;
}

function scanObject(cell: number, from: number): void {
  const entry = classEntry(load32(cell));
  if (entryKind(entry) === KIND_REFERENCES) {
    const capacity = loadInt(cell + HEADER_BYTES);
    let end = from + MARK_CHUNK;
    // Its own entry was just popped (or the stack is empty), so this push never overflows.
    if (end < capacity) push(cell, end);
    else end = capacity;
    for (let i = from; i < end; i++) shadeSlot(cell + STORAGE_DATA + i * 8);
  } else {
    const count = entryReferenceCount(entry);
    for (let i = 0; i < count; i++) shadeSlot(cell + entryReferenceOffset(entry, i));
  }
}

function shadeSlot(slot: number): void {
  // A value word can be an int of any size: only words with clear low bits are read as a number.
  if ((load8(slot) & 7) === 0) shade(loadInt(slot));
}

/**
 * One step of following marked objects whose push was lost, taken when the stack is empty: the next flagged page, or the
 * next marked cell of it. A flag is set only together with a new mark, and marks are finite, so passes end.
 */
function rescanStep(): void {
  if (rescanCell !== 0) {
    rescanNextCell();
    return;
  }
  for (let page = rescanPage; page < usedPages; page++) {
    const descriptor = descriptorOf(page);
    if (load32(descriptor + DESCRIPTOR_FLAGS) === FLAG_RESCAN) {
      store32(descriptor + DESCRIPTOR_FLAGS, 0);
      setRescan(1, page, pageAddress(page));
      return;
    }
  }
  setRescan(0, 0, 0);
}

function rescanNextCell(): void {
  const descriptor = descriptorOf(rescanPage);
  const kind = load32(descriptor + DESCRIPTOR_KIND);
  const end = pageAddress(rescanPage) + pageBytes;
  const cellBytes = kind === PAGE_SMALL ? load32(descriptor + DESCRIPTOR_SIZE) : pageBytes;
  for (let cell = rescanCell; cell + cellBytes <= end; cell += cellBytes) {
    if (load32(cell) !== 0 && isMarked(cell)) {
      setRescan(1, rescanPage, cell + cellBytes);
      scanObject(cell, 0);
      return;
    }
  }
  setRescan(1, rescanPage + 1, 0);
}
