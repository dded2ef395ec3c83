/**
 * The system: one object that knows all parts, and the way in and out of a system call.
 *
 * `dispatch` runs one call whose number and arguments are in the task's registers and stores the result; `beforeReturn`
 * delivers signals; `fault` turns an exception into a signal. Nothing here knows the processor: the kernel door calls these
 * three and provides the interfaces of `contract.ts`.
 */
import { type bytestr, type Clock, ENOSYS, type Namespace, type Place } from '@tessera/vfs';
import { type Call, ERESTARTNOHAND, ERESTARTSYS, NO_RESULT } from './call.js';
import {
  type AddressSpace,
  type Blocker,
  type HardwareInfo,
  type Log,
  type PagerSource,
  type ProcessHost,
  type Processor,
  type Random,
  REG_ORIG_RAX,
  REG_R8,
  REG_R9,
  REG_R10,
  REG_RAX,
  REG_RDI,
  REG_RDX,
  REG_RSI,
  type RegisterFile,
  type SystemClock,
  type UserMemory,
} from './contract.js';
import { crashReport } from './crash.js';
import { SignalDelivery } from './delivery.js';
import { LoadFailure } from './elf/loader.js';
import { TRANSFER_BYTES } from './limits.js';
import { Process, Task } from './process.js';
import { ProgramStarter, startMessage, startStatus } from './program.js';
import { SI_KERNEL, SignalInfo } from './signal/signals.js';
import { formatCall, formatResult, readsAfter } from './strace.js';
import { buildTable } from './syscalls/all.js';
import { syscallName } from './syscalls/names.js';
import type { SystemCallTable } from './syscalls/table.js';
import { FutexTable } from './syscalls/tasks.js';

/** The clock of the file system over the system's. */
class FileClock implements Clock {
  private readonly clock: SystemClock;

  constructor(clock: SystemClock) {
    this.clock = clock;
  }

  realtimeUs(): number {
    return Number(BigInt.asIntN(64, this.clock.realtimeNs() / 1000n));
  }
}

/** Everything from outside. */
export interface SystemParts {
  readonly namespace: Namespace;
  readonly clock: SystemClock;
  readonly blocker: Blocker;
  readonly pagers: PagerSource;
  readonly random: Random;
  readonly hardware: HardwareInfo;
  readonly log: Log;
  readonly host: ProcessHost;
}

export class LinuxSystem {
  readonly namespace: Namespace;
  readonly clock: SystemClock;
  readonly fileClock: Clock;
  readonly blocker: Blocker;
  readonly pagers: PagerSource;
  readonly random: Random;
  readonly hardware: HardwareInfo;
  readonly log: Log;
  readonly host: ProcessHost;
  readonly table: SystemCallTable;
  readonly futexes: FutexTable = new FutexTable();
  readonly delivery: SignalDelivery;
  readonly starter: ProgramStarter;
  hostName: bytestr = 'tessera';
  domainName: bytestr = '(none)';
  noNewPrivileges = false;
  /** A line per call goes to `log.trace`. */
  tracing = false;
  private readonly spareBuffers: Uint8Array[] = [];
  private anonymousNode = 1000;
  private tidNext = 1;

  constructor(parts: SystemParts) {
    this.namespace = parts.namespace;
    this.clock = parts.clock;
    this.fileClock = new FileClock(parts.clock);
    this.blocker = parts.blocker;
    this.pagers = parts.pagers;
    this.random = parts.random;
    this.hardware = parts.hardware;
    this.log = parts.log;
    this.host = parts.host;
    this.table = buildTable();
    this.delivery = new SignalDelivery(this);
    this.starter = new ProgramStarter(this);
  }

  // ---- processes ----

  /** The first process: pid 1 with one task that has no program yet. */
  createProcess(
    place: Place,
    space: AddressSpace,
    memory: UserMemory,
    registers: RegisterFile,
    processor: Processor,
  ): Task {
    const pid = this.tidNext++;
    const process = new Process(pid, 0, place, space, memory);
    process.startNs = this.clock.monotonicNs();
    return new Task(pid, process, registers, processor);
  }

  /** Starts the first program: 0, or the status (126, 127) with which to end, said in words to the user. */
  start(task: Task, command: bytestr, argv: readonly bytestr[], envp: readonly bytestr[]): number {
    const path = this.starter.search(task.process, command, envp);
    const failed = this.starter.execute(task, path, argv, envp);
    if (failed === undefined) return 0;
    this.log.fatal(startMessage(path, failed));
    return startStatus(failed.errno);
  }

  /** execve: 0, or -errno with the old program intact. */
  execute(task: Task, path: bytestr, argv: readonly bytestr[], envp: readonly bytestr[]): number {
    const failed = this.starter.execute(task, path, argv, envp);
    return failed instanceof LoadFailure ? -failed.errno : 0;
  }

  /** A task beside `parent` that `host.startTask` will start; undefined if memory is short. */
  createTask(parent: Task): Task | undefined {
    const task = this.host.createTask(parent, this.tidNext);
    if (task === undefined) return undefined;
    this.tidNext++;
    task.blocked.copyFrom(parent.blocked);
    task.name = parent.name;
    return task;
  }

  endOtherTasks(survivor: Task): void {
    const tasks = survivor.process.tasks;
    while (tasks.length > 1) {
      const victim = tasks[0] === survivor ? tasks[1] : tasks[0];
      this.removeTask(victim);
    }
  }

  private removeTask(task: Task): void {
    const tasks = task.process.tasks;
    task.ended = true;
    const index = tasks.indexOf(task);
    if (index >= 0) tasks.splice(index, 1);
    if (task.clearChildTid > 0) {
      if (task.process.memory.store32(task.clearChildTid, 0))
        this.futexes.wake(task.clearChildTid, 1, -1);
    }
    task.signalQueue.wakeAll();
    this.host.taskEnded(task.tid);
  }

  exitTask(task: Task, status: number): void {
    if (task.process.tasks.length === 1) this.exitProcess(task.process, status);
    else this.removeTask(task);
  }

  exitProcess(process: Process, status: number): void {
    this.finish(process, status, 0);
  }

  endBySignal(process: Process, signal: number): void {
    this.finish(process, 128 + signal, signal);
  }

  private finish(process: Process, status: number, signal: number): void {
    if (process.ended) return;
    process.ended = true;
    process.exitStatus = status;
    process.files.closeAll();
    this.namespace.sync();
    this.host.ended(status, signal);
  }

  // ---- signals ----

  signalTask(task: Task, info: SignalInfo): void {
    this.delivery.sendToTask(task, info);
  }

  sendToProcess(process: Process, info: SignalInfo): void {
    this.delivery.sendToProcess(process, info);
  }

  /** From the kernel: the terminal, the hypervisor. */
  signalProcess(process: Process, signal: number): void {
    this.delivery.sendToProcess(process, new SignalInfo(signal, SI_KERNEL));
  }

  forceSignal(task: Task, info: SignalInfo): void {
    this.delivery.force(task, info);
  }

  crash(task: Task, info: SignalInfo): void {
    const lines = crashReport(task, info);
    for (let index = 0; index < lines.length; index++) this.log.fatal(lines[index]);
  }

  // ---- system calls ----

  /** Runs the call that the task's registers describe. */
  dispatch(task: Task, call: Call): void {
    const registers = task.registers;
    const number = Number(BigInt.asIntN(32, registers.get(REG_ORIG_RAX)));
    call.number = number;
    call.a0 = registers.get(REG_RDI);
    call.a1 = registers.get(REG_RSI);
    call.a2 = registers.get(REG_RDX);
    call.a3 = registers.get(REG_R10);
    call.a4 = registers.get(REG_R8);
    call.a5 = registers.get(REG_R9);
    const result = this.tracing ? this.traced(call) : this.run(call);
    if (result === NO_RESULT) return;
    if (result === -ERESTARTSYS || result === -ERESTARTNOHAND) task.restart = -result;
    registers.set(REG_RAX, BigInt.asUintN(64, BigInt(result)));
  }

  private run(call: Call): number {
    const entry = this.table.get(call.number);
    if (entry !== undefined) return entry.handler(call);
    if (this.table.firstMiss(call.number)) {
      const name = syscallName(call.number);
      this.log.line(
        'system call ' +
          call.number.toString() +
          (name.length > 0 ? ' (' + name + ')' : '') +
          ' is not implemented',
      );
    }
    return -ENOSYS;
  }

  private traced(call: Call): number {
    const entry = this.table.get(call.number);
    const late = entry !== undefined && readsAfter(entry);
    let text = late ? '' : formatCall(call, entry, 0);
    // Calls that never come back are shown first.
    if (call.number === 231 || call.number === 60 || call.number === 59) this.log.trace(text);
    const result = this.run(call);
    if (late) text = formatCall(call, entry, result);
    if (call.number !== 231 && call.number !== 60) this.log.trace(text + formatResult(result));
    return result;
  }

  /** Before program code runs again. */
  beforeReturn(task: Task): void {
    this.delivery.beforeReturn(task);
  }

  // ---- shared resources ----

  /** A kernel buffer for a transfer of `bytes`, at most TRANSFER_BYTES long. */
  takeBuffer(bytes: number): Uint8Array {
    if (bytes <= 4096) return new Uint8Array(bytes);
    const spare = this.spareBuffers.pop();
    return spare === undefined ? new Uint8Array(TRANSFER_BYTES) : spare;
  }

  giveBuffer(buffer: Uint8Array): void {
    if (buffer.length === TRANSFER_BYTES && this.spareBuffers.length < 4)
      this.spareBuffers.push(buffer);
  }

  takeAnonymousNode(): number {
    return this.anonymousNode++;
  }
}
