/** Tasks of the program as threads of the scheduler. */
import {
  addressOf,
  copy,
  FRAME_BYTES,
  panic,
  physicalToVirtual,
  virtualToPhysical,
} from '@tessera/machine';
import type { PageAllocator } from '@tessera/mm';
import type { Thread } from '@tessera/sched';
import type { Scheduler, StackMemory } from '@tessera/sched/kernel';
import { Call } from '../call.js';
import type { ProcessHost } from '../contract.js';
import { type Process, Task } from '../process.js';
import type { LinuxSystem } from '../system.js';
import type { ConsoleLink } from './console-link.js';
import { FrameRegisters, KernelProcessor } from './processor.js';
import type { MachineClock } from './waiting.js';

/** 32 KiB: the deepest chain of calls of the file systems, with room for an interrupt. */
const STACK_ORDER = 3;
const STACK_BYTES = 32768;
const PAGE = 4096;

/** Kernel stacks and save areas from the page allocator. */
export class PageStacks implements StackMemory {
  readonly stackBytes: number = STACK_BYTES;
  private readonly allocator: PageAllocator;

  constructor(allocator: PageAllocator) {
    this.allocator = allocator;
  }

  allocateStack(): number {
    const physical = this.allocator.allocate(STACK_ORDER);
    return physical < 0 ? -1 : physicalToVirtual(physical);
  }

  freeStack(base: number): void {
    this.allocator.release(virtualToPhysical(base), STACK_ORDER);
  }

  allocateArea(byteLength: number): number {
    if (byteLength > PAGE) return -1;
    const physical = this.allocator.allocate(0);
    return physical < 0 ? -1 : physicalToVirtual(physical);
  }

  freeArea(address: number): void {
    this.allocator.release(virtualToPhysical(address), 0);
  }
}

/** One task and what serves it. */
export class ProgramThread {
  readonly thread: Thread;
  readonly task: Task;
  readonly registers: FrameRegisters;
  readonly call: Call;

  constructor(thread: Thread, task: Task, registers: FrameRegisters, call: Call) {
    this.thread = thread;
    this.task = task;
    this.registers = registers;
    this.call = call;
  }
}

export class ProgramThreads implements ProcessHost {
  private readonly scheduler: Scheduler;
  private readonly link: ConsoleLink;
  private readonly clock: MachineClock;
  private system: LinuxSystem | undefined = undefined;
  private readonly byThread = new Map<number, ProgramThread>();
  /** Whom `current` found last: mostly the same again. */
  private last: ProgramThread | undefined = undefined;
  private readonly byTid = new Map<number, ProgramThread>();

  constructor(scheduler: Scheduler, link: ConsoleLink, clock: MachineClock) {
    this.scheduler = scheduler;
    this.link = link;
    this.clock = clock;
  }

  connect(system: LinuxSystem): void {
    this.system = system;
  }

  current(): ProgramThread {
    const thread = this.scheduler.current;
    const last = this.last;
    if (last !== undefined && last.thread === thread) return last;
    const found = this.byThread.get(thread.id);
    if (found === undefined) panic('linux: a kernel thread ran program code');
    this.last = found;
    return found;
  }

  /** Books a task that runs on `thread`. */
  adopt(system: LinuxSystem, thread: Thread, task: Task, registers: FrameRegisters): void {
    const entry = new ProgramThread(thread, task, registers, new Call(system, task));
    this.byThread.set(thread.id, entry);
    this.byTid.set(task.tid, entry);
    this.clock.follow(thread);
  }

  createTask(parent: Task, tid: number): Task | undefined {
    const system = this.system;
    if (system === undefined) return undefined;
    const registers = new FrameRegisters();
    const frame = addressOf(registers.first);
    const scheduler = this.scheduler;
    const thread = scheduler.createProgramThread(parent.name, (): void =>
      scheduler.resumeProgram(frame),
    );
    if (thread === undefined) return undefined;
    const context = scheduler.programOf(thread);
    if (context === undefined) return undefined;
    copy(frame, this.current().registers.frame, FRAME_BYTES);
    const process: Process = parent.process;
    const task = new Task(tid, process, registers, new KernelProcessor(context));
    this.adopt(system, thread, task, registers);
    return task;
  }

  startTask(task: Task): void {
    const entry = this.byTid.get(task.tid);
    if (entry !== undefined) this.scheduler.start(entry.thread);
  }

  /** Ends the running thread, whose task has ended. */
  end(): void {
    const entry = this.current();
    this.byThread.delete(entry.thread.id);
    this.byTid.delete(entry.task.tid);
    this.clock.forget(entry.thread);
    this.scheduler.exit();
  }

  /** The calling task never comes back; another one ends before it runs program code again. */
  taskEnded(tid: number): void {
    if (this.current().task.tid === tid) this.end();
  }

  ended(status: number, signal: number): void {
    this.link.ended(status, signal);
  }

  powerOff(status: number): void {
    this.link.powerOff(status);
  }
}
