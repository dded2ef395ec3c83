/**
 * Threads as generators over the kernel's own decisions, in virtual time.
 *
 * A body yields where it could be switched: `point()`, `work(ns)`, a wait, or a lock. Who goes on is decided by the policy of
 * SchedulerCore (as natively) or by a chooser: a seed for random schedules, a script for exhaustive ones.
 */
import type { i64 } from '@tessera/machine';
import {
  MutexState,
  NEVER_NS,
  RwLockState,
  SchedulerCore,
  STATE_RUNNING,
  type Thread,
  WaitQueue,
} from '../index.js';

export type Request =
  | { readonly kind: 'point' }
  | { readonly kind: 'work'; readonly ns: bigint }
  | {
      readonly kind: 'wait';
      readonly queue: WaitQueue | undefined;
      readonly deadlineNs: bigint;
      readonly interruptible: boolean;
    }
  | { readonly kind: 'park'; readonly deadlineNs: bigint };

export type Steps = Generator<Request, void, void>;

/** Index of the candidate that goes on; called only when there are at least two. */
export type Chooser = (candidates: readonly Thread[]) => number;

export type Outcome = 'finished' | 'deadlock' | 'step limit';

export class Simulation {
  nowNs: i64 = 0n;
  readonly core: SchedulerCore;
  steps = 0;
  private readonly bodies: Map<number, Steps> = new Map<number, Steps>();
  private readonly chooser: Chooser | undefined;

  constructor(chooser?: Chooser) {
    this.core = new SchedulerCore(0n);
    this.chooser = chooser;
  }

  spawn(name: string, body: () => Steps): Thread {
    const thread = this.core.create(name);
    this.bodies.set(thread.id, body());
    this.core.start(thread);
    return thread;
  }

  get current(): Thread {
    const thread = this.core.current;
    if (thread === undefined) throw new TypeError('no thread runs: call this from a body');
    return thread;
  }

  point(): Request {
    return { kind: 'point' };
  }

  work(ns: bigint): Request {
    return { kind: 'work', ns };
  }

  *wait(queue: WaitQueue, deadlineNs: bigint = NEVER_NS): Generator<Request, number, void> {
    const thread = this.current;
    yield { kind: 'wait', queue, deadlineNs, interruptible: true };
    return thread.wakeReason;
  }

  *park(deadlineNs: bigint = NEVER_NS): Generator<Request, number, void> {
    const thread = this.current;
    yield { kind: 'park', deadlineNs };
    return thread.wakeReason;
  }

  *sleep(ns: bigint): Generator<Request, number, void> {
    const thread = this.current;
    yield { kind: 'wait', queue: undefined, deadlineNs: this.nowNs + ns, interruptible: true };
    return thread.wakeReason;
  }

  mutex(): SimulatedMutex {
    return new SimulatedMutex(this.core);
  }

  rwlock(): SimulatedRwLock {
    return new SimulatedRwLock(this.core);
  }

  condition(mutex: SimulatedMutex): SimulatedCondition {
    return new SimulatedCondition(this.core, mutex);
  }

  /** Runs until every thread has ended, none can ever run again, or the limit. */
  run(stepLimit = 100_000): Outcome {
    while (this.core.threadCount > 0) {
      if (this.steps >= stepLimit) return 'step limit';
      this.core.expire(this.nowNs);
      if (!this.choose()) {
        const next = this.core.timers.nextDeadlineNs();
        if (next === NEVER_NS) return 'deadlock';
        this.nowNs = next;
        continue;
      }
      this.step();
    }
    return 'finished';
  }

  private choose(): boolean {
    if (
      this.core.current !== undefined &&
      this.chooser === undefined &&
      !this.core.shouldPreempt(this.nowNs)
    )
      return true;
    this.core.putBack(this.nowNs);
    if (this.chooser === undefined) return this.core.pick(this.nowNs) !== undefined;
    this.core.settle(this.nowNs);
    const candidates: Thread[] = [];
    for (let index = 0; index < this.core.ready.length; index++)
      candidates.push(this.core.ready.at(index));
    if (candidates.length === 0) return false;
    candidates.sort((left, right) => left.id - right.id);
    const index = candidates.length === 1 ? 0 : this.chooser(candidates);
    this.core.pickThread(candidates[index] as Thread, this.nowNs);
    return true;
  }

  private step(): void {
    this.steps++;
    const thread = this.current;
    const result = (this.bodies.get(thread.id) as Steps).next();
    if (result.done === true) {
      this.bodies.delete(thread.id);
      this.core.end();
      this.core.putBack(this.nowNs);
      return;
    }
    const request = result.value;
    if (request.kind === 'work') this.nowNs += request.ns;
    else if (request.kind === 'wait')
      this.core.block(request.queue, request.deadlineNs, request.interruptible);
    else if (request.kind === 'park') this.core.park(request.deadlineNs, true);
    if (thread.state !== STATE_RUNNING) this.core.putBack(this.nowNs);
  }
}

function blockOn(queue: WaitQueue): Request {
  return { kind: 'wait', queue, deadlineNs: NEVER_NS, interruptible: false };
}

export class SimulatedMutex {
  readonly state: MutexState = new MutexState();
  private readonly core: SchedulerCore;

  constructor(core: SchedulerCore) {
    this.core = core;
  }

  *lock(): Steps {
    yield { kind: 'point' };
    if (!this.state.acquire(this.core.current as Thread)) yield blockOn(this.state.queue);
  }

  unlock(): void {
    if (this.state.release(this.core.current as Thread) !== undefined)
      this.core.wakeQueue(this.state.queue, 1);
  }
}

export class SimulatedRwLock {
  readonly state: RwLockState = new RwLockState();
  private readonly core: SchedulerCore;

  constructor(core: SchedulerCore) {
    this.core = core;
  }

  *lock(write: boolean): Steps {
    yield { kind: 'point' };
    if (!this.state.acquire(this.core.current as Thread, write)) yield blockOn(this.state.queue);
  }

  unlock(write: boolean): void {
    this.state.release(this.core.current as Thread, write);
    while (this.state.grant() !== undefined) this.core.wakeQueue(this.state.queue, 1);
  }
}

export class SimulatedCondition {
  private readonly queue: WaitQueue = new WaitQueue();
  private readonly core: SchedulerCore;
  private readonly mutex: SimulatedMutex;

  constructor(core: SchedulerCore, mutex: SimulatedMutex) {
    this.core = core;
    this.mutex = mutex;
  }

  *wait(): Steps {
    this.mutex.unlock();
    yield blockOn(this.queue);
    yield* this.mutex.lock();
  }

  signal(): void {
    this.core.wakeQueue(this.queue, 1);
  }

  broadcast(): void {
    this.core.wakeQueue(this.queue, this.queue.length);
  }
}

export interface Exploration {
  readonly schedules: number;
  /** The choices of the first schedule that `check` refused. */
  readonly failure: readonly number[] | undefined;
  readonly error: unknown;
}

/**
 * Runs `scenario` under every schedule: each choice among ready threads is tried, up to `depth` choices in one run (after
 * that the first candidate goes on). `scenario` sets up threads and answers a check that throws when the end state is wrong.
 */
export function exploreAll(
  scenario: (simulation: Simulation) => (outcome: Outcome) => void,
  depth: number,
): Exploration {
  const prefix: number[] = [];
  const widths: number[] = [];
  let schedules = 0;
  while (true) {
    let at = 0;
    const simulation = new Simulation((candidates) => {
      const place = at++;
      if (place >= depth) return 0;
      widths[place] = candidates.length;
      if (place >= prefix.length) prefix.push(0);
      return prefix[place] as number;
    });
    const check = scenario(simulation);
    schedules++;
    try {
      check(simulation.run(10_000));
    } catch (error) {
      return { schedules, failure: [...prefix], error };
    }
    prefix.length = Math.min(prefix.length, at);
    while (
      prefix.length > 0 &&
      (prefix[prefix.length - 1] as number) + 1 >= (widths[prefix.length - 1] as number)
    )
      prefix.pop();
    if (prefix.length === 0) return { schedules, failure: undefined, error: undefined };
    prefix[prefix.length - 1] = (prefix[prefix.length - 1] as number) + 1;
  }
}

/** A chooser that repeats for a seed. */
export function seededChooser(seed: number): Chooser {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  return (candidates) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % candidates.length;
  };
}
