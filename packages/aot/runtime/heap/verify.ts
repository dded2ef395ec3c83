/**
 * Checks of the whole heap, for tests and for programs built with verification. @unchecked
 *
 * Each returns 0 or the number of the first rule that is broken; nothing allocates.
 */
import { load8, load32, loadInt } from '@tessera/machine';
import {
  classEntry,
  entryKind,
  entryReferenceCount,
  entryReferenceOffset,
  isKnownClass,
  KIND_REFERENCES,
  STORAGE_DATA,
} from '../classes.js';
import {
  DESCRIPTOR_CLASS,
  DESCRIPTOR_EPOCH,
  DESCRIPTOR_FLAGS,
  DESCRIPTOR_KIND,
  DESCRIPTOR_NEXT,
  DESCRIPTOR_PREVIOUS,
  DESCRIPTOR_SIZE,
  FLAG_RESCAN,
  PAGE_LARGE,
  PAGE_SMALL,
  PAGE_TAIL,
  SLOT_BUMP,
  SLOT_END,
  SLOT_HEAD,
  SLOT_TAIL,
} from './layout.js';
import { cellContaining, isInHeap, isMarked } from './mark.js';
import { descriptorOf, pageAddress, pageOf, slotOf } from './pages.js';
import {
  classTotal,
  epoch,
  PHASE_SWEEPING,
  pageBytes,
  pageCount,
  phase,
  usedPages,
} from './state.js';

export const RULE_CLASS_UNKNOWN = 1;
export const RULE_REFERENCE_TO_NO_OBJECT = 2;
export const RULE_PAGE_LIST_BROKEN = 3;
export const RULE_TAIL_WITHOUT_HEAD = 4;
export const RULE_RUN_LEAVES_PAGE = 5;
export const RULE_RUN_NOT_CLEAR = 6;
export const RULE_PAGES_LOST = 7;
export const RULE_MARKED_FREE_CELL = 8;
export const RULE_BLACK_TO_WHITE = 9;

/** Structure: classes, lists, runs, page accounts, and that every reference names an object. Any time between slices. */
export function verifyHeap(): number {
  let listed = 0;
  for (let i = 0; i < classTotal; i++) {
    const slot = slotOf(i);
    let previous = 0;
    for (
      let page = load32(slot + SLOT_HEAD);
      page !== 0;
      page = load32(descriptorOf(page - 1) + DESCRIPTOR_NEXT)
    ) {
      const descriptor = descriptorOf(page - 1);
      if (load32(descriptor + DESCRIPTOR_PREVIOUS) !== previous) return RULE_PAGE_LIST_BROKEN;
      if (load32(descriptor + DESCRIPTOR_CLASS) !== i) return RULE_PAGE_LIST_BROKEN;
      if (load32(descriptor + DESCRIPTOR_KIND) !== PAGE_SMALL) return RULE_PAGE_LIST_BROKEN;
      previous = page;
      listed++;
    }
    if (load32(slot + SLOT_TAIL) !== previous) return RULE_PAGE_LIST_BROKEN;
    const rule = verifyRun(loadInt(slot + SLOT_BUMP), loadInt(slot + SLOT_END));
    if (rule !== 0) return rule;
  }
  let small = 0;
  let page = 0;
  while (page < usedPages) {
    const descriptor = descriptorOf(page);
    const kind = load32(descriptor + DESCRIPTOR_KIND);
    let pages = 1;
    if (kind === PAGE_SMALL) {
      small++;
      const cellBytes = load32(descriptor + DESCRIPTOR_SIZE);
      const start = pageAddress(page);
      for (let cell = start; cell + cellBytes <= start + pageBytes; cell += cellBytes) {
        const rule = load32(cell) === 0 || isDoomed(page, cell) ? 0 : verifyObject(cell);
        if (rule !== 0) return rule;
      }
    } else if (kind === PAGE_LARGE) {
      pages = load32(descriptor + DESCRIPTOR_SIZE);
      for (let i = 1; i < pages; i++) {
        const tail = descriptorOf(page + i);
        if (load32(tail + DESCRIPTOR_KIND) !== PAGE_TAIL || load32(tail + DESCRIPTOR_SIZE) !== i) {
          return RULE_TAIL_WITHOUT_HEAD;
        }
      }
      const rule = isDoomed(page, pageAddress(page)) ? 0 : verifyObject(pageAddress(page));
      if (rule !== 0) return rule;
    } else if (kind === PAGE_TAIL) {
      return RULE_TAIL_WITHOUT_HEAD;
    }
    page += pages;
  }
  if (small !== listed || usedPages > pageCount) return RULE_PAGES_LOST;
  return 0;
}

/** Dead, but its page has not been swept: what it refers to may be gone already. */
function isDoomed(page: number, cell: number): boolean {
  return (
    phase === PHASE_SWEEPING &&
    load32(descriptorOf(page) + DESCRIPTOR_EPOCH) !== epoch &&
    !isMarked(cell)
  );
}

function verifyRun(bump: number, end: number): number {
  if (bump === end) return 0;
  if (pageOf(bump) !== pageOf(end - 1)) return RULE_RUN_LEAVES_PAGE;
  for (let at = bump; at < end; at += 8) {
    if (load32(at) !== 0 || load32(at + 4) !== 0) return RULE_RUN_NOT_CLEAR;
  }
  return 0;
}

function verifyObject(cell: number): number {
  const classId = load32(cell);
  if (!isKnownClass(classId)) return RULE_CLASS_UNKNOWN;
  const entry = classEntry(classId);
  const kind = entryKind(entry);
  if (kind === KIND_REFERENCES) {
    const capacity = loadInt(cell + 8);
    for (let i = 0; i < capacity; i++) {
      if (!isObjectOrOutside(cell + STORAGE_DATA + i * 8)) return RULE_REFERENCE_TO_NO_OBJECT;
    }
  } else {
    const count = entryReferenceCount(entry);
    for (let i = 0; i < count; i++) {
      if (!isObjectOrOutside(cell + entryReferenceOffset(entry, i)))
        return RULE_REFERENCE_TO_NO_OBJECT;
    }
  }
  return 0;
}

function isObjectOrOutside(slot: number): boolean {
  if ((load8(slot) & 7) !== 0) return true;
  const word = loadInt(slot);
  return !isInHeap(word) || cellContaining(word) === word;
}

/** At the end of marking: a marked cell is an object, and a marked object refers to marked ones only. */
export function verifyMarks(): number {
  for (let page = 0; page < usedPages; page++) {
    const descriptor = descriptorOf(page);
    const kind = load32(descriptor + DESCRIPTOR_KIND);
    if (load32(descriptor + DESCRIPTOR_FLAGS) === FLAG_RESCAN) return RULE_BLACK_TO_WHITE;
    if (kind !== PAGE_SMALL && kind !== PAGE_LARGE) continue;
    const cellBytes = kind === PAGE_SMALL ? load32(descriptor + DESCRIPTOR_SIZE) : pageBytes;
    const start = pageAddress(page);
    for (let cell = start; cell + cellBytes <= start + pageBytes; cell += cellBytes) {
      if (!isMarked(cell)) continue;
      if (load32(cell) === 0) return RULE_MARKED_FREE_CELL;
      if (!refersToMarkedOnly(cell)) return RULE_BLACK_TO_WHITE;
    }
  }
  return 0;
}

function refersToMarkedOnly(cell: number): boolean {
  const entry = classEntry(load32(cell));
  const kind = entryKind(entry);
  if (kind === KIND_REFERENCES) {
    const capacity = loadInt(cell + 8);
    for (let i = 0; i < capacity; i++)
      if (!isMarkedOrOutside(cell + STORAGE_DATA + i * 8)) return false;
  } else {
    const count = entryReferenceCount(entry);
    for (let i = 0; i < count; i++)
      if (!isMarkedOrOutside(cell + entryReferenceOffset(entry, i))) return false;
  }
  return true;
}

function isMarkedOrOutside(slot: number): boolean {
  if ((load8(slot) & 7) !== 0) return true;
  const word = loadInt(slot);
  return !isInHeap(word) || isMarked(word);
}

/** How many objects the heap holds, live or not yet swept. */
export function countObjects(): number {
  let objects = 0;
  for (let page = 0; page < usedPages; page++) {
    const descriptor = descriptorOf(page);
    const kind = load32(descriptor + DESCRIPTOR_KIND);
    if (kind === PAGE_LARGE) objects++;
    if (kind !== PAGE_SMALL) continue;
    const cellBytes = load32(descriptor + DESCRIPTOR_SIZE);
    const start = pageAddress(page);
    for (let cell = start; cell + cellBytes <= start + pageBytes; cell += cellBytes) {
      if (load32(cell) !== 0) objects++;
    }
  }
  return objects;
}
