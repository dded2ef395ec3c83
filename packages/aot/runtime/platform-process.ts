/**
 * The process target: a static Linux program. Memory is one reservation that the host backs when it is touched.
 *
 * Replaces `platform.ts` when aot builds for `process`.
 */
import { load8, loadInt } from '@tessera/machine';
import { initialiseHeap } from './heap/allocate.js';

const WRITE = 1;
const MMAP = 9;
const EXIT_GROUP = 231;
const PROT_READ_WRITE = 3;
/** MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE */
const MAP_FLAGS = 0x4022;
const EINTR = -4;
const EAGAIN = -11;
const ABORTED = 134;

const WINDOW_BYTES = 0x1_0000_0000;
const SMALLEST_WINDOW_BYTES = 0x400_0000;

let top = 0;

/** @extern tessera_syscall */
function systemCall(
  _number: number,
  _a: number,
  _b: number,
  _c: number,
  _d: number,
  _e: number,
  _f: number,
): number {
  return -38;
}

/** @extern tessera_spill_registers */
export function spillRegisters(_area: number): number {
  return 0;
}

export function stackTop(): number {
  return top;
}

export function growHeap(_start: number, _bytes: number): boolean {
  return true;
}

/** One thread, no interrupts: nothing else touches the heap. */
export function stopWorld(): boolean {
  return false;
}

export function resumeWorld(_interruptsWereOn: boolean): void {}

/** Finds memory and sets up the heap. `stackPointer` is the kernel's: argc, argv and the environment lie there. */
export function startPlatform(stackPointer: number): void {
  top = stackPointer;
  let bytes = WINDOW_BYTES;
  while (true) {
    const start = systemCall(MMAP, 0, bytes, PROT_READ_WRITE, MAP_FLAGS, -1, 0);
    if (start > 0) {
      // An eighth at first: it only says when the first collection is due (an eighth of that).
      initialiseHeap(start, Math.max(SMALLEST_WINDOW_BYTES, Math.trunc(bytes / 64)), bytes, false);
      return;
    }
    if (bytes <= SMALLEST_WINDOW_BYTES) exit(ABORTED);
    bytes = Math.trunc(bytes / 2);
  }
}

/** Writes all bytes; gives up silently when the descriptor is closed, as there is nobody to tell. */
export function writeConsole(descriptor: number, address: number, bytes: number): void {
  let done = 0;
  while (done < bytes) {
    const result = systemCall(WRITE, descriptor, address + done, bytes - done, 0, 0, 0);
    if (result === EINTR || result === EAGAIN) continue;
    if (result <= 0) return;
    done += result;
  }
}

export function exit(status: number): never {
  while (true) systemCall(EXIT_GROUP, status, 0, 0, 0, 0, 0);
}

export function abort(): never {
  exit(ABORTED);
}

/** The program's arguments, as addresses of zero-terminated bytes; `index` 0 is its name. */
export function argumentAddress(index: number): number {
  return index < loadInt(top) ? loadInt(top + 8 + index * 8) : 0;
}

export function argumentCount(): number {
  return loadInt(top);
}

/** Bytes before the zero. */
export function zeroTerminatedLength(address: number): number {
  let length = 0;
  while (load8(address + length) !== 0) length++;
  return length;
}
