/**
 * The signal frame of x86-64 (Linux's struct rt_sigframe), as bytes.
 *
 *   offset   0  return address (the restorer)
 *            8  ucontext: flags u64, link u64, stack {pointer u64, flags i32, size u64}, 24 bytes
 *           48  sigcontext, 256 bytes: r8-r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags, cs gs fs ss (16 bit
 *               each), error code, trap number, old mask, cr2, address of the floating-point state, 8 reserved words
 *          304  signal mask u64
 *          312  siginfo, 128 bytes
 *          440  end; the floating-point state lies above, 64-byte aligned
 *
 * `ucontext` starts at 8, so sigcontext is at 8 + 40 = 48. Handlers get the stack pointer 16-byte aligned plus 8, as
 * after a call.
 */
import { dataView } from '@tessera/vfs';
import {
  REG_CS,
  REG_R8,
  REG_R9,
  REG_R10,
  REG_R11,
  REG_R12,
  REG_R13,
  REG_R14,
  REG_R15,
  REG_RAX,
  REG_RBP,
  REG_RBX,
  REG_RCX,
  REG_RDI,
  REG_RDX,
  REG_RFLAGS,
  REG_RIP,
  REG_RSI,
  REG_RSP,
  REG_SS,
  type RegisterFile,
} from '../contract.js';
import {
  SIGBUS,
  SIGFPE,
  SIGILL,
  SIGSEGV,
  SIGTRAP,
  type SignalInfo,
  type SignalSet,
} from './signals.js';

export const FRAME_BYTES = 440;
export const FRAME_UCONTEXT = 8;
const UC_STACK = 24;
const UC_CONTEXT = 48;
const FRAME_MASK = 304;
export const FRAME_INFO = 312;
const CONTEXT_SEGMENTS = 144;
const CONTEXT_ERROR = 152;
const CONTEXT_FPSTATE = 184;

/** UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS. */
const UC_FLAGS = 6;

const CODE_SELECTOR = 0x33;
const STACK_SELECTOR = 0x2b;

/** Bits of RFLAGS that a program may set by sigreturn: arithmetic flags, direction, trap and alignment. */
const RFLAGS_PROGRAM = 0x50dd5n;
/** Interrupts on, and the bit that is always set. */
const RFLAGS_FORCED = 0x202n;

/** Order of the general registers in sigcontext. */
const CONTEXT_ORDER: readonly number[] = [
  REG_R8,
  REG_R9,
  REG_R10,
  REG_R11,
  REG_R12,
  REG_R13,
  REG_R14,
  REG_R15,
  REG_RDI,
  REG_RSI,
  REG_RBP,
  REG_RBX,
  REG_RDX,
  REG_RAX,
  REG_RCX,
  REG_RSP,
  REG_RIP,
  REG_RFLAGS,
];

/** The alternate stack of a thread; size 0 means none. */
export class AlternateStack {
  address = 0;
  bytes = 0;
  /** SS_DISABLE is 2, SS_ONSTACK 1. */
  contains(stackPointer: number): boolean {
    return (
      this.bytes > 0 && stackPointer > this.address && stackPointer - this.address <= this.bytes
    );
  }
}

export function writeWord(view: DataView, offset: number, value: number): void {
  view.setBigUint64(offset, BigInt.asUintN(64, BigInt(value)), true);
}

/** The bytes of a siginfo. */
export function writeSignalInfo(view: DataView, at: number, info: SignalInfo): void {
  view.setInt32(at, info.signal, true);
  view.setInt32(at + 4, 0, true);
  view.setInt32(at + 8, info.code, true);
  const fault =
    info.code > 0 &&
    (info.signal === SIGSEGV ||
      info.signal === SIGBUS ||
      info.signal === SIGFPE ||
      info.signal === SIGILL ||
      info.signal === SIGTRAP);
  if (fault) {
    writeWord(view, at + 16, info.address);
  } else {
    view.setInt32(at + 16, info.senderPid, true);
    view.setUint32(at + 20, info.senderUid, true);
  }
}

/** Builds a frame; `restorer` becomes its return address, `fpState` the address of the saved floating-point state. */
export function buildSignalFrame(
  registers: RegisterFile,
  info: SignalInfo,
  blocked: SignalSet,
  alternate: AlternateStack,
  restorer: number,
  fpState: number,
  onAlternate: boolean,
): Uint8Array {
  const bytes = new Uint8Array(FRAME_BYTES);
  const view = new DataView(bytes.buffer);
  writeWord(view, 0, restorer);
  writeWord(view, FRAME_UCONTEXT, UC_FLAGS);
  writeWord(view, UC_STACK, alternate.address);
  view.setInt32(UC_STACK + 8, alternate.bytes === 0 ? 2 : onAlternate ? 1 : 0, true);
  writeWord(view, UC_STACK + 16, alternate.bytes);
  for (let index = 0; index < CONTEXT_ORDER.length; index++) {
    view.setBigUint64(UC_CONTEXT + index * 8, registers.get(CONTEXT_ORDER[index]), true);
  }
  view.setUint16(UC_CONTEXT + CONTEXT_SEGMENTS, CODE_SELECTOR, true);
  view.setUint16(UC_CONTEXT + CONTEXT_SEGMENTS + 6, STACK_SELECTOR, true);
  writeWord(view, UC_CONTEXT + CONTEXT_ERROR, info.errorCode);
  writeWord(view, UC_CONTEXT + CONTEXT_ERROR + 8, info.trapNumber);
  view.setUint32(UC_CONTEXT + CONTEXT_ERROR + 16, blocked.low, true);
  view.setUint32(UC_CONTEXT + CONTEXT_ERROR + 20, blocked.high, true);
  writeWord(view, UC_CONTEXT + CONTEXT_ERROR + 24, info.address);
  writeWord(view, UC_CONTEXT + CONTEXT_FPSTATE, fpState);
  view.setUint32(FRAME_MASK, blocked.low, true);
  view.setUint32(FRAME_MASK + 4, blocked.high, true);
  writeSignalInfo(view, FRAME_INFO, info);
  return bytes;
}

/** Reads a frame back into registers and mask (rt_sigreturn); answers the address of the floating-point state. */
export function restoreSignalFrame(
  bytes: Uint8Array,
  registers: RegisterFile,
  blocked: SignalSet,
): number {
  const view = dataView(bytes);
  for (let index = 0; index < CONTEXT_ORDER.length; index++) {
    const register = CONTEXT_ORDER[index];
    const value = view.getBigUint64(UC_CONTEXT + index * 8, true);
    if (register === REG_RFLAGS) {
      registers.set(register, BigInt.asUintN(64, (value & RFLAGS_PROGRAM) | RFLAGS_FORCED));
    } else {
      registers.set(register, value);
    }
  }
  registers.set(REG_CS, 0x33n);
  registers.set(REG_SS, 0x2bn);
  blocked.low = view.getUint32(FRAME_MASK, true);
  blocked.high = view.getUint32(FRAME_MASK + 4, true);
  const fpLow = view.getUint32(UC_CONTEXT + CONTEXT_FPSTATE, true);
  const fpHigh = view.getUint32(UC_CONTEXT + CONTEXT_FPSTATE + 4, true);
  return fpHigh >= 32768 ? -1 : fpHigh * 4294967296 + fpLow;
}

/** Where the alternate stack is in a frame: address and size as the program may have changed them. */
export function frameAlternateStack(bytes: Uint8Array, out: AlternateStack): void {
  const view = dataView(bytes);
  const flags = view.getInt32(UC_STACK + 8, true);
  if ((flags & 2) !== 0) {
    out.address = 0;
    out.bytes = 0;
    return;
  }
  const high = view.getUint32(UC_STACK + 4, true);
  const sizeHigh = view.getUint32(UC_STACK + 20, true);
  if (high >= 32768 || sizeHigh >= 32768) return;
  out.address = high * 4294967296 + view.getUint32(UC_STACK, true);
  out.bytes = sizeHigh * 4294967296 + view.getUint32(UC_STACK + 16, true);
}
