import {
  HALF_LIFE_NS,
  NEVER_NS,
  QUANTUM_NS,
  RESCALE_HALF_LIVES,
  RUN_MAX_NS,
  RunTimeScale,
  Timer,
  TimerQueue,
  UNIT_NS,
  WAKE_INTERRUPTED,
  WAKE_SIGNALLED,
  WAKE_TIMEOUT,
  WaitQueue,
} from '@tessera/sched';
import {
  exploreAll,
  type Outcome,
  type SimulatedMutex,
  Simulation,
  type Steps,
  seededChooser,
} from '@tessera/sched/testing';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

test('limits fit together: no run time outgrows 2^53', () => {
  const heaviest = 512 * 2 ** RESCALE_HALF_LIVES;
  assert.ok((RUN_MAX_NS / UNIT_NS) * heaviest < 2 ** 51);
  // A thread that runs all the time until a rescale, plus what was there before.
  assert.ok((HALF_LIFE_NS / UNIT_NS) * heaviest * 2 < 2 ** 52);
});

test('run time decays: a half-life ago counts half, within 10 per cent; rescaling keeps the order', () => {
  const scale = new RunTimeScale(0n);
  const early = scale.inflate(1_000_000n, 0n);
  for (let halfLives = 1; halfLives < RESCALE_HALF_LIVES; halfLives++) {
    const late = scale.inflate(1_000_000n, BigInt(halfLives) * BigInt(HALF_LIFE_NS));
    assert.ok(Math.abs(late / early / 2 ** halfLives - 1) < 0.1);
  }
  fc.assert(
    fc.property(fc.nat(2 ** 50), fc.nat(2 ** 50), fc.nat(60), (left, right, shift) => {
      const [a, b] = [RunTimeScale.rescaled(left, shift), RunTimeScale.rescaled(right, shift)];
      assert.ok(left < right ? a <= b : a >= b);
    }),
  );
});

test('timers fire in order of deadline, then of arming, cancelled ones never', () => {
  const commands = fc.array(
    fc.record({ timer: fc.nat(9), at: fc.bigInt({ min: 0n, max: 50n }), cancel: fc.boolean() }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(commands, (list) => {
      const queue = new TimerQueue();
      const timers = Array.from({ length: 10 }, () => new Timer({ expired: () => {} }));
      const model = new Map<number, { at: bigint; order: number }>();
      list.forEach(({ timer, at, cancel }, order) => {
        if (cancel) {
          queue.cancel(timers[timer] as Timer);
          model.delete(timer);
        } else {
          queue.arm(timers[timer] as Timer, at);
          model.set(timer, { at, order });
        }
        assert.is(queue.length, model.size);
      });
      const expected = [...model.entries()]
        .sort(([, a], [, b]) => (a.at === b.at ? a.order - b.order : a.at < b.at ? -1 : 1))
        .map(([timer]) => timer);
      const fired: number[] = [];
      for (let now = 0n; now <= 50n; now += 10n) {
        for (let timer = queue.takeDue(now); timer !== undefined; timer = queue.takeDue(now)) {
          assert.ok(timer.deadlineNs <= now);
          fired.push(timers.indexOf(timer));
        }
      }
      assert.equal(fired, expected);
    }),
  );
});

test('CPU-bound threads get equal shares, a late one soon as much, and nobody waits longer than the bound', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 6 }),
      fc.bigInt({ min: 10_000n, max: 3_000_000n }),
      fc.bigInt({ min: 0n, max: 6_000_000_000n }),
      (count, slice, head) => {
        const simulation = new Simulation();
        const used = new Map<string, bigint>();
        const lastRun = new Map<string, bigint>();
        let longest = 0n;
        let counting = false;
        let end = head + 2_000_000_000n;
        const body = (name: string) =>
          function* (): Steps {
            while (simulation.nowNs < end) {
              const before = lastRun.get(name);
              if (counting && before !== undefined && simulation.nowNs - before > longest)
                longest = simulation.nowNs - before;
              if (counting) used.set(name, (used.get(name) ?? 0n) + slice);
              yield simulation.work(slice);
              lastRun.set(name, simulation.nowNs);
            }
          };
        simulation.spawn('first', body('first'));
        simulation.spawn('starter', function* () {
          yield* simulation.sleep(head);
          counting = true;
          for (let index = 1; index < count; index++)
            simulation.spawn(`late ${index}`, body(`late ${index}`));
          end = simulation.nowNs + 2_000_000_000n;
        });
        assert.is(simulation.run(1_000_000), 'finished');
        const shares = [...used.values()];
        assert.is(shares.length, count);
        const total = shares.reduce((a, b) => a + b, 0n);
        for (const share of shares) {
          const error = Number((share * BigInt(count) * 1000n) / total) / 1000;
          assert.ok(error > 0.8 && error < 1.2, `${error} of a fair share`);
        }
        const bound = (QUANTUM_NS + slice) * BigInt(count * 2);
        assert.ok(longest <= bound, `waited ${longest} ns, bound ${bound}`);
      },
    ),
    { numRuns: 25 },
  );
});

test('an interactive thread runs at once beside CPU hogs', () => {
  const simulation = new Simulation();
  const delays: bigint[] = [];
  for (const name of ['hog 1', 'hog 2', 'hog 3']) {
    simulation.spawn(name, function* () {
      while (simulation.nowNs < 3_000_000_000n) yield simulation.work(500_000n);
    });
  }
  simulation.spawn('interactive', function* () {
    for (let turn = 0; turn < 100; turn++) {
      const wanted = simulation.nowNs + 20_000_000n;
      yield* simulation.sleep(20_000_000n);
      delays.push(simulation.nowNs - wanted);
      yield simulation.work(100_000n);
    }
  });
  assert.is(simulation.run(1_000_000), 'finished');
  for (const delay of delays.slice(5))
    assert.ok(delay <= QUANTUM_NS + 500_000n, `${delay} ns late`);
});

/** Producer and consumer over one slot, guarded by a mutex and two conditions. */
function slot(simulation: Simulation, items: number): (outcome: Outcome) => void {
  const mutex = simulation.mutex();
  const filled = simulation.condition(mutex);
  const emptied = simulation.condition(mutex);
  let value = 0;
  const seen: number[] = [];
  simulation.spawn('producer', function* () {
    for (let item = 1; item <= items; item++) {
      yield* mutex.lock();
      while (value !== 0) yield* emptied.wait();
      value = item;
      filled.signal();
      mutex.unlock();
    }
  });
  simulation.spawn('consumer', function* () {
    for (let item = 1; item <= items; item++) {
      yield* mutex.lock();
      while (value === 0) yield* filled.wait();
      seen.push(value);
      value = 0;
      emptied.signal();
      mutex.unlock();
    }
  });
  return (outcome) => {
    assert.is(outcome, 'finished');
    assert.equal(
      seen,
      Array.from({ length: items }, (_, index) => index + 1),
    );
  };
}

function critical(
  mutex: SimulatedMutex,
  simulation: Simulation,
  threads: number,
  rounds: number,
): (outcome: Outcome) => void {
  let inside = 0;
  let entered = 0;
  for (let thread = 0; thread < threads; thread++) {
    simulation.spawn(`t${thread}`, function* () {
      for (let round = 0; round < rounds; round++) {
        yield* mutex.lock();
        assert.is(++inside, 1, 'mutual exclusion');
        entered++;
        yield simulation.point();
        inside--;
        mutex.unlock();
      }
    });
  }
  return (outcome) => {
    assert.is(outcome, 'finished');
    assert.is(entered, threads * rounds);
    assert.is(mutex.state.owner, undefined);
  };
}

test('no lost wake-up and mutual exclusion: every schedule of 2 and 3 threads up to 12 switch points', () => {
  const two = exploreAll((simulation) => slot(simulation, 3), 12);
  assert.is(two.failure, undefined, `${two.failure} ${two.error}`);
  const three = exploreAll((simulation) => critical(simulation.mutex(), simulation, 3, 2), 12);
  assert.is(three.failure, undefined, `${three.failure} ${three.error}`);
  assert.ok(
    two.schedules > 100 && three.schedules > 1000,
    `${two.schedules} and ${three.schedules} schedules`,
  );
});

test('the explorer finds a lock that does not lock', () => {
  const found = exploreAll((simulation) => {
    let held = false;
    let inside = 0;
    for (const name of ['a', 'b']) {
      simulation.spawn(name, function* () {
        yield simulation.point();
        if (!held) {
          yield simulation.point();
          held = true;
          assert.is(++inside, 1);
          yield simulation.point();
          inside--;
          held = false;
        }
      });
    }
    return () => {};
  }, 12);
  assert.ok(found.failure !== undefined);
});

test('10,000 seeded schedules: locks, readers and writers, conditions, parks', () => {
  for (let seed = 0; seed < 10_000; seed++) {
    const simulation = new Simulation(seededChooser(seed));
    const checks = [slot(simulation, 2), critical(simulation.mutex(), simulation, 3, 2)];
    const lock = simulation.rwlock();
    let readers = 0;
    let writers = 0;
    for (let thread = 0; thread < 4; thread++) {
      simulation.spawn(`rw${thread}`, function* () {
        const write = thread % 2 === 0;
        yield* lock.lock(write);
        if (write) assert.is(++writers + readers, 1, 'a writer is alone');
        else {
          readers++;
          assert.is(writers, 0, 'no writer beside readers');
        }
        yield simulation.point();
        if (write) writers--;
        else readers--;
        lock.unlock(write);
      });
    }
    let ready = false;
    const sleeper = simulation.spawn('sleeper', function* () {
      while (!ready) yield* simulation.park();
    });
    simulation.spawn('waker', function* () {
      yield simulation.point();
      ready = true;
      simulation.core.unpark(sleeper);
    });
    const outcome = simulation.run();
    for (const check of checks) check(outcome);
  }
});

test('a wait ends by signal, timeout or interrupt, and says which', () => {
  const simulation = new Simulation();
  const queue = new WaitQueue();
  const reasons: number[] = [];
  const waiter = simulation.spawn('waiter', function* () {
    reasons.push(yield* simulation.wait(queue));
    reasons.push(yield* simulation.wait(queue, simulation.nowNs + 1000n));
    reasons.push(yield* simulation.wait(queue));
    waiter.interrupted = false;
    simulation.core.unpark(waiter);
    reasons.push(yield* simulation.park(NEVER_NS));
  });
  simulation.spawn('other', function* () {
    yield* simulation.sleep(100n);
    simulation.core.wakeQueue(queue, 5);
    yield* simulation.sleep(5000n);
    simulation.core.interrupt(waiter);
  });
  assert.is(simulation.run(), 'finished');
  assert.equal(reasons, [WAKE_SIGNALLED, WAKE_TIMEOUT, WAKE_INTERRUPTED, WAKE_SIGNALLED]);
  assert.is(queue.length, 0);
});

test('a deadlock is an answer, not a hang', () => {
  const simulation = new Simulation();
  const queue = new WaitQueue();
  simulation.spawn('forever', function* () {
    yield* simulation.wait(queue);
  });
  assert.is(simulation.run(), 'deadlock');
});

test.run();
