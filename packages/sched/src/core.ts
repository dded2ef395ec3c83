/**
 * Scheduling decisions without switching: who is ready, who runs next, who waits until when. The kernel's scheduler adds
 * stacks, the simulator generators; both make the same decisions from the same calls.
 *
 * Not re-entrant: callers serialise (one CPU: kernel code is never switched inside).
 */
import { type i64, panic } from '@tessera/machine';
import { NEVER_NS, QUANTUM_NS } from './limits.js';
import { ReadyQueue } from './ready-queue.js';
import { RunTimeScale } from './run-time.js';
import {
  STATE_BLOCKED,
  STATE_DEAD,
  STATE_READY,
  STATE_RUNNING,
  Thread,
  WAKE_INTERRUPTED,
  WAKE_SIGNALLED,
  WAKE_TIMEOUT,
} from './thread.js';
import { Timer, TimerQueue, type TimerTarget } from './timers.js';
import type { WaitQueue } from './wait-queue.js';

/** Run time of a thread that never ran: it starts at the floor. */
const NEW_THREAD = -1;

/** Ends a wait at its deadline. */
class WaitTimeout implements TimerTarget {
  private readonly core: SchedulerCore;
  private readonly thread: Thread;

  constructor(core: SchedulerCore, thread: Thread) {
    this.core = core;
    this.thread = thread;
  }

  expired(_timer: Timer): void {
    this.core.wake(this.thread, WAKE_TIMEOUT);
  }
}

export class SchedulerCore {
  readonly ready: ReadyQueue = new ReadyQueue();
  readonly timers: TimerQueue = new TimerQueue();
  /** The thread on the CPU; undefined when idle. */
  current: Thread | undefined = undefined;
  /** Something became ready or got a deadline since this was last cleared: the timer may have to be set anew. */
  changed = true;
  private readonly all: Map<number, Thread> = new Map<number, Thread>();
  private readonly scale: RunTimeScale;
  private nextId = 1;
  /** When the current thread came on the CPU, and until when it has been charged. */
  private startedNs: i64 = 0n;
  private chargedNs: i64 = 0n;
  /** Threads that became ready since the last look, in order; placed by `merge`. */
  private readonly arrivals: Thread[] = [];
  /** Never falls: the least run time among those that compete. Who slept long starts near it, not at its own old value. */
  private floor = 0;

  constructor(nowNs: i64) {
    this.scale = new RunTimeScale(nowNs);
  }

  thread(id: number): Thread | undefined {
    return this.all.get(id);
  }

  get threadCount(): number {
    return this.all.size;
  }

  forEachThread(visit: (thread: Thread) => void): void {
    for (const thread of this.all.values()) visit(thread);
  }

  /** A new thread, not ready yet: `start` makes it so. */
  create(name: string): Thread {
    const thread = new Thread(this.nextId++, name);
    thread.state = STATE_BLOCKED;
    thread.runTime = NEW_THREAD;
    this.all.set(thread.id, thread);
    return thread;
  }

  start(thread: Thread): void {
    if (thread.state !== STATE_BLOCKED || thread.queue !== undefined)
      panic('sched: a thread is started twice');
    thread.state = STATE_READY;
    this.arrivals.push(thread);
    this.changed = true;
  }

  /** How many threads could run besides the current one. */
  get readyCount(): number {
    return this.ready.length + this.arrivals.length;
  }

  /** Charges the running thread until now, then gives the arrivals their place among the ready. */
  private merge(nowNs: i64): void {
    const current = this.current;
    if (current !== undefined) this.account(current, nowNs);
    const best = this.ready.first();
    let least = best === undefined ? -1 : best.runTime;
    if (current !== undefined && (least < 0 || current.runTime < least)) least = current.runTime;
    if (least > this.floor) this.floor = least;
    if (this.arrivals.length === 0) return;
    const bonus = this.scale.inflate(QUANTUM_NS, nowNs);
    for (const thread of this.arrivals) {
      if (thread.runTime === NEW_THREAD) thread.runTime = this.floor;
      else thread.runTime = Math.max(thread.runTime, this.floor - bonus);
      this.ready.push(thread);
    }
    this.arrivals.length = 0;
  }

  /** Charges the running thread for its time until now and takes it off the CPU; it is ready again if it still runs. */
  putBack(nowNs: i64): void {
    const thread = this.current;
    if (thread === undefined) return;
    this.merge(nowNs);
    this.current = undefined;
    if (thread.state === STATE_RUNNING) {
      thread.state = STATE_READY;
      this.ready.push(thread);
    }
  }

  /** Chooses the next thread and puts it on the CPU; undefined: idle. Preconditions: `putBack` was called. */
  pick(nowNs: i64): Thread | undefined {
    this.rescale(nowNs);
    this.merge(nowNs);
    const thread = this.ready.pop();
    if (thread !== undefined) this.run(thread, nowNs);
    return thread;
  }

  /** Gives arrivals their place now, so that `ready` shows all who could run. */
  settle(nowNs: i64): void {
    this.merge(nowNs);
  }

  /** Puts a certain ready thread on the CPU: for explorers. */
  pickThread(thread: Thread, nowNs: i64): void {
    this.rescale(nowNs);
    this.merge(nowNs);
    this.ready.take(thread);
    this.run(thread, nowNs);
  }

  private run(thread: Thread, nowNs: i64): void {
    if (thread.state !== STATE_READY) panic('sched: a thread that is not ready was queued');
    thread.state = STATE_RUNNING;
    this.current = thread;
    this.startedNs = nowNs;
    this.chargedNs = nowNs;
  }

  private account(thread: Thread, nowNs: i64): void {
    const ran = BigInt.asIntN(64, nowNs - this.chargedNs);
    if (ran <= 0n) return;
    thread.cpuNs = BigInt.asIntN(64, thread.cpuNs + ran);
    thread.runTime += this.scale.inflate(ran, nowNs);
    this.chargedNs = nowNs;
  }

  private rescale(nowNs: i64): void {
    const halfLives = this.scale.rescaleDue(nowNs);
    if (halfLives === 0) return;
    for (const thread of this.all.values())
      thread.runTime = RunTimeScale.rescaled(thread.runTime, halfLives);
    this.floor = RunTimeScale.rescaled(this.floor, halfLives);
  }

  /** CPU time of a thread up to now. */
  cpuTimeNs(thread: Thread, nowNs: i64): i64 {
    if (thread !== this.current) return thread.cpuNs;
    return BigInt.asIntN(64, thread.cpuNs + (nowNs - this.chargedNs));
  }

  /** Whether the running thread should give way: somebody deserves more and it had its quantum. */
  shouldPreempt(nowNs: i64): boolean {
    const thread = this.current;
    if (thread === undefined) return this.readyCount > 0;
    if (this.readyCount === 0) return false;
    if (BigInt.asIntN(64, nowNs - this.startedNs) < QUANTUM_NS) return false;
    this.merge(nowNs);
    const best = this.ready.first();
    if (best !== undefined && best.runTime < thread.runTime) return true;
    // It deserves another quantum; without this the next look would be due at once, for ever.
    this.startedNs = nowNs;
    return false;
  }

  /** When the CPU has to look again: the next timer, or the end of the quantum when somebody waits. */
  nextEventNs(): i64 {
    const timer = this.timers.nextDeadlineNs();
    if (this.current === undefined || this.readyCount === 0) return timer;
    const quantum = BigInt.asIntN(64, this.startedNs + QUANTUM_NS);
    return timer < quantum ? timer : quantum;
  }

  /**
   * The running thread stops being ready: in a queue, or parked without one. Answers true when it must give up the CPU,
   * false when the wait is over at once (then `wakeReason` is set).
   */
  block(queue: WaitQueue | undefined, deadlineNs: i64, interruptible: boolean): boolean {
    const thread = this.current;
    if (thread === undefined) {
      panic('sched: a wait without a thread');
    }
    if (interruptible && thread.interrupted) {
      thread.wakeReason = WAKE_INTERRUPTED;
      return false;
    }
    thread.state = STATE_BLOCKED;
    thread.interruptible = interruptible;
    thread.deadlineNs = deadlineNs;
    if (queue !== undefined) queue.append(thread);
    if (deadlineNs !== NEVER_NS) {
      let timer = thread.timer;
      if (timer === undefined) {
        timer = new Timer(new WaitTimeout(this, thread));
        thread.timer = timer;
      }
      this.timers.arm(timer, deadlineNs);
      this.changed = true;
    }
    return true;
  }

  /** Ends the wait of a thread; nothing happens when it does not wait. True when it did. */
  wake(thread: Thread, reason: number): boolean {
    if (thread.state !== STATE_BLOCKED) return false;
    const queue = thread.queue;
    if (queue !== undefined) queue.remove(thread);
    const timer = thread.timer;
    if (timer !== undefined) this.timers.cancel(timer);
    thread.wakeReason = reason;
    thread.state = STATE_READY;
    this.arrivals.push(thread);
    this.changed = true;
    return true;
  }

  /** Wakes up to `count` threads of a queue, in order. */
  wakeQueue(queue: WaitQueue, count: number): number {
    let woken = 0;
    while (woken < count) {
      const thread = queue.first();
      if (thread === undefined) break;
      this.wake(thread, WAKE_SIGNALLED);
      woken++;
    }
    return woken;
  }

  /** A signal for the thread: an interruptible wait, this one or the next, ends with WAKE_INTERRUPTED. */
  interrupt(thread: Thread): void {
    thread.interrupted = true;
    if (thread.state === STATE_BLOCKED && thread.interruptible) this.wake(thread, WAKE_INTERRUPTED);
  }

  /** `park` half: true when the thread must give up the CPU; false when an `unpark` came before. */
  park(deadlineNs: i64, interruptible: boolean): boolean {
    const thread = this.current;
    if (thread === undefined) {
      panic('sched: a park without a thread');
    }
    if (thread.token) {
      thread.token = false;
      thread.wakeReason = WAKE_SIGNALLED;
      return false;
    }
    return this.block(undefined, deadlineNs, interruptible);
  }

  /** Ends a park, or makes the next one return at once. */
  unpark(thread: Thread): void {
    if (thread.state === STATE_BLOCKED && thread.queue === undefined)
      this.wake(thread, WAKE_SIGNALLED);
    else thread.token = true;
  }

  /** Fires what is due. */
  expire(nowNs: i64): number {
    let fired = 0;
    while (true) {
      const timer = this.timers.takeDue(nowNs);
      if (timer === undefined) return fired;
      timer.target.expired(timer);
      fired++;
    }
  }

  /** The running thread ends. It stays current until `putBack`. */
  end(): void {
    const thread = this.current;
    if (thread === undefined) {
      panic('sched: nobody ends');
    }
    thread.state = STATE_DEAD;
    const timer = thread.timer;
    if (timer !== undefined) this.timers.cancel(timer);
    this.all.delete(thread.id);
  }
}
