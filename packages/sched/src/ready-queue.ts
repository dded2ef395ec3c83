/** Threads that could run, the one with the least run time first, first come first among equals. */
import type { Thread } from './thread.js';

export class ReadyQueue {
  private readonly heap: Thread[] = [];
  private sequence = 0;

  get length(): number {
    return this.heap.length;
  }

  first(): Thread | undefined {
    return this.heap.length === 0 ? undefined : this.heap[0];
  }

  /** For inspection and for rescaling (which keeps the order). */
  at(index: number): Thread {
    return this.heap[index];
  }

  push(thread: Thread): void {
    thread.sequence = this.sequence++;
    this.heap.push(thread);
    let index = this.heap.length - 1;
    while (index > 0) {
      const above = (index - 1) >> 1;
      if (!before(this.heap[index], this.heap[above])) return;
      this.swap(index, above);
      index = above;
    }
  }

  pop(): Thread | undefined {
    if (this.heap.length === 0) return undefined;
    const thread = this.heap[0];
    const last = this.heap[this.heap.length - 1];
    this.heap.pop();
    if (this.heap.length > 0) {
      this.heap[0] = last;
      this.sink();
    }
    return thread;
  }

  /** Takes out a certain thread (an explorer's choice). O(n). */
  take(thread: Thread): void {
    const rest: Thread[] = [];
    for (const other of this.heap) if (other !== thread) rest.push(other);
    this.heap.length = 0;
    for (const other of rest) this.push(other);
  }

  private swap(left: number, right: number): void {
    const thread = this.heap[left];
    this.heap[left] = this.heap[right];
    this.heap[right] = thread;
  }

  private sink(): void {
    let index = 0;
    while (true) {
      let least = index;
      const left = index * 2 + 1;
      if (left < this.heap.length && before(this.heap[left], this.heap[least])) least = left;
      if (left + 1 < this.heap.length && before(this.heap[left + 1], this.heap[least]))
        least = left + 1;
      if (least === index) return;
      this.swap(index, least);
      index = least;
    }
  }
}

function before(left: Thread, right: Thread): boolean {
  return (
    left.runTime < right.runTime ||
    (left.runTime === right.runTime && left.sequence < right.sequence)
  );
}
