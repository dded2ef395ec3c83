/**
 * Wait queues: how a file says "look again".
 *
 * Files never block. `read` and `write` answer -EAGAIN, and whoever wants to block puts a `Waker` on the queue that
 * the file names, looks again, and then sleeps. `wakeAll` is called after the state has changed, so a wake-up between
 * the second look and the sleep is remembered by the waker, and none is lost.
 */
export interface Waker {
  wake(): void;
}

export class WaitQueue {
  private readonly wakers: Waker[] = [];

  add(waker: Waker): void {
    this.wakers.push(waker);
  }

  remove(waker: Waker): void {
    const index = this.wakers.indexOf(waker);
    if (index < 0) return;
    const last = this.wakers.length - 1;
    this.wakers[index] = this.wakers[last];
    this.wakers.pop();
  }

  wakeAll(): void {
    for (let index = 0; index < this.wakers.length; index++) this.wakers[index].wake();
  }

  count(): number {
    return this.wakers.length;
  }
}
