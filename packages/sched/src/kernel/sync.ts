/** `Sync` of the services over the kernel's scheduler: mutex, reader-writer lock, condition, spawn. */
import { MutexState, NEVER_NS, RwLockState, WaitQueue } from '../index.js';
import type { Scheduler } from './scheduler.js';

export class Mutex {
  private readonly scheduler: Scheduler;
  private readonly state: MutexState = new MutexState();

  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
  }

  lock(): void {
    if (!this.state.acquire(this.scheduler.current))
      this.scheduler.waitUninterruptible(this.state.queue, NEVER_NS);
  }

  unlock(): void {
    const next = this.state.release(this.scheduler.current);
    if (next !== undefined) this.scheduler.wakeOne(this.state.queue);
  }

  get locked(): boolean {
    return this.state.owner !== undefined;
  }
}

export class RwLock {
  private readonly scheduler: Scheduler;
  private readonly state: RwLockState = new RwLockState();

  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
  }

  readLock(): void {
    if (!this.state.acquire(this.scheduler.current, false))
      this.scheduler.waitUninterruptible(this.state.queue, NEVER_NS);
  }

  writeLock(): void {
    if (!this.state.acquire(this.scheduler.current, true))
      this.scheduler.waitUninterruptible(this.state.queue, NEVER_NS);
  }

  readUnlock(): void {
    this.state.release(this.scheduler.current, false);
    this.grant();
  }

  writeUnlock(): void {
    this.state.release(this.scheduler.current, true);
    this.grant();
  }

  private grant(): void {
    while (this.state.grant() !== undefined) this.scheduler.wakeOne(this.state.queue);
  }
}

export class Condition {
  private readonly scheduler: Scheduler;
  private readonly mutex: Mutex;
  private readonly queue: WaitQueue = new WaitQueue();

  constructor(scheduler: Scheduler, mutex: Mutex) {
    this.scheduler = scheduler;
    this.mutex = mutex;
  }

  /** Preconditions: the mutex is held; it is again when this returns. */
  wait(): void {
    this.mutex.unlock();
    this.scheduler.waitUninterruptible(this.queue, NEVER_NS);
    this.mutex.lock();
  }

  signal(): void {
    this.scheduler.wakeOne(this.queue);
  }

  broadcast(): void {
    this.scheduler.wakeAll(this.queue);
  }
}

export class KernelSync {
  private readonly scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
  }

  mutex(): Mutex {
    return new Mutex(this.scheduler);
  }

  rwlock(): RwLock {
    return new RwLock(this.scheduler);
  }

  condition(mutex: Mutex): Condition {
    return new Condition(this.scheduler, mutex);
  }

  spawn(name: string, body: () => void): boolean {
    return this.scheduler.spawn(name, body) !== undefined;
  }
}
