/**
 * The scheduler of an image with one CPU: decisions from SchedulerCore, switching by machine's kernel stacks.
 *
 * Kernel code is switched only in here, never by an interrupt: the timer's interrupt sets a flag, which is looked at in the
 * idle loop and before the program goes on. So between two calls of this class a kernel thread runs alone.
 *
 * The boot stack becomes the idle thread: it runs when nobody else can.
 */
import {
  bootStackBottom,
  bootStackTop,
  clockNowNs,
  enterProgramAt,
  type i64,
  interruptsOff,
  interruptsOn,
  panic,
  resumeProgramFrom,
  STACK_HEAD_BYTES,
  stackAdopt,
  stackCreate,
  stackRemove,
  stackSwitch,
  timerArm,
  VECTOR_TIMER,
  waitForInterrupt,
} from '@tessera/machine';
import { SchedulerCore, type Thread, Timer, type TimerTarget, type WaitQueue } from '../index.js';
import { DELAY_MIN_NS, NEVER_NS, TICK_MAX_NS } from '../limits.js';
import { ProgramContext } from './program-context.js';

/** Where stacks and save areas come from. */
export interface StackMemory {
  /** Address of `stackBytes` bytes aligned to 4096, or -1. */
  allocateStack(): number;
  freeStack(base: number): void;
  readonly stackBytes: number;
  /** Address of a floating-point save area aligned to 64, or -1. */
  allocateArea(byteLength: number): number;
  freeArea(address: number): void;
}

/** Deferred work, in thread context. */
export interface DeferredWork {
  run(): void;
}

class KernelThread {
  readonly thread: Thread;
  readonly stack: number;
  readonly body: () => void;
  program: ProgramContext | undefined = undefined;
  area = 0;

  constructor(thread: Thread, stack: number, body: () => void) {
    this.thread = thread;
    this.stack = stack;
    this.body = body;
  }
}

class FunctionTimer implements TimerTarget {
  private readonly fire: () => void;

  constructor(fire: () => void) {
    this.fire = fire;
  }

  expired(_timer: Timer): void {
    this.fire();
  }
}

export class Scheduler {
  readonly core: SchedulerCore;
  private readonly stacks: StackMemory;
  private readonly kernelThreads: Map<number, KernelThread> = new Map<number, KernelThread>();
  private readonly bootHead: number;
  private running: KernelThread | undefined = undefined;
  /** A stack whose thread has ended; freed by whoever runs next. */
  private ended: KernelThread | undefined = undefined;
  /** Set by interrupts: timers or devices want a look. */
  private attention = false;
  private armedNs: i64 = NEVER_NS;
  private readonly deferred: DeferredWork[] = [];

  /** `bootHead`: STACK_HEAD_BYTES bytes of memory that stay. Called on the boot stack. */
  constructor(stacks: StackMemory, bootHead: number) {
    this.core = new SchedulerCore(clockNowNs());
    this.stacks = stacks;
    this.bootHead = bootHead;
    stackAdopt(bootHead, bootStackTop(), 0);
  }

  nowNs(): i64 {
    return clockNowNs();
  }

  get current(): Thread {
    const thread = this.core.current;
    if (thread === undefined) {
      panic('sched: no thread runs');
    }
    return thread;
  }

  /** The program context of the running thread. */
  get program(): ProgramContext {
    const program = this.running?.program;
    if (program === undefined) {
      panic('sched: a kernel thread has no program');
    }
    return program;
  }

  /** The program context of another thread, before it first runs. */
  programOf(thread: Thread): ProgramContext | undefined {
    return this.kernelThreads.get(thread.id)?.program;
  }

  /** A thread that is ready at once; undefined when memory for its stack is short. */
  spawn(name: string, body: () => void): Thread | undefined {
    const kernelThread = this.prepare(name, body);
    if (kernelThread === undefined) return undefined;
    this.core.start(kernelThread.thread);
    return kernelThread.thread;
  }

  /** A thread that will run program code; `start` makes it ready. */
  createProgramThread(name: string, body: () => void): Thread | undefined {
    const kernelThread = this.prepare(name, body);
    if (kernelThread === undefined) return undefined;
    const area = this.stacks.allocateArea(ProgramContext.areaBytes());
    if (area < 0) {
      this.discard(kernelThread);
      return undefined;
    }
    kernelThread.area = area;
    kernelThread.program = new ProgramContext(area);
    return kernelThread.thread;
  }

  start(thread: Thread): void {
    this.core.start(thread);
  }

  private prepare(name: string, body: () => void): KernelThread | undefined {
    const stack = this.stacks.allocateStack();
    if (stack < 0) return undefined;
    const thread = this.core.create(name);
    const kernelThread = new KernelThread(thread, stack, body);
    this.kernelThreads.set(thread.id, kernelThread);
    stackCreate(stack, this.stacks.stackBytes, thread.id);
    return kernelThread;
  }

  private discard(kernelThread: KernelThread): void {
    this.kernelThreads.delete(kernelThread.thread.id);
    stackRemove(kernelThread.stack);
    this.stacks.freeStack(kernelThread.stack);
    if (kernelThread.area !== 0) this.stacks.freeArea(kernelThread.area);
  }

  /** TrapHandlers.threadMain: the first thing on a new stack. */
  threadMain(id: number): void {
    this.afterSwitch();
    interruptsOn();
    const kernelThread = this.kernelThreads.get(id);
    if (kernelThread === undefined) {
      panic('sched: an unknown thread starts');
    }
    kernelThread.body();
    this.exit();
  }

  yield(): void {
    this.core.putBack(clockNowNs());
    this.switchAway();
  }

  /** Ends the running thread. */
  exit(): never {
    this.core.end();
    interruptsOff();
    this.ended = this.running;
    this.core.putBack(clockNowNs());
    this.switchAway();
    while (true) panic('sched: a dead thread runs');
  }

  /** WAKE_SIGNALLED, WAKE_TIMEOUT or WAKE_INTERRUPTED. */
  wait(queue: WaitQueue, deadlineNs: i64): number {
    return this.waitWith(queue, deadlineNs, true);
  }

  /** As `wait`, but a signal does not end it. */
  waitUninterruptible(queue: WaitQueue, deadlineNs: i64): number {
    return this.waitWith(queue, deadlineNs, false);
  }

  private waitWith(queue: WaitQueue, deadlineNs: i64, interruptible: boolean): number {
    const thread = this.current;
    if (this.core.block(queue, deadlineNs, interruptible)) this.giveUp();
    return thread.wakeReason;
  }

  /** Sleeps until `unpark`, the deadline or a signal. */
  park(deadlineNs: i64): number {
    const thread = this.current;
    if (this.core.park(deadlineNs, true)) this.giveUp();
    return thread.wakeReason;
  }

  unpark(thread: Thread): void {
    this.core.unpark(thread);
  }

  /** False when a signal came first. */
  sleepUntil(deadlineNs: i64): boolean {
    const thread = this.current;
    if (this.core.block(undefined, deadlineNs, true)) this.giveUp();
    return thread.wakeReason !== 2;
  }

  wakeOne(queue: WaitQueue): boolean {
    return this.core.wakeQueue(queue, 1) === 1;
  }

  wakeAll(queue: WaitQueue): number {
    return this.core.wakeQueue(queue, queue.length);
  }

  interrupt(thread: Thread): void {
    this.core.interrupt(thread);
  }

  /** `fire` runs in thread context. */
  addTimer(deadlineNs: i64, fire: () => void): Timer {
    const timer = new Timer(new FunctionTimer(fire));
    this.core.timers.arm(timer, deadlineNs);
    this.arm();
    return timer;
  }

  cancelTimer(timer: Timer): void {
    this.core.timers.cancel(timer);
  }

  /** Work that is looked at after every interrupt, in thread context: device queues, the console. */
  onAttention(work: DeferredWork): void {
    this.deferred.push(work);
  }

  /** From an interrupt handler: something has to be done soon. @interrupt */
  interruptArrived(vector: number): void {
    if (vector === VECTOR_TIMER) this.armedNs = NEVER_NS;
    this.attention = true;
  }

  /** Before the program goes on: timers, devices, preemption. */
  beforeProgram(): void {
    if (!this.attention) {
      if (this.core.changed || this.armedNs === NEVER_NS) this.arm();
      return;
    }
    this.serve();
    const now = clockNowNs();
    if (this.core.shouldPreempt(now)) this.yield();
    else this.arm();
  }

  private serve(): void {
    this.attention = false;
    for (const work of this.deferred) work.run();
    this.core.expire(clockNowNs());
  }

  /** Enters the program on the running thread. */
  enterProgram(instruction: number, stack: number): never {
    const program = this.program;
    program.load();
    this.arm();
    while (true) enterProgramAt(instruction, stack);
  }

  /** Goes on in the program with the registers of a frame (kernel memory). */
  resumeProgram(frame: number): never {
    const program = this.program;
    program.load();
    this.arm();
    while (true) resumeProgramFrom(frame);
  }

  /** The boot stack's end: runs threads for ever. */
  idle(): never {
    while (true) {
      if (this.attention) this.serve();
      const now = clockNowNs();
      this.core.expire(now);
      if (this.core.readyCount > 0) {
        this.switchAway();
        continue;
      }
      interruptsOff();
      if (this.attention) {
        interruptsOn();
        continue;
      }
      this.arm();
      waitForInterrupt();
      interruptsOn();
    }
  }

  private giveUp(): void {
    this.core.putBack(clockNowNs());
    this.switchAway();
  }

  /** Goes on with the next thread, or idle. Preconditions: the running thread is not `core.current` any more. */
  private switchAway(): void {
    const enabled = interruptsOff();
    const next = this.core.pick(clockNowNs());
    const from = this.running;
    const to = next === undefined ? undefined : this.kernelThreads.get(next.id);
    if (to !== from) {
      if (from !== undefined && from.program !== undefined && this.ended !== from)
        from.program.save();
      this.running = to;
      if (to === undefined) stackSwitch(this.bootHead, bootStackBottom());
      else stackSwitch(to.stack, to.stack + STACK_HEAD_BYTES);
      this.afterSwitch();
      if (from !== undefined && from.program !== undefined) from.program.load();
    }
    if (enabled) interruptsOn();
  }

  /** On the new stack. */
  private afterSwitch(): void {
    const ended = this.ended;
    if (ended === undefined) return;
    this.ended = undefined;
    this.discard(ended);
  }

  private arm(): void {
    this.core.changed = false;
    const now = clockNowNs();
    let event = this.core.nextEventNs();
    if (this.core.current !== undefined) {
      const tick = BigInt.asIntN(64, now + TICK_MAX_NS);
      if (event > tick) event = tick;
    }
    if (event === NEVER_NS || (this.armedNs <= event && this.armedNs > now)) return;
    this.armedNs = event;
    // An interrupt that is pending when the program is entered again would let it run no instruction.
    const delay = BigInt.asIntN(64, event - now);
    timerArm(delay < DELAY_MIN_NS ? DELAY_MIN_NS : delay);
  }
}
