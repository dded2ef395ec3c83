/**
 * Locks as states: who holds, who comes next. Ownership is handed over on release, so nobody starves; blocking itself is done
 * by the scheduler of the world (kernel or simulator), which appends the loser to `queue`.
 */
import { panic } from '@tessera/machine';
import type { Thread } from './thread.js';
import { WaitQueue } from './wait-queue.js';

export class MutexState {
  owner: Thread | undefined = undefined;
  readonly queue: WaitQueue = new WaitQueue();

  /** False: wait in `queue`; when woken, the lock is the thread's. */
  acquire(thread: Thread): boolean {
    if (this.owner === thread) panic('sched: a mutex is locked twice by one thread');
    if (this.owner !== undefined) return false;
    this.owner = thread;
    return true;
  }

  /** The thread that holds it now and must be woken, if any. */
  release(thread: Thread): Thread | undefined {
    if (this.owner !== thread) panic('sched: a mutex is unlocked by another thread');
    const next = this.queue.first();
    this.owner = next;
    return next;
  }
}

export class RwLockState {
  writer: Thread | undefined = undefined;
  readers = 0;
  readonly queue: WaitQueue = new WaitQueue();

  acquire(thread: Thread, write: boolean): boolean {
    thread.wantsWrite = write;
    if (this.writer === thread) panic('sched: a lock is taken twice by one thread');
    if (this.writer !== undefined || this.queue.length > 0) return false;
    if (write) {
      if (this.readers > 0) return false;
      this.writer = thread;
    } else this.readers++;
    return true;
  }

  release(thread: Thread, write: boolean): void {
    if (write) {
      if (this.writer !== thread) panic('sched: a write lock is released by another thread');
      this.writer = undefined;
    } else {
      if (this.readers <= 0) panic('sched: a read lock is released too often');
      this.readers--;
    }
  }

  /** After a release, call until undefined: grants the lock to the next in line, who must be woken before the next call. */
  grant(): Thread | undefined {
    const next = this.queue.first();
    if (next === undefined || this.writer !== undefined) return undefined;
    if (next.wantsWrite) {
      if (this.readers > 0) return undefined;
      this.writer = next;
    } else this.readers++;
    return next;
  }
}
