/** Numbers shared with `native/layout.h` (a test compares the two) and the kernel's map of addresses. */

export const FRAME_R15 = 0;
export const FRAME_R14 = 8;
export const FRAME_R13 = 16;
export const FRAME_R12 = 24;
export const FRAME_RBP = 32;
export const FRAME_RBX = 40;
export const FRAME_R11 = 48;
export const FRAME_R10 = 56;
export const FRAME_R9 = 64;
export const FRAME_R8 = 72;
export const FRAME_RAX = 80;
export const FRAME_RCX = 88;
export const FRAME_RDX = 96;
export const FRAME_RSI = 104;
export const FRAME_RDI = 112;
export const FRAME_ORIG_RAX = 120;
export const FRAME_RIP = 128;
export const FRAME_CS = 136;
export const FRAME_RFLAGS = 144;
export const FRAME_RSP = 152;
export const FRAME_SS = 160;
export const FRAME_VECTOR = 168;
export const FRAME_CR2 = 176;
export const FRAME_FLAGS = 184;
export const FRAME_BYTES = 192;
export const FRAME_FROM_PROGRAM = 1;
export const FRAME_CHANGED = 2;
export const VECTOR_SYSTEM_CALL = 256;

export const CPU_STACK_TOP = 8;
export const CPU_STACK_BOTTOM = 16;
export const CPU_USER_FAULTED = 32;
export const CPU_THREAD = 48;
export const CPU_NMI_COUNT = 56;

export const VECTOR_PAGE_FAULT = 14;
/** First vector that is not an exception. */
export const VECTOR_TIMER = 32;
export const VECTOR_SERIAL = 33;
/** Devices get 48 and up. */
export const VECTOR_DEVICES = 48;
export const VECTOR_SPURIOUS = 255;

/** Page-fault error bits, the processor's own. */
export const ACCESS_PRESENT = 1;
export const ACCESS_WRITE = 2;
export const ACCESS_EXECUTE = 16;

export const PAGE_BYTES = 4096;
/** Virtual = physical + this, for the kernel image. */
export const KERNEL_OFFSET = 0x7000_0000;
export const KERNEL_IMAGE_START = 0x7000_0000;
export const KERNEL_IMAGE_LIMIT = 0x8000_0000;
/** All physical memory is mapped from here. */
export const DIRECT_MAP_START = 0x4000_0000_0000;
/** The program may use addresses below. */
export const PROGRAM_LIMIT = 0x4000_0000_0000;
/** Nothing is ever mapped below, so that a null pointer with a small offset faults. */
export const PROGRAM_START = 0x1_0000;
export const KERNEL_WINDOW_START = 0x6000_0000_0000;

export function physicalToVirtual(physical: number): number {
  return DIRECT_MAP_START + physical;
}

/** Preconditions: an address of the direct map. */
export function virtualToPhysical(address: number): number {
  return address - DIRECT_MAP_START;
}
