/** Threads that wait for one thing, first come first. A thread is in at most one queue. */
import { panic } from '@tessera/machine';
import type { Thread } from './thread.js';

export class WaitQueue {
  private head: Thread | undefined = undefined;
  private tail: Thread | undefined = undefined;
  private count = 0;

  get length(): number {
    return this.count;
  }

  /** The thread that waits longest. */
  first(): Thread | undefined {
    return this.head;
  }

  append(thread: Thread): void {
    if (thread.queue !== undefined) panic('sched: a thread waits twice');
    thread.queue = this;
    thread.queuePrevious = this.tail;
    thread.queueNext = undefined;
    const last = this.tail;
    if (last === undefined) this.head = thread;
    else last.queueNext = thread;
    this.tail = thread;
    this.count++;
  }

  remove(thread: Thread): void {
    if (thread.queue !== this) panic('sched: a thread leaves a queue that it is not in');
    const before = thread.queuePrevious;
    const after = thread.queueNext;
    if (before === undefined) this.head = after;
    else before.queueNext = after;
    if (after === undefined) this.tail = before;
    else after.queuePrevious = before;
    thread.queue = undefined;
    thread.queueNext = undefined;
    thread.queuePrevious = undefined;
    this.count--;
  }
}
