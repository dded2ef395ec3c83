/**
 * One system call: raw 64-bit arguments, and the conversions through which alone they become numbers.
 *
 * No value of a program can reach an overflow: addresses are 47 bits or -1, lengths saturate, the rest is cut to 32 bits
 * as the kernel's prototypes say.
 */
import type { i64, u64 } from '@tessera/machine';
import {
  bytesToString,
  type bytestr,
  type Dentry,
  EBADF,
  EFAULT,
  ENAMETOOLONG,
  ENOTDIR,
  type Failure,
  failure,
  type OpenFile,
  PATH_BYTES_MAX,
  type WaitQueue,
} from '@tessera/vfs';
import { type UserMemory, WAIT_INTERRUPTED, WAIT_READY, WAIT_TIMEOUT } from './contract.js';
import type { Process, Task } from './process.js';
import type { LinuxSystem } from './system.js';

/** First address that no program has. */
export const USER_END = 0x7fffffffffff;
/** Lengths above are cut to this: more than any file or memory, and sums of two stay far below 2^53. */
export const LENGTH_MAX = 0x10000000000000;

export const AT_FDCWD = -100;

/** Restart codes: never seen by the program. */
export const ERESTARTSYS = 512;
export const ERESTARTNOHAND = 514;

/** The call did not return a value: registers were set otherwise (execve, sigreturn). */
export const NO_RESULT = -1000000;

/** A program address, or -1. */
export function userAddress(value: u64): number {
  return value > 0x7fffffffffffn ? -1 : Number(value);
}

/** An unsigned length, saturated. */
export function lengthOf(value: u64): number {
  return value > 0x10000000000000n ? LENGTH_MAX : Number(value);
}

/** A signed 64-bit value, saturated to +-2^52. */
export function signedOf(value: u64): number {
  const signed = BigInt.asIntN(64, value);
  if (signed > 0x10000000000000n) return LENGTH_MAX;
  if (signed < -0x10000000000000n) return -LENGTH_MAX;
  return Number(signed);
}

export function int32(value: u64): number {
  return Number(BigInt.asIntN(32, value));
}

export function uint32(value: u64): number {
  return Number(BigInt.asUintN(32, value));
}

export class Call {
  readonly system: LinuxSystem;
  readonly task: Task;
  readonly process: Process;
  readonly memory: UserMemory;
  number = 0;
  a0: u64 = 0n;
  a1: u64 = 0n;
  a2: u64 = 0n;
  a3: u64 = 0n;
  a4: u64 = 0n;
  a5: u64 = 0n;

  constructor(system: LinuxSystem, task: Task) {
    this.system = system;
    this.task = task;
    this.process = task.process;
    this.memory = task.process.memory;
  }

  argument(index: number): u64 {
    switch (index) {
      case 0:
        return this.a0;
      case 1:
        return this.a1;
      case 2:
        return this.a2;
      case 3:
        return this.a3;
      case 4:
        return this.a4;
      default:
        return this.a5;
    }
  }

  /** A string of the program of at most `maxBytes` with its NUL. */
  string(address: number, maxBytes: number): bytestr | Failure {
    if (address < 0) return failure(EFAULT);
    const length = this.memory.stringLength(address, maxBytes);
    if (length === -1) return failure(EFAULT);
    if (length < 0) return failure(ENAMETOOLONG);
    const bytes = new Uint8Array(length);
    if (!this.memory.copyIn(address, bytes, length)) return failure(EFAULT);
    return bytesToString(bytes, 0, length);
  }

  path(argument: u64): bytestr | Failure {
    return this.string(userAddress(argument), PATH_BYTES_MAX);
  }

  file(argument: u64): OpenFile | Failure {
    const file = this.process.files.get(int32(argument));
    return file === undefined ? failure(EBADF) : file;
  }

  /** Where a relative path starts: AT_FDCWD or a directory's descriptor. An absolute path needs no descriptor. */
  start(argument: u64, path: bytestr): Dentry | Failure {
    const descriptor = int32(argument);
    if (descriptor === AT_FDCWD || (path.length > 0 && path.charCodeAt(0) === 47))
      return this.process.place.cwd;
    const file = this.process.files.get(descriptor);
    if (file === undefined) return failure(EBADF);
    const dentry = file.dentry;
    const node = file.vnode();
    if (dentry === undefined || node === undefined || !node.isDirectory()) {
      // An empty path with AT_EMPTY_PATH names the file itself; anything else needs a directory.
      if (path.length === 0 && dentry !== undefined) return dentry;
      return failure(ENOTDIR);
    }
    return dentry;
  }

  /** Sleeps until `ready`, the deadline, or a signal for this task: WAIT_READY, WAIT_TIMEOUT, WAIT_INTERRUPTED. */
  wait(queues: WaitQueue[], ready: () => boolean, deadlineNs: i64): number {
    const task = this.task;
    if (task.signalled()) return ready() ? WAIT_READY : WAIT_INTERRUPTED;
    queues.push(task.signalQueue);
    const why = this.system.blocker.wait(queues, () => ready() || task.signalled(), deadlineNs);
    if (ready()) return WAIT_READY;
    return why === WAIT_TIMEOUT ? WAIT_TIMEOUT : WAIT_INTERRUPTED;
  }

  /** Copies bytes out, or -EFAULT. */
  put(address: number, bytes: Uint8Array, length: number): number {
    if (length === 0) return 0;
    if (address < 0) return -EFAULT;
    return this.memory.copyOut(address, bytes, length) ? 0 : -EFAULT;
  }

  /** Copies bytes in, or undefined. */
  take(address: number, length: number): Uint8Array | undefined {
    if (address < 0) return undefined;
    const bytes = new Uint8Array(length);
    if (length > 0 && !this.memory.copyIn(address, bytes, length)) return undefined;
    return bytes;
  }
}
