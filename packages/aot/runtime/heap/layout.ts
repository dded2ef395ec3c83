/**
 * Where everything in the heap's window lies. @unchecked
 *
 * The heap is one window of addresses, [base, limit), of which [base, committed) is backed by memory:
 *
 *   base      control block: one slot per size class, size-class tables, area for spilled registers
 *   stack     mark stack, a fixed part of the window; overflow is remembered per page (mark.ts)
 *   pages     descriptors, 32 bytes a page
 *   marks     one bit for each 16-byte granule
 *   first     pages of 4 KiB (small machines) or 32 KiB, each of one size class, or part of a large object
 *
 * The tables are sized for the whole window when it is set up, so that growing never moves anything.
 */
export const GRANULE_BYTES = 16;

/** Size classes: 16 to 128 by 16, then four per doubling up to a quarter page. */
export const MAX_CLASSES = 40;
export const SLOT_BYTES = 40;
/** Fields of a size class's slot. */
export const SLOT_BUMP = 0;
export const SLOT_END = 8;
/** Index + 1 of the page that the allocator is in; 0: before the first. */
export const SLOT_PAGE = 16;
/** First cell of that page that has not been looked at. */
export const SLOT_CELL = 24;
/** Index + 1 of the first page of the class; at +4 the last. */
export const SLOT_HEAD = 32;
export const SLOT_TAIL = 36;

export const CONTROL_SLOTS = 0;
export const CONTROL_CLASS_BYTES: number = MAX_CLASSES * SLOT_BYTES;
export const CONTROL_CLASS_OF: number = CONTROL_CLASS_BYTES + MAX_CLASSES * 4;
export const MAX_SMALL_GRANULES = 512;
export const CONTROL_REGISTERS: number = CONTROL_CLASS_OF + MAX_SMALL_GRANULES + 8;
/** Where console output is turned into UTF-8. */
export const CONTROL_CONSOLE = 2560;
export const CONTROL_CONSOLE_BYTES = 1536;
export const CONTROL_BYTES = 4096;

export const PAGE_FREE = 0;
export const PAGE_SMALL = 1;
export const PAGE_LARGE = 2;
export const PAGE_TAIL = 3;

export const DESCRIPTOR_BYTES = 32;
export const DESCRIPTOR_KIND = 0;
/** Small: bytes of a cell. Large: number of pages. Tail: distance in pages to the head. */
export const DESCRIPTOR_SIZE = 4;
/** Small: ceil(2^32 / cell bytes), so that cell = offset * reciprocal / 2^32 for every offset within a page. */
export const DESCRIPTOR_RECIPROCAL = 8;
/** The cycle after whose marking this page was last swept. */
export const DESCRIPTOR_EPOCH = 12;
export const DESCRIPTOR_NEXT = 16;
export const DESCRIPTOR_PREVIOUS = 20;
export const DESCRIPTOR_FLAGS = 24;
export const DESCRIPTOR_CLASS = 28;

/** Marked objects of this page whose references could not be pushed. */
export const FLAG_RESCAN = 1;
/** A free page that held objects: zero it before use. */
export const FLAG_DIRTY = 2;

export const MARK_ENTRY_BYTES = 16;
/** References looked at in one step: large arrays are marked in pieces. */
export const MARK_CHUNK = 256;
