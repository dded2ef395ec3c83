/**
 * Processes and tasks. An image has one process today; nothing here is global, so that `posix_spawn` can give a child a
 * `Process` of its own.
 */
import type { i64 } from '@tessera/machine';
import { type bytestr, DescriptorTable, type OpenFile, type Place, WaitQueue } from '@tessera/vfs';
import type { AddressSpace, Processor, RegisterFile, UserMemory } from './contract.js';
import { STACK_BYTES } from './limits.js';
import { AlternateStack } from './signal/frame.js';
import { PendingSignals, SIGNAL_MAX, SignalAction, SignalSet } from './signal/signals.js';

export const RLIMIT_CPU = 0;
export const RLIMIT_FSIZE = 1;
export const RLIMIT_DATA = 2;
export const RLIMIT_STACK = 3;
export const RLIMIT_CORE = 4;
export const RLIMIT_NOFILE = 7;
export const RLIMIT_COUNT = 16;
/** RLIM_INFINITY; as a number that is -1, and written as 2^64 - 1. */
export const UNLIMITED = -1;

export class Process {
  readonly pid: number;
  readonly parentPid: number;
  group: number;
  session: number;
  readonly files: DescriptorTable = new DescriptorTable();
  readonly place: Place;
  readonly space: AddressSpace;
  readonly memory: UserMemory;
  readonly tasks: Task[] = [];
  readonly pending: PendingSignals = new PendingSignals();
  readonly actions: SignalAction[] = [];
  readonly softLimits: number[] = [];
  readonly hardLimits: number[] = [];
  /** For /proc/self. */
  executablePath: bytestr = '';
  executable: OpenFile | undefined = undefined;
  argv: readonly bytestr[] = [];
  argumentsStart = 0;
  environmentStart = 0;
  environmentEnd = 0;
  startNs: i64 = 0n;
  ended = false;
  exitStatus = 0;
  dumpable = true;

  constructor(
    pid: number,
    parentPid: number,
    place: Place,
    space: AddressSpace,
    memory: UserMemory,
  ) {
    this.pid = pid;
    this.parentPid = parentPid;
    this.group = pid;
    this.session = pid;
    this.place = place;
    this.space = space;
    this.memory = memory;
    for (let signal = 0; signal <= SIGNAL_MAX; signal++) this.actions.push(new SignalAction());
    for (let limit = 0; limit < RLIMIT_COUNT; limit++) {
      this.softLimits.push(UNLIMITED);
      this.hardLimits.push(UNLIMITED);
    }
    this.softLimits[RLIMIT_STACK] = STACK_BYTES;
    this.softLimits[RLIMIT_CORE] = 0;
    this.softLimits[RLIMIT_NOFILE] = 1024;
    this.hardLimits[RLIMIT_NOFILE] = 1048576;
  }
}

export class Task {
  readonly tid: number;
  readonly process: Process;
  readonly registers: RegisterFile;
  readonly processor: Processor;
  readonly blocked: SignalSet = new SignalSet();
  /** Restored after the next delivery, for sigsuspend, ppoll and pselect. */
  readonly savedBlocked: SignalSet = new SignalSet();
  restoreBlocked = false;
  readonly pending: PendingSignals = new PendingSignals();
  readonly alternate: AlternateStack = new AlternateStack();
  /** Woken when a signal arrives. */
  readonly signalQueue: WaitQueue = new WaitQueue();
  /** The restart code of the last call, until signals have been looked at. */
  restart = 0;
  ended = false;
  /** Cleared and woken when the task ends (CLONE_CHILD_CLEARTID). */
  clearChildTid = 0;
  robustList = 0;
  name: bytestr = '';
  parentDeathSignal = 0;

  constructor(tid: number, process: Process, registers: RegisterFile, processor: Processor) {
    this.tid = tid;
    this.process = process;
    this.registers = registers;
    this.processor = processor;
    process.tasks.push(this);
  }

  /** A signal waits that is not blocked, or the task is to end. */
  signalled(): boolean {
    if (this.ended) return true;
    return this.pending.deliverable(this.blocked) || this.process.pending.deliverable(this.blocked);
  }
}
