/**
 * What happens after `native/traps.S` has saved the registers: sorts traps and calls the handlers that the composition
 * installed. A fault in kernel text outside the accessors of `user.unsafe.ts` is a panic with registers and a backtrace.
 */

import { localApicAcknowledge } from './apic.js';
import {
  framePointer,
  interruptsOff,
  interruptsOn,
  resetMachine,
  serialWrite,
  textLimit,
  textStart,
} from './cpu.unsafe.js';
import {
  FRAME_CHANGED,
  FRAME_CR2,
  FRAME_FLAGS,
  FRAME_FROM_PROGRAM,
  FRAME_ORIG_RAX,
  FRAME_R8,
  FRAME_R9,
  FRAME_R10,
  FRAME_R11,
  FRAME_R12,
  FRAME_R13,
  FRAME_R14,
  FRAME_R15,
  FRAME_RAX,
  FRAME_RBP,
  FRAME_RBX,
  FRAME_RCX,
  FRAME_RDI,
  FRAME_RDX,
  FRAME_RFLAGS,
  FRAME_RIP,
  FRAME_RSI,
  FRAME_RSP,
  FRAME_VECTOR,
  VECTOR_PAGE_FAULT,
  VECTOR_SPURIOUS,
  VECTOR_TIMER,
} from './layout.js';
import { addressOf, load32, load64, loadInt, store32, storeInt } from './memory.unsafe.js';
import { userAddress } from './user.unsafe.js';

export interface TrapHandlers {
  /** Interrupts are on. Store the result with storeInt(frame + FRAME_RAX, value). */
  systemCall(frame: number): void;
  /** `address` is -1 when no program can have anything there. True: try the instruction again. */
  pageFault(frame: number, address: number, access: number, fromProgram: boolean): boolean;
  /** Any other exception of the program. */
  exception(frame: number, vector: number): void;
  /** A device or timer interrupt; interrupts are off; must not block or allocate. */
  interrupt(vector: number): void;
  /** Last thing before the program runs again; may block. Interrupts are on. */
  returnToProgram(frame: number): void;
  /** A kernel thread starts: runs its body and never returns. */
  threadMain(argument: number): void;
}

let handlers: TrapHandlers | undefined;

export function installTrapHandlers(installed: TrapHandlers): void {
  handlers = installed;
}

/** More than RAX was changed: every register is loaded on the way back. */
export function markFrameChanged(frame: number): void {
  store32(frame + FRAME_FLAGS, load32(frame + FRAME_FLAGS) | FRAME_CHANGED);
}

const RFLAGS_INTERRUPTS = 0x200;

/** @extern tessera_user_fixup */
function userFixup(_instruction: number): number {
  return 0;
}

/** @entry tessera_system_call */
export function systemCallEntry(frame: number): void {
  const installed = handlers;
  if (installed === undefined) return;
  installed.systemCall(frame);
  installed.returnToProgram(frame);
}

/** @entry tessera_thread_main */
export function threadEntry(argument: number): void {
  const installed = handlers;
  if (installed !== undefined) installed.threadMain(argument);
}

/** @entry tessera_trap */
export function trapEntry(frame: number): void {
  const vector = loadInt(frame + FRAME_VECTOR);
  const fromProgram = (load32(frame + FRAME_FLAGS) & FRAME_FROM_PROGRAM) !== 0;
  const installed = handlers;
  if (installed === undefined) {
    fatalFrame(frame);
    return;
  }
  if (vector >= VECTOR_TIMER) {
    if (vector !== VECTOR_SPURIOUS) {
      installed.interrupt(vector);
      localApicAcknowledge();
    }
  } else if (vector === VECTOR_PAGE_FAULT) {
    const fixup = fromProgram ? 0 : userFixup(loadInt(frame + FRAME_RIP));
    if (!fromProgram && fixup === 0) fatalFrame(frame);
    if (fromProgram || (load32(frame + FRAME_RFLAGS) & RFLAGS_INTERRUPTS) !== 0) interruptsOn();
    const address = userAddress(load64(frame + FRAME_CR2));
    const resolved = installed.pageFault(
      frame,
      address,
      load32(frame + FRAME_ORIG_RAX),
      fromProgram,
    );
    if (!resolved && !fromProgram) storeInt(frame + FRAME_RIP, fixup);
  } else if (fromProgram) {
    interruptsOn();
    installed.exception(frame, vector);
  } else {
    fatalFrame(frame);
  }
  if (fromProgram) {
    interruptsOn();
    installed.returnToProgram(frame);
  }
}

/** The interrupt stack's words: vector, error, rip, cs, rflags, rsp, ss. @entry tessera_fatal_trap */
export function fatalTrapEntry(words: number): void {
  interruptsOff();
  print('panic: trap ');
  printHex(load64(words));
  print(' on a full or wild kernel stack, rip ');
  printHex(load64(words + 16));
  print(' rsp ');
  printHex(load64(words + 40));
  print('\n');
  resetMachine();
}

/** Prints registers and a backtrace, and ends the machine. */
export function fatalFrame(frame: number): void {
  interruptsOff();
  print('panic: trap ');
  printHex(load64(frame + FRAME_VECTOR));
  print(' error ');
  printHex(load64(frame + FRAME_ORIG_RAX));
  print(' address ');
  printHex(load64(frame + FRAME_CR2));
  print('\n');
  printRegisters(frame);
  printBacktrace(loadInt(frame + FRAME_RBP));
  resetMachine();
}

const NAMES: readonly string[] = [
  'rip',
  'rsp',
  'flg',
  'rax',
  'rbx',
  'rcx',
  'rdx',
  'rsi',
  'rdi',
  'rbp',
  'r8 ',
  'r9 ',
  'r10',
  'r11',
  'r12',
  'r13',
  'r14',
  'r15',
];
const OFFSETS: readonly number[] = [
  FRAME_RIP,
  FRAME_RSP,
  FRAME_RFLAGS,
  FRAME_RAX,
  FRAME_RBX,
  FRAME_RCX,
  FRAME_RDX,
  FRAME_RSI,
  FRAME_RDI,
  FRAME_RBP,
  FRAME_R8,
  FRAME_R9,
  FRAME_R10,
  FRAME_R11,
  FRAME_R12,
  FRAME_R13,
  FRAME_R14,
  FRAME_R15,
];

export function printRegisters(frame: number): void {
  for (let index = 0; index < NAMES.length; index++) {
    print(NAMES[index]);
    print(' ');
    printHex(load64(frame + OFFSETS[index]));
    print(index % 3 === 2 ? '\n' : '  ');
  }
}

const BACKTRACE_DEPTH_MAX = 32;

/** Return addresses up the chain of frame pointers, as far as they stay on one stack and in kernel text. */
export function printBacktrace(start: number): void {
  let at = start;
  for (let depth = 0; depth < BACKTRACE_DEPTH_MAX && at !== 0 && (at & 7) === 0; depth++) {
    const caller = loadInt(at + 8);
    if (caller < textStart() || caller >= textLimit()) return;
    print('  at ');
    printHex(load64(at + 8));
    print('\n');
    const next = loadInt(at);
    if (next <= at) return;
    at = next;
  }
}

/** For a panic that has its own words. */
export function panic(message: string): never {
  interruptsOff();
  print('panic: ');
  print(message);
  print('\n');
  printBacktrace(framePointer());
  while (true) resetMachine();
}

const line: Uint8Array = new Uint8Array(16);

/** Text on the serial port without allocating; for panics and early messages. */
export function print(text: string): void {
  for (let index = 0; index < text.length; index++) {
    line[0] = text.charCodeAt(index) & 255;
    serialWrite(addressOf(line), 1);
  }
}

export function printHex(value: bigint): void {
  let rest = BigInt.asUintN(64, value);
  for (let index = 15; index >= 0; index--) {
    const digit = Number(rest & 15n);
    line[index] = digit < 10 ? 48 + digit : 87 + digit;
    rest >>= 4n;
  }
  serialWrite(addressOf(line), 16);
}
