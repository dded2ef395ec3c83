/** A thread as the scheduler sees it; how it is run is the business of whoever made it. */
import type { i64 } from '@tessera/machine';
import { NEVER_NS } from './limits.js';
import type { Timer } from './timers.js';
import type { WaitQueue } from './wait-queue.js';

export const STATE_READY = 0;
export const STATE_RUNNING = 1;
export const STATE_BLOCKED = 2;
export const STATE_DEAD = 3;

export const WAKE_SIGNALLED = 0;
export const WAKE_TIMEOUT = 1;
export const WAKE_INTERRUPTED = 2;

export class Thread {
  readonly id: number;
  name: string;
  state: number = STATE_READY;
  /** Inflated run time, see run-time.ts: the least runs next. */
  runTime = 0;
  /** Order of arrival among equals. */
  sequence = 0;
  /** Nanoseconds on a CPU since it was made. */
  cpuNs: i64 = 0n;

  /** Why the last wait ended: WAKE_*. */
  wakeReason: number = WAKE_SIGNALLED;
  /** An `unpark` that came before the `park`. */
  token = false;
  /** A signal that ends interruptible waits until it is cleared. */
  interrupted = false;
  interruptible = false;
  deadlineNs: i64 = NEVER_NS;
  timer: Timer | undefined = undefined;

  /** The queue it waits in, and its neighbours there. */
  queue: WaitQueue | undefined = undefined;
  queueNext: Thread | undefined = undefined;
  queuePrevious: Thread | undefined = undefined;
  /** What it waits for in a reader-writer lock. */
  wantsWrite = false;

  constructor(id: number, name: string) {
    this.id = id;
    this.name = name;
  }
}
