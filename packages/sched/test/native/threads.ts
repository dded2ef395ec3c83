/** Kernel threads on real stacks: switches, sleeps, locks, preemption points, ends; printed so that a test can read it. */
import {
  addressOf,
  clockCalibrate,
  clockStart,
  installTrapHandlers,
  interruptsOn,
  localApicStart,
  powerOff,
  print,
  STACK_HEAD_BYTES,
  type TrapHandlers,
  VECTOR_TIMER,
} from '@tessera/machine';
import { NEVER_NS, WaitQueue } from '@tessera/sched';
import { Condition, Mutex, Scheduler, type StackMemory } from '@tessera/sched/kernel';

const STACK_BYTES = 16384;

class ArrayStacks implements StackMemory {
  readonly stackBytes = STACK_BYTES;
  private readonly kept: Uint8Array[] = [];
  private readonly free: number[] = [];

  allocateStack(): number {
    const again = this.free.pop();
    if (again !== undefined) return again;
    const bytes = new Uint8Array(STACK_BYTES + 4096);
    this.kept.push(bytes);
    return Math.trunc((addressOf(bytes) + 4095) / 4096) * 4096;
  }

  freeStack(base: number): void {
    this.free.push(base);
  }

  allocateArea(_byteLength: number): number {
    return -1;
  }

  freeArea(_address: number): void {}

  get made(): number {
    return this.kept.length;
  }
}

class Traps implements TrapHandlers {
  private readonly scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
  }

  systemCall(_frame: number): void {}
  pageFault(_frame: number, _address: number, _access: number, _fromProgram: boolean): boolean {
    return false;
  }
  exception(_frame: number, _vector: number): void {}
  interrupt(vector: number): void {
    this.scheduler.interruptArrived(vector);
  }
  returnToProgram(_frame: number): void {}
  threadMain(argument: number): void {
    this.scheduler.threadMain(argument);
  }
}

function check(what: string, right: boolean): void {
  print((right ? 'ok ' : 'FAILED ') + what + '\n');
}

function pingPong(scheduler: Scheduler): void {
  const mutex = new Mutex(scheduler);
  const changed = new Condition(scheduler, mutex);
  let turn = 0;
  let rounds = 0;
  let done = 0;
  const finished = new WaitQueue();
  for (let me = 0; me < 2; me++) {
    scheduler.spawn('ping ' + me, () => {
      for (let round = 0; round < 500; round++) {
        mutex.lock();
        while (turn !== me) changed.wait();
        turn = 1 - me;
        rounds++;
        changed.broadcast();
        mutex.unlock();
      }
      done++;
      scheduler.wakeAll(finished);
    });
  }
  while (done < 2) scheduler.wait(finished, NEVER_NS);
  check('two threads take turns 1000 times', rounds === 1000);
}

function sleeps(scheduler: Scheduler): void {
  const order: string[] = [];
  const finished = new WaitQueue();
  for (let index = 3; index >= 1; index--) {
    scheduler.spawn('sleeper ' + index, () => {
      scheduler.sleepUntil(scheduler.nowNs() + BigInt(index * 3000000));
      order.push('' + index);
      scheduler.wakeAll(finished);
    });
  }
  const before = scheduler.nowNs();
  while (order.length < 3) scheduler.wait(finished, NEVER_NS);
  const took = scheduler.nowNs() - before;
  check('sleepers wake in the order of their deadlines: ' + order.join(), order.join() === '1,2,3');
  check('the longest slept its time', took >= 9000000n && took < 2000000000n);
  const reason = scheduler.wait(finished, scheduler.nowNs() + 1000000n);
  check('a wait ends at its deadline', reason === 1);
}

function many(scheduler: Scheduler, stacks: ArrayStacks): void {
  const finished = new WaitQueue();
  let ended = 0;
  for (let batch = 0; batch < 20; batch++) {
    for (let index = 0; index < 20; index++) {
      scheduler.spawn('short', () => {
        scheduler.yield();
        ended++;
        scheduler.wakeAll(finished);
      });
    }
    while (ended < (batch + 1) * 20) scheduler.wait(finished, NEVER_NS);
  }
  check(
    '400 threads came and went on ' + stacks.made + ' stacks',
    ended === 400 && stacks.made < 40,
  );
}

function garbage(scheduler: Scheduler): void {
  // A reference that lives only on a blocked thread's stack survives collections.
  const finished = new WaitQueue();
  const gate = new WaitQueue();
  let sum = 0;
  let done = 0;
  for (let index = 0; index < 4; index++) {
    scheduler.spawn('holder', () => {
      const held = [index, index + 1, index + 2];
      scheduler.wait(gate, NEVER_NS);
      sum += held[0] + held[1] + held[2];
      done++;
      scheduler.wakeAll(finished);
    });
  }
  scheduler.yield();
  let length = 0;
  for (let round = 0; round < 20000; round++)
    length += ('round ' + round + ' makes garbage').length;
  const list: number[][] = [];
  for (let round = 0; round < 20000; round++) {
    list.push([round, round]);
    if (list.length > 100) list.length = 0;
  }
  while (done < 4) {
    scheduler.wakeAll(gate);
    scheduler.wait(finished, scheduler.nowNs() + 1000000n);
  }
  check('objects held by blocked threads survive collections', sum === 30 && length > 400000);
}

export function main(_boot: number): void {
  localApicStart(VECTOR_TIMER);
  clockStart();
  clockCalibrate(0n);
  const stacks = new ArrayStacks();
  const head = new Uint8Array(STACK_HEAD_BYTES + 16);
  const scheduler = new Scheduler(stacks, Math.trunc((addressOf(head) + 15) / 16) * 16);
  installTrapHandlers(new Traps(scheduler));
  interruptsOn();
  scheduler.spawn('main', () => {
    pingPong(scheduler);
    sleeps(scheduler);
    many(scheduler, stacks);
    garbage(scheduler);
    print('threads: end\n');
    powerOff();
  });
  scheduler.idle();
}
