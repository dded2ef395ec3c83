/** Waiting of program threads on the scheduler, and the clocks. */
import { clockNowNs, type i64 } from '@tessera/machine';
import type { Thread } from '@tessera/sched';
import type { Scheduler } from '@tessera/sched/kernel';
import type { WaitQueue, Waker } from '@tessera/vfs';
import { type Blocker, NEVER_NS, type SystemClock, WAIT_READY, WAIT_TIMEOUT } from '../contract.js';
import type { OutputWait } from './console-link.js';

export class MachineClock implements SystemClock {
  private readonly startRealtimeNs: i64;
  private readonly startNs: i64;
  /** CPU time of threads that have ended. */
  private endedNs: i64 = 0n;
  private readonly threads: Thread[] = [];

  constructor(realtimeNs: i64) {
    this.startRealtimeNs = realtimeNs;
    this.startNs = clockNowNs();
  }

  /** Counts a thread of the program. */
  follow(thread: Thread): void {
    this.threads.push(thread);
  }

  forget(thread: Thread): void {
    const index = this.threads.indexOf(thread);
    if (index < 0) return;
    this.threads.splice(index, 1);
    this.endedNs = BigInt.asIntN(64, this.endedNs + thread.cpuNs);
  }

  monotonicNs(): i64 {
    return clockNowNs();
  }

  realtimeNs(): i64 {
    return BigInt.asIntN(64, this.startRealtimeNs + BigInt.asIntN(64, clockNowNs() - this.startNs));
  }

  cpuTimeNs(): i64 {
    let total = this.endedNs;
    for (let index = 0; index < this.threads.length; index++) {
      total = BigInt.asIntN(64, total + this.threads[index].cpuNs);
    }
    return total;
  }

  idleNs(): i64 {
    const idle = BigInt.asIntN(64, clockNowNs() - this.cpuTimeNs());
    return idle < 0n ? 0n : idle;
  }
}

class ThreadWaker implements Waker {
  private readonly scheduler: Scheduler;
  private readonly thread: Thread;

  constructor(scheduler: Scheduler, thread: Thread) {
    this.scheduler = scheduler;
    this.thread = thread;
  }

  wake(): void {
    this.scheduler.unpark(this.thread);
  }
}

/**
 * A wake-up between the look and the park is remembered by the scheduler's token, so none is lost; a wake-up too many only
 * costs another look.
 */
export class ThreadBlocker implements Blocker, OutputWait {
  private readonly scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
  }

  wait(queues: readonly WaitQueue[], ready: () => boolean, deadlineNs: i64): number {
    const waker = new ThreadWaker(this.scheduler, this.scheduler.current);
    for (let index = 0; index < queues.length; index++) queues[index].add(waker);
    let result = WAIT_TIMEOUT;
    for (;;) {
      if (ready()) {
        result = WAIT_READY;
        break;
      }
      if (deadlineNs !== NEVER_NS && clockNowNs() >= deadlineNs) break;
      this.scheduler.park(deadlineNs);
    }
    for (let index = 0; index < queues.length; index++) queues[index].remove(waker);
    return result;
  }

  waitOutput(queue: WaitQueue, ready: () => boolean): void {
    this.wait([queue], ready, NEVER_NS);
  }

  yield(): void {
    this.scheduler.yield();
  }
}
