/**
 * What the system-call layer needs from the machine, as small interfaces.
 *
 * The kernel door binds them to `machine`, `mm` and `sched`; the testing door has fakes over a flat array, so that every
 * handler runs in Node unchanged.
 */
import type { i64, u64 } from '@tessera/machine';
import type { Vnode, WaitQueue } from '@tessera/vfs';
import type { Task } from './process.js';

/** Bits of access for AddressSpace and faults. */
export const PROT_NONE = 0;
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const PROT_EXEC = 4;

export const MAP_SHARED = 1;
export const MAP_PRIVATE = 2;
export const MAP_FIXED = 0x10;
export const MAP_ANONYMOUS = 0x20;
export const MAP_NORESERVE = 0x4000;
export const MAP_STACK = 0x20000;
export const MAP_FIXED_NOREPLACE = 0x100000;

/**
 * The program's memory. Every method may fault pages in, and so may block: callers hold no lock. A false or -1 means
 * that some byte is not accessible; bytes before it may have been copied.
 */
export interface UserMemory {
  copyIn(address: number, into: Uint8Array, bytes: number): boolean;
  copyOut(address: number, from: Uint8Array, bytes: number): boolean;
  fill(address: number, byte: number, bytes: number): boolean;
  load8(address: number): number;
  load32(address: number): number;
  /** 0 on a fault; `faulted()` tells, until the next access. */
  load64(address: number): u64;
  faulted(): boolean;
  store8(address: number, value: number): boolean;
  store32(address: number, value: number): boolean;
  store64(address: number, value: u64): boolean;
  /** The old value, or -1 on a fault. */
  compareExchange32(address: number, expected: number, replacement: number): number;
  /** Length without NUL; -1 fault; -2 no NUL within `maxBytes`. */
  stringLength(address: number, maxBytes: number): number;
}

/** Gives the pages of a file to a mapping; opaque here. */
export interface FilePager {
  readonly bytes: number;
  page(offset: number, write: boolean): number;
  retain(): void;
  release(): void;
}

export interface MappingRequest {
  readonly address: number;
  readonly bytes: number;
  readonly protection: number;
  readonly flags: number;
  readonly pager: FilePager | undefined;
  readonly offset: number;
  readonly name: string;
}

/** What /proc/self/maps shows of a region. */
export interface RegionInfo {
  readonly start: number;
  readonly end: number;
  readonly protection: number;
  readonly flags: number;
  readonly offset: number;
  readonly name: string;
}

export interface AddressSpace {
  map(request: MappingRequest): number;
  unmap(address: number, bytes: number): number;
  protect(address: number, bytes: number, protection: number): number;
  remap(
    oldAddress: number,
    oldBytes: number,
    newBytes: number,
    flags: number,
    newAddress: number,
  ): number;
  advise(address: number, bytes: number, advice: number): number;
  setBreak(address: number): number;
  initialiseBreak(start: number): void;
  regions(): readonly RegionInfo[];
  /** Drops every mapping (execve). */
  reset(): void;
}

/** Makes pagers for mapped files; undefined if this file cannot be mapped. */
export interface PagerSource {
  pagerFor(node: Vnode, shared: boolean): FilePager | undefined;
}

/** No deadline. */
export const NEVER_NS: i64 = 0x7fffffffffffffffn;

/** Why a wait ended. */
export const WAIT_READY = 0;
export const WAIT_TIMEOUT = 1;
export const WAIT_INTERRUPTED = 2;

/** Blocking of the calling thread. */
export interface Blocker {
  /**
   * Sleeps until `ready()` holds (WAIT_READY) or the deadline on CLOCK_MONOTONIC has passed (WAIT_TIMEOUT). `ready` is
   * called again after every wake-up of one of the queues. Signals wake a queue of the task that is among `queues`.
   */
  wait(queues: readonly WaitQueue[], ready: () => boolean, deadlineNs: i64): number;
  yield(): void;
}

export interface SystemClock {
  monotonicNs(): i64;
  realtimeNs(): i64;
  /** CPU time used by the program, user and system. */
  cpuTimeNs(): i64;
  idleNs(): i64;
}

/** Registers of a thread as its system call or exception found them; word indexes in the order of Linux's pt_regs. */
export interface RegisterFile {
  get(index: number): u64;
  set(index: number, value: u64): void;
  /** More than RAX was changed: all registers are to be restored on the way back. */
  changed(): void;
}

export const REG_R15 = 0;
export const REG_R14 = 1;
export const REG_R13 = 2;
export const REG_R12 = 3;
export const REG_RBP = 4;
export const REG_RBX = 5;
export const REG_R11 = 6;
export const REG_R10 = 7;
export const REG_R9 = 8;
export const REG_R8 = 9;
export const REG_RAX = 10;
export const REG_RCX = 11;
export const REG_RDX = 12;
export const REG_RSI = 13;
export const REG_RDI = 14;
export const REG_ORIG_RAX = 15;
export const REG_RIP = 16;
export const REG_CS = 17;
export const REG_RFLAGS = 18;
export const REG_RSP = 19;
export const REG_SS = 20;
export const REG_COUNT = 21;

/** The rest of a thread's processor state. */
export interface Processor {
  setFsBase(address: number): void;
  fsBase(): number;
  /** Bytes of the floating-point area that signal frames carry. */
  fpuAreaBytes(): number;
  /** Stores the state at a program address (64-byte aligned); false on a fault. */
  fpuSave(address: number): boolean;
  /** Loads it back; false on a fault or a state that the processor refuses. */
  fpuRestore(address: number): boolean;
  /** The initial state. */
  fpuReset(): void;
  /** For a task that has not run yet: the calling task's floating-point state, and this thread-local base. */
  inherit(fsBase: number): void;
}

/** What the hardware looks like, for /proc and sysinfo. */
export interface HardwareInfo {
  cpuCount(): number;
  cpuVendor(): string;
  cpuModel(): string;
  cpuFlags(): string;
  cpuMhz(): number;
  totalBytes(): number;
  freeBytes(): number;
  /** AT_HWCAP: CPUID 1 EDX. */
  hardwareCapabilities(): number;
}

export interface Random {
  fill(out: Uint8Array): void;
}

/** The other end of the standard streams. */
export interface ConsoleOutput {
  /** Stream 1 or 2. Takes all bytes (the line may wait). */
  write(stream: number, bytes: Uint8Array): void;
}

/** Where kernel messages go; shown only with --verbose, except `fatal`. */
export interface Log {
  line(text: string): void;
  /** What the user must see whatever the verbosity. */
  fatal(text: string): void;
  /** A line of --strace. */
  trace(text: string): void;
}

/** What ends a program. */
export interface ProcessHost {
  /** A task like `parent` (registers and all) that does not run yet; undefined if memory is short. */
  createTask(parent: Task, tid: number): Task | undefined;
  startTask(task: Task): void;
  /** A task that is not the last has ended. Does not return in the kernel when it is the calling one. */
  taskEnded(tid: number): void;
  /** The process has ended: by exit with `status` (signal 0), or by `signal` (status 128 + signal). */
  ended(status: number, signal: number): void;
  /** Reboot or power-off was asked for by the program. */
  powerOff(status: number): void;
}
