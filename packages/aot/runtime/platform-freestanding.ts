/**
 * The freestanding target: machine's assembly gives console, panic and the first memory; `mm` gives more once it runs.
 *
 * Replaces `platform.ts` when aot builds an image.
 */
import {
  heapGrower,
  interruptsOff,
  interruptsOn,
  stackFirst,
  stackNext,
  stackScanStart,
  stackTopOf,
} from '@tessera/machine';
import { initialiseHeap } from './heap/allocate.js';
import { scanConservatively } from './heap/mark.js';
import { type RootScanner, setRootScanner } from './heap/roots.js';
import { setIncremental } from './heap/state.js';

/** @extern tessera_console_write */
function consoleWrite(_address: number, _bytes: number): void {}

/**
 * Prints nothing itself: the message went through `writeConsole`. Stops the machine.
 * @extern tessera_panic
 */
function stopMachine(): void {}

/**
 * Ends the machine with an exit status.
 * @extern tessera_power_off
 */
function powerOff(_status: number): void {}

/**
 * Start of memory that is the heap's: mapped, zero, part of the image's size.
 * @extern tessera_heap_start
 */
function heapStart(): number {
  return 0;
}

/**
 * Bytes there.
 * @extern tessera_heap_bytes
 */
function heapBytes(): number {
  return 0;
}

/**
 * Bytes of address space there that nothing else uses, for growth; at least `heapBytes`.
 * @extern tessera_heap_window
 */
function heapWindow(): number {
  return 0;
}

/**
 * Upper end of the stack that runs.
 * @extern tessera_running_stack_top
 */
export function stackTop(): number {
  return 0;
}

/** @extern tessera_spill_registers */
export function spillRegisters(_area: number): number {
  return 0;
}

export function growHeap(start: number, bytes: number): boolean {
  const grower = heapGrower();
  return grower === undefined ? false : grower.growHeap(start, bytes);
}

/** The stacks of all threads that do not run. */
class KernelStacks implements RootScanner {
  scanRoots(): void {
    for (let stack = stackFirst(); stack !== 0; stack = stackNext(stack)) {
      const low = stackScanStart(stack);
      if (low !== 0) scanConservatively(low, stackTopOf(stack));
    }
  }
}

/**
 * Keeps everything else from the heap: interrupt code writes references too. One CPU; more need a rendezvous here.
 * Returns what `resumeWorld` needs.
 */
export function stopWorld(): boolean {
  return interruptsOff();
}

export function resumeWorld(interruptsWereOn: boolean): void {
  if (interruptsWereOn) interruptsOn();
}

export function startPlatform(_bootInformation: number): void {
  // The barrier pushes on the mark stack, which interrupt code must not do while a slice runs: until it has a buffer of
  // its own, marking is one piece with interrupts off, and compiled stores see no barrier.
  setIncremental(0);
  initialiseHeap(heapStart(), heapBytes(), heapWindow(), true);
  setRootScanner(new KernelStacks());
}

export function writeConsole(_descriptor: number, address: number, bytes: number): void {
  consoleWrite(address, bytes);
}

export function exit(status: number): never {
  while (true) powerOff(status);
}

export function abort(): never {
  while (true) stopMachine();
}
