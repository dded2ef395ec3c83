// All deadlines of a stack: a binary heap of timers, each of which knows its place so that moving one is O(log n).

/** No deadline. Far above any clock that starts below 2^52. */
export const NEVER: number = Number.MAX_SAFE_INTEGER;

/** The time of the `receive` or `poll` call that is running, shared by the parts of a stack. */
export class Instant {
  us = 0;
}

export class Timer {
  deadline: number = NEVER;
  /** Place in the heap, -1: not armed. Owned by the queue. */
  place = -1;
  readonly run: (now: number) => void;

  constructor(run: (now: number) => void) {
    this.run = run;
  }
}

export class TimerQueue {
  readonly #heap: Timer[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** Deadline of the first timer or NEVER. */
  get next(): number {
    return this.#heap.length === 0 ? NEVER : this.#heap[0].deadline;
  }

  /** Arms or moves a timer; NEVER disarms it. */
  set(timer: Timer, deadline: number): void {
    if (deadline === NEVER) {
      this.clear(timer);
      return;
    }
    const before = timer.deadline;
    timer.deadline = deadline;
    if (timer.place < 0) {
      timer.place = this.#heap.length;
      this.#heap.push(timer);
      this.#up(timer.place);
    } else if (deadline < before) this.#up(timer.place);
    else if (deadline > before) this.#down(timer.place);
  }

  clear(timer: Timer): void {
    const place = timer.place;
    timer.deadline = NEVER;
    if (place < 0) return;
    timer.place = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === timer) return;
    this.#heap[place] = last;
    last.place = place;
    this.#up(place);
    this.#down(last.place);
  }

  /** Disarms and runs every timer due at `now`. A timer may arm itself again, but not in the past. */
  runDue(now: number): void {
    while (this.#heap.length > 0 && this.#heap[0].deadline <= now) {
      const timer = this.#heap[0];
      this.clear(timer);
      timer.run(now);
    }
  }

  #up(start: number): void {
    const heap = this.#heap;
    const timer = heap[start];
    let place = start;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (heap[parent].deadline <= timer.deadline) break;
      heap[place] = heap[parent];
      heap[place].place = place;
      place = parent;
    }
    heap[place] = timer;
    timer.place = place;
  }

  #down(start: number): void {
    const heap = this.#heap;
    const timer = heap[start];
    let place = start;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1].deadline < heap[child].deadline) child += 1;
      if (heap[child].deadline >= timer.deadline) break;
      heap[place] = heap[child];
      heap[place].place = place;
      place = child;
    }
    heap[place] = timer;
    timer.place = place;
  }
}
