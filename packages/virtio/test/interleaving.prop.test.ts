import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AddResult, BufferList, Completion, DeviceChain, TakeResult } from '../src/index.js';
import { HookMemory, SeededRandom } from '../src/testing/index.js';
import { BUFFERS, makePair, type PairOptions, plainMemory } from './queue-pair.js';

/**
 * Two actors share a queue. Each may be interrupted by a step of the other before any single access to memory, and
 * goes to sleep only through enableInterrupts/enableNotifications, so a lost wake-up shows as unfinished work.
 */
const test = suite('virtqueue interleavings');
const SLOT_BYTES = 512;
const SLOTS = 64;

class World {
  readonly memory = plainMemory();
  readonly driverMemory = new HookMemory(this.memory);
  readonly deviceMemory = new HookMemory(this.memory);
  readonly pair;
  readonly random: SeededRandom;
  toSend: number;
  returned = 0;
  /** Per slot: undefined, or what is expected back. */
  readonly slots: ({ seal: number; segments: number[]; readable: number } | undefined)[] = [];
  readonly held: { chain: DeviceChain; slot: number }[] = [];
  readonly expected: { slot: number; written: number; seal: number }[] = [];
  readonly lengths = new Map<number, { written: number; seal: number }>();
  readonly sentOrder: number[] = [];
  driverAwake = true;
  deviceAwake = true;
  interrupt = false;
  notification = false;
  nested = false;
  driverBusy = false;
  deviceBusy = false;
  seal = 1;

  constructor(
    readonly options: PairOptions,
    seed: number,
    count: number,
  ) {
    this.random = new SeededRandom(seed);
    this.toSend = count;
    this.pair = makePair(options, this.driverMemory, this.deviceMemory);
    for (let i = 0; i < SLOTS; i += 1) {
      this.slots.push(undefined);
      this.paint(i);
    }
    this.driverMemory.hook = (): void => this.maybe(() => this.deviceStep());
    this.deviceMemory.hook = (address, bytes): void => {
      this.checkOwnership(address, bytes);
      this.maybe(() => this.driverStep());
    };
  }

  maybe(step: () => void): void {
    if (this.nested || !this.random.chance(4)) return;
    this.nested = true;
    step();
    this.nested = false;
  }

  paint(slot: number): void {
    const start = BUFFERS + slot * SLOT_BYTES - this.memory.base;
    this.memory.bytes.fill(0xdd, start, start + SLOT_BYTES);
  }

  checkOwnership(address: number, bytes: number): void {
    if (address < BUFFERS) return;
    const slot = Math.trunc((address - BUFFERS) / SLOT_BYTES);
    assert.ok(this.slots[slot] !== undefined, `device touched slot ${slot} that it does not own`);
    assert.ok(address + bytes <= BUFFERS + (slot + 1) * SLOT_BYTES);
  }

  driverStep(): void {
    if (this.driverBusy) return;
    this.driverBusy = true;
    this.driverAct();
    this.driverBusy = false;
  }

  driverAct(): void {
    const { driver } = this.pair;
    if (!this.driverAwake) {
      if (!this.interrupt) return;
      this.interrupt = false;
      this.driverAwake = true;
      if (this.random.chance(2)) driver.disableInterrupts();
    }
    if (this.random.chance(2)) {
      let full = false;
      for (let n = this.random.below(4); n > 0 && this.toSend > 0 && !full; n -= 1)
        full = !this.send();
      if (driver.publish()) this.notification = true;
    }
    const completion = new Completion();
    let polled = 0;
    while (polled < 3 && driver.poll(completion)) {
      this.receive(completion);
      polled += 1;
    }
    if (polled === 0 && (this.toSend === 0 || driver.inFlightCount() > 0)) {
      if (driver.publish()) this.notification = true;
      if (!driver.enableInterrupts()) this.driverAwake = false;
    }
  }

  send(): boolean {
    const slot = this.slots.indexOf(undefined);
    if (slot < 0) return false;
    const list = new BufferList();
    const segments: number[] = [];
    const count = 1 + this.random.below(Math.min(4, this.options.size));
    const readable = this.random.below(count + 1);
    let at = BUFFERS + slot * SLOT_BYTES;
    for (let i = 0; i < count; i += 1) {
      const bytes = 1 + this.random.below(64);
      segments.push(bytes);
      if (i < readable) list.addReadable(at, bytes);
      else list.addWritable(at, bytes);
      at += bytes;
    }
    const readableBytes = segments.slice(0, readable).reduce((a, b) => a + b, 0);
    const seal = (this.seal = (this.seal % 200) + 1);
    const start = BUFFERS + slot * SLOT_BYTES - this.memory.base;
    this.memory.bytes.fill(seal, start, start + readableBytes);
    this.slots[slot] = { seal, segments, readable };
    const result = this.pair.driver.add(list, slot);
    if (result !== AddResult.Added) {
      assert.is(result, AddResult.Full);
      this.slots[slot] = undefined;
      this.paint(slot);
      return false;
    }
    this.sentOrder.push(slot);
    this.toSend -= 1;
    return true;
  }

  receive(completion: Completion): void {
    const slot = completion.token;
    const sent = this.slots[slot];
    assert.ok(sent !== undefined, `slot ${slot} came back twice`);
    let want: { written: number; seal: number };
    if (this.options.inOrder) {
      assert.is(slot, this.sentOrder.shift());
      want = this.lengths.get(slot)!;
      this.lengths.delete(slot);
    } else {
      const first = this.expected.shift()!;
      assert.is(slot, first.slot);
      want = first;
    }
    assert.is(completion.writtenBytes, want.written);
    const readableBytes = sent.segments.slice(0, sent.readable).reduce((a, b) => a + b, 0);
    const start = BUFFERS + slot * SLOT_BYTES - this.memory.base + readableBytes;
    for (let i = 0; i < want.written; i += 1) assert.is(this.memory.bytes[start + i], want.seal);
    this.slots[slot] = undefined;
    this.paint(slot);
    this.returned += 1;
  }

  deviceStep(): void {
    if (this.deviceBusy) return;
    this.deviceBusy = true;
    this.deviceAct();
    this.deviceBusy = false;
  }

  deviceAct(): void {
    const { device } = this.pair;
    if (!this.deviceAwake) {
      if (!this.notification) return;
      this.notification = false;
      this.deviceAwake = true;
      if (this.random.chance(2)) device.disableNotifications();
    }
    let took = 0;
    for (let n = this.random.below(4); n > 0; n -= 1) {
      const chain = new DeviceChain();
      const result = device.take(chain);
      if (result === TakeResult.Empty) break;
      assert.is(result, TakeResult.Taken);
      took += 1;
      const first = chain.addresses[0];
      const slot = Math.trunc((first - BUFFERS) / SLOT_BYTES);
      const sent = this.slots[slot]!;
      assert.equal(chain.lengths.slice(0, chain.count), sent.segments);
      assert.is(chain.readableCount, sent.readable);
      const bytes = new Uint8Array(chain.readableBytes);
      assert.is(chain.read(this.deviceMemory, 0, bytes, 0, bytes.length), bytes.length);
      assert.ok(bytes.every((b) => b === sent.seal));
      this.held.push({ chain, slot });
    }
    while (this.held.length > 0 && !this.random.chance(3)) {
      const [{ chain, slot }] = this.held.splice(this.random.below(this.held.length), 1);
      const full = this.random.chance(2);
      const written = full ? chain.writableBytes : this.random.below(chain.writableBytes + 1);
      const seal = 1 + this.random.below(200);
      const bytes = new Uint8Array(written).fill(seal);
      chain.write(this.deviceMemory, 0, bytes, 0, written);
      this.expected.push({ slot, written, seal });
      this.lengths.set(slot, { written, seal });
      device.complete(chain, written);
    }
    if (device.publish()) this.interrupt = true;
    if (took === 0 && this.held.length === 0 && !device.enableNotifications()) {
      this.deviceAwake = false;
    }
  }

  run(count: number): void {
    for (let steps = 0; steps < 200 * (count + 10); steps += 1) {
      if (this.returned === count) break;
      if (this.random.chance(2)) this.driverStep();
      else this.deviceStep();
    }
    assert.equal(this.pair.sink.faults, []);
    assert.is(this.returned, count, 'a buffer or a wake-up was lost');
    assert.is(this.pair.driver.inFlightCount(), 0);
    assert.is(this.pair.driver.freeCount(), this.options.size);
    const painted = this.memory.bytes.subarray(
      BUFFERS - this.memory.base,
      BUFFERS - this.memory.base + SLOTS * SLOT_BYTES,
    );
    assert.ok(
      painted.every((b) => b === 0xdd),
      'a returned buffer was touched',
    );
  }
}

const options = fc.record({
  packed: fc.boolean(),
  size: fc.constantFrom(1, 2, 4, 8, 16, 64),
  indirect: fc.boolean(),
  eventIndex: fc.boolean(),
  inOrder: fc.boolean(),
  firstIndex: fc.constantFrom(0, 32767, 65500, 65530, 65535),
});

test('no buffer lost, returned twice or touched after return', () => {
  fc.assert(
    fc.property(options, fc.nat(), (pair, seed) => {
      const count = 150;
      new World(pair, seed, count).run(count);
    }),
    { numRuns: Number(process.env['INTERLEAVINGS'] ?? 150), errorWithCause: true },
  );
});

test('packed rings of odd sizes', () => {
  fc.assert(
    fc.property(options, fc.integer({ min: 1, max: 37 }), fc.nat(), (pair, size, seed) => {
      new World({ ...pair, size, packed: true }, seed, 100).run(100);
    }),
    { numRuns: 40 },
  );
});

test('indexes wrap at 2^16', () => {
  for (const packed of [false, true]) {
    const base = { packed, size: 8, indirect: false, eventIndex: true, inOrder: false };
    const world = new World({ ...base, firstIndex: 65535 }, 7, 500);
    world.run(500);
  }
});

test.run();
