import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BufferList, Completion, DeviceChain, TakeResult } from '../src/index.js';
import { HookMemory, SeededRandom } from '../src/testing/index.js';
import { BASE, BUFFERS, makePair, type PairOptions, plainMemory } from './queue-pair.js';

/**
 * The other side writes anything, anywhere in the rings, at any moment, also between a check and a use. What must
 * hold: calls return (bounded loops), access stays in memory, tokens come back at most once, and the first lie that
 * is seen is one fault and a dead queue.
 */
const test = suite('hostile virtqueues');
const runs = Number(process.env['HOSTILE_RUNS'] ?? 3000);

const options = fc.record({
  packed: fc.boolean(),
  size: fc.constantFrom(1, 2, 8, 16),
  indirect: fc.boolean(),
  eventIndex: fc.boolean(),
  inOrder: fc.boolean(),
  firstIndex: fc.constantFrom(0, 65535),
});

function scribble(memory: HookMemory, random: SeededRandom, start: number, end: number): void {
  const inner = memory.inner;
  const at = start + random.below(end - start - 8);
  const kind = random.below(5);
  if (kind === 0) inner.store32(at, random.next());
  else if (kind === 1) inner.store16(at & ~1, random.below(40));
  else if (kind === 2) inner.store16(at & ~1, inner.load16(at & ~1) + 1);
  else if (kind === 3) inner.store16(at & ~1, inner.load16(at & ~1) ^ 0x8080);
  else inner.store32(at & ~3, random.below(64));
}

function ringEnd(pair: PairOptions): number {
  return BASE + pair.size * 16 + 200;
}

test('driver against a hostile device', () => {
  let died = 0;
  fc.assert(
    fc.property(options, fc.nat(), (pair, seed) => {
      const random = new SeededRandom(seed);
      const memory = new HookMemory(plainMemory());
      const { driver, device, sink } = makePair(pair, memory, memory.inner);
      const honest = random.chance(2);
      memory.hook = (address, bytes): void => {
        assert.ok(memory.inner.contains(address, bytes));
        if (random.chance(6)) scribble(memory, random, BASE, ringEnd(pair));
      };
      const out = new Set<number>();
      const completion = new Completion();
      const chain = new DeviceChain();
      for (let step = 0; step < 60; step += 1) {
        const list = new BufferList();
        list.addReadable(BUFFERS, 10);
        if (random.chance(2)) list.addWritable(BUFFERS + 64, 100);
        if (driver.add(list, step) === 0) out.add(step);
        driver.publish();
        if (honest && device.take(chain) === TakeResult.Taken) {
          device.complete(chain, chain.writableBytes);
          device.publish();
        }
        for (let polls = 0; driver.poll(completion); polls += 1) {
          assert.ok(polls <= pair.size);
          assert.ok(out.delete(completion.token), 'a token came back twice');
          assert.ok(completion.writtenBytes <= 100);
        }
        driver.enableInterrupts();
        assert.ok(driver.freeCount() >= 0 && driver.freeCount() <= pair.size);
        assert.is(driver.inFlightCount(), out.size);
      }
      const faults = sink.faults.filter((fault) => fault === driver.fault);
      assert.is(faults.length, driver.fault === undefined ? 0 : 1);
      if (driver.fault !== undefined) {
        died += 1;
        assert.not.ok(driver.poll(completion));
        assert.equal(new Set(driver.reset()), out);
      }
    }),
    { numRuns: runs },
  );
  assert.ok(died > runs / 20, `only ${died} queues died: the attack is too weak`);
});

test('device against a hostile driver', () => {
  let died = 0;
  fc.assert(
    fc.property(options, fc.nat(), (pair, seed) => {
      const random = new SeededRandom(seed);
      const memory = new HookMemory(plainMemory());
      const { driver, device, sink } = makePair(pair, memory.inner, memory);
      memory.hook = (address, bytes): void => {
        assert.ok(memory.inner.contains(address, bytes));
        if (random.chance(6)) scribble(memory, random, BASE, ringEnd(pair));
      };
      const completion = new Completion();
      const chains: DeviceChain[] = [];
      for (let step = 0; step < 60; step += 1) {
        const list = new BufferList();
        list.addReadable(BUFFERS, 10);
        list.addWritable(BUFFERS + 64, 100);
        driver.add(list, step);
        driver.publish();
        const chain = new DeviceChain();
        if (device.take(chain) === TakeResult.Taken) {
          assert.ok(chain.count <= 1024);
          for (let i = 0; i < chain.count; i += 1) {
            assert.ok(memory.inner.contains(chain.addresses[i], chain.lengths[i]));
          }
          chains.push(chain);
        }
        assert.ok(chains.length <= pair.size);
        if (chains.length > 0 && random.chance(2)) {
          const [done] = chains.splice(random.below(chains.length), 1);
          device.complete(done, done.writableBytes);
          device.publish();
        }
        device.enableNotifications();
        driver.poll(completion);
      }
      if (device.fault !== undefined) {
        died += 1;
        assert.is(sink.faults.filter((fault) => fault === device.fault).length, 1);
      }
    }),
    { numRuns: runs },
  );
  assert.ok(died > runs / 20, `only ${died} queues died: the attack is too weak`);
});

test.run();
