/** Timers in a binary heap, earliest first, in order of arming among equals. Cancelling is O(log n). */
import { type i64, panic } from '@tessera/machine';
import { NEVER_NS } from './limits.js';

export interface TimerTarget {
  /** In thread context, interrupts on. */
  expired(timer: Timer): void;
}

export class Timer {
  readonly target: TimerTarget;
  deadlineNs: i64 = NEVER_NS;
  /** Place in the heap, -1 when not armed. */
  index = -1;
  sequence = 0;

  constructor(target: TimerTarget) {
    this.target = target;
  }

  get armed(): boolean {
    return this.index >= 0;
  }
}

export class TimerQueue {
  private readonly heap: Timer[] = [];
  private sequence = 0;

  get length(): number {
    return this.heap.length;
  }

  nextDeadlineNs(): i64 {
    return this.heap.length === 0 ? NEVER_NS : this.heap[0].deadlineNs;
  }

  arm(timer: Timer, deadlineNs: i64): void {
    if (timer.index >= 0) this.cancel(timer);
    if (deadlineNs === NEVER_NS) return;
    timer.deadlineNs = deadlineNs;
    timer.sequence = this.sequence++;
    timer.index = this.heap.length;
    this.heap.push(timer);
    this.rise(timer.index);
  }

  cancel(timer: Timer): void {
    const index = timer.index;
    if (index < 0) return;
    if (this.heap[index] !== timer) panic('sched: a timer is not where it says');
    const last = this.heap.length - 1;
    this.swap(index, last);
    this.heap.pop();
    timer.index = -1;
    if (index < last) {
      this.rise(index);
      this.sink(index);
    }
  }

  /** The earliest timer that is due, taken out of the queue. */
  takeDue(nowNs: i64): Timer | undefined {
    if (this.heap.length === 0 || this.heap[0].deadlineNs > nowNs) return undefined;
    const timer = this.heap[0];
    this.cancel(timer);
    return timer;
  }

  private before(left: Timer, right: Timer): boolean {
    return (
      left.deadlineNs < right.deadlineNs ||
      (left.deadlineNs === right.deadlineNs && left.sequence < right.sequence)
    );
  }

  private swap(left: number, right: number): void {
    const timer = this.heap[left];
    this.heap[left] = this.heap[right];
    this.heap[right] = timer;
    this.heap[left].index = left;
    this.heap[right].index = right;
  }

  private rise(start: number): void {
    let index = start;
    while (index > 0) {
      const above = (index - 1) >> 1;
      if (!this.before(this.heap[index], this.heap[above])) return;
      this.swap(index, above);
      index = above;
    }
  }

  private sink(start: number): void {
    let index = start;
    while (true) {
      let least = index;
      const left = index * 2 + 1;
      if (left < this.heap.length && this.before(this.heap[left], this.heap[least])) least = left;
      if (left + 1 < this.heap.length && this.before(this.heap[left + 1], this.heap[least]))
        least = left + 1;
      if (least === index) return;
      this.swap(index, least);
      index = least;
    }
  }
}
