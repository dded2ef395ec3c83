/**
 * Waiting on a machine with one program thread: look, then sleep until an interrupt.
 *
 * Interrupts are off from the last look to the sleep, and `waitForInterrupt` turns them on together with the halt, so no
 * wake-up is lost. Input that came meanwhile is decoded before each look.
 */
import {
  clockNowNs,
  type i64,
  interruptsOff,
  interruptsOn,
  timerArm,
  waitForInterrupt,
} from '@tessera/machine';
import type { WaitQueue } from '@tessera/vfs';
import { type Blocker, NEVER_NS, type SystemClock, WAIT_READY, WAIT_TIMEOUT } from '../contract.js';
import type { ConsoleLink, Idle } from './console-link.js';

/** While program code runs, an interrupt comes at least this often, to notice a processor that was halted by it. */
export const WATCH_NS: i64 = 500000000n;

export class MachineClock implements SystemClock {
  private readonly startRealtimeNs: i64;
  private readonly startNs: i64;
  idle: i64 = 0n;

  constructor(realtimeNs: i64) {
    this.startRealtimeNs = realtimeNs;
    this.startNs = clockNowNs();
  }

  monotonicNs(): i64 {
    return clockNowNs();
  }

  realtimeNs(): i64 {
    return BigInt.asIntN(64, this.startRealtimeNs + BigInt.asIntN(64, clockNowNs() - this.startNs));
  }

  cpuTimeNs(): i64 {
    return BigInt.asIntN(64, clockNowNs() - this.idle);
  }

  idleNs(): i64 {
    return this.idle;
  }
}

export class IdleBlocker implements Blocker, Idle {
  private readonly link: ConsoleLink;
  private readonly clock: MachineClock;

  constructor(link: ConsoleLink, clock: MachineClock) {
    this.link = link;
    this.clock = clock;
  }

  wait(_queues: readonly WaitQueue[], ready: () => boolean, deadlineNs: i64): number {
    for (;;) {
      this.link.console.poll();
      if (ready()) return WAIT_READY;
      const now = clockNowNs();
      if (deadlineNs !== NEVER_NS) {
        if (now >= deadlineNs) return WAIT_TIMEOUT;
        timerArm(BigInt.asIntN(64, deadlineNs - now));
      }
      this.sleep();
    }
  }

  sleep(): void {
    const from = clockNowNs();
    interruptsOff();
    if (!this.link.console.onInterrupt()) waitForInterrupt();
    interruptsOn();
    this.clock.idle = BigInt.asIntN(64, this.clock.idle + BigInt.asIntN(64, clockNowNs() - from));
  }

  yield(): void {
    this.link.console.poll();
  }
}
