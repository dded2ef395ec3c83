import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AddResult, BufferList, Completion, DeviceChain, TakeResult } from '../src/index.js';
import { BUFFERS, makePair, plainMemory } from './queue-pair.js';

/** Split and packed rings, driven by one script, answer what a list of lists answers. */
const test = suite('virtqueue model');

type Command =
  | { readonly kind: 'add'; readonly readable: number; readonly writable: number }
  | { readonly kind: 'take' }
  | { readonly kind: 'complete'; readonly which: number; readonly written: number }
  | { readonly kind: 'poll' }
  | { readonly kind: 'reset' };

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      readable: fc.nat(4),
      writable: fc.nat(4),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('take' as const) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('complete' as const),
      which: fc.nat(20),
      written: fc.nat(40),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('poll' as const) }) },
);

function runModel(size: number, indirect: boolean, script: readonly Command[]): string[] {
  const log: string[] = [];
  let free = size;
  const available: { token: number; slots: number; readable: number; writable: number }[] = [];
  const held: typeof available = [];
  const used: { token: number; slots: number; written: number }[] = [];
  script.forEach((step, token) => {
    if (step.kind === 'add') {
      const count = step.readable + step.writable;
      const slots = indirect && count > 1 && count <= 8 ? 1 : count;
      if (count === 0 || slots > size) log.push('add 2');
      else if (slots > free) log.push('add 1');
      else {
        free -= slots;
        available.push({ token, slots, readable: step.readable, writable: step.writable });
        log.push('add 0');
      }
    } else if (step.kind === 'take') {
      const chain = available.shift();
      log.push(chain === undefined ? 'take none' : `take ${chain.readable} ${chain.writable}`);
      if (chain !== undefined) held.push(chain);
    } else if (step.kind === 'complete') {
      if (held.length === 0) return;
      const [chain] = held.splice(step.which % held.length, 1);
      used.push({ ...chain, written: Math.min(step.written, chain.writable * 10) });
    } else if (step.kind === 'poll') {
      const done = used.shift();
      log.push(done === undefined ? 'poll none' : `poll ${done.token} ${done.written}`);
      if (done !== undefined) free += done.slots;
    }
    log.push(`free ${free}`);
  });
  return log;
}

function runQueue(
  packed: boolean,
  size: number,
  indirect: boolean,
  firstIndex: number,
  script: readonly Command[],
): string[] {
  const memory = plainMemory();
  const options = { packed, size, indirect, eventIndex: true, inOrder: false, firstIndex };
  const { driver, device, sink } = makePair(options, memory, memory);
  const log: string[] = [];
  const held: DeviceChain[] = [];
  const completion = new Completion();
  script.forEach((step, token) => {
    if (step.kind === 'add') {
      const list = new BufferList();
      for (let i = 0; i < step.readable; i += 1) list.addReadable(BUFFERS + i * 10, 10);
      for (let i = 0; i < step.writable; i += 1) list.addWritable(BUFFERS + 100 + i * 10, 10);
      const result = driver.add(list, token);
      log.push(`add ${result}`);
      if (result === AddResult.Added) driver.publish();
    } else if (step.kind === 'take') {
      const chain = new DeviceChain();
      const result = device.take(chain);
      log.push(
        result === TakeResult.Taken
          ? `take ${chain.readableCount} ${chain.count - chain.readableCount}`
          : 'take none',
      );
      if (result === TakeResult.Taken) held.push(chain);
    } else if (step.kind === 'complete') {
      if (held.length === 0) return;
      const [chain] = held.splice(step.which % held.length, 1);
      device.complete(chain, Math.min(step.written, chain.writableBytes));
      device.publish();
    } else if (step.kind === 'poll') {
      log.push(
        driver.poll(completion)
          ? `poll ${completion.token} ${completion.writtenBytes}`
          : 'poll none',
      );
    }
    log.push(`free ${driver.freeCount()}`);
  });
  assert.equal(sink.faults, []);
  return log;
}

test('split and packed equal one model', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(1, 2, 4, 8, 32),
      fc.boolean(),
      fc.constantFrom(0, 65533),
      fc.array(command, { maxLength: 200 }),
      (size, indirect, firstIndex, script) => {
        const model = runModel(size, indirect, script);
        assert.equal(runQueue(false, size, indirect, firstIndex, script), model);
        assert.equal(runQueue(true, size, indirect, firstIndex, script), model);
      },
    ),
    { numRuns: 300 },
  );
});

test('reset gives back every outstanding token and the queue starts over', () => {
  for (const packed of [false, true]) {
    const memory = plainMemory();
    const base = { size: 8, indirect: false, eventIndex: false, inOrder: false, firstIndex: 65534 };
    const { driver } = makePair({ ...base, packed }, memory, memory);
    const list = new BufferList();
    list.addWritable(BUFFERS, 10);
    for (let token = 10; token < 15; token += 1) driver.add(list, token);
    driver.publish();
    assert.equal(driver.reset().sort(), [10, 11, 12, 13, 14]);
    assert.is(driver.freeCount(), 8);
    for (let token = 0; token < 8; token += 1) assert.is(driver.add(list, token), AddResult.Added);
    assert.is(driver.add(list, 9), AddResult.Full);
  }
});

test.run();
