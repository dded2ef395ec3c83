import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ArrayMemory, BackRing, FrontRing } from '../src/index.js';
import { CollectingSink, HookMemory, SeededRandom } from '../src/testing/index.js';

/**
 * The two ends of a ring; each may be interrupted by a step of the other before any access to memory, and sleeps only
 * through enableEvents, so a lost event shows as unfinished work. Indexes start anywhere, also just below 2^32.
 */
const test = suite('shared ring');
const BASE = 0x1000;
const SLOT = 112;

class World {
  readonly sink = new CollectingSink();
  readonly memory = new ArrayMemory(BASE, new Uint8Array(4096));
  readonly frontMemory = new HookMemory(this.memory);
  readonly backMemory = new HookMemory(this.memory);
  readonly random: SeededRandom;
  readonly front: FrontRing;
  readonly back: BackRing;
  nextId = 1;
  toSend: number;
  answered = 0;
  readonly out = new Set<number>();
  readonly held: number[] = [];
  frontAwake = true;
  backAwake = true;
  frontEvent = false;
  backEvent = false;
  nested = false;
  frontBusy = false;
  backBusy = false;

  constructor(seed: number, first: number, count: number, bytes: number) {
    this.random = new SeededRandom(seed);
    this.toSend = count;
    this.front = new FrontRing(this.frontMemory, BASE, bytes, SLOT, 'front', this.sink);
    this.back = new BackRing(this.backMemory, BASE, bytes, SLOT, 'back', this.sink);
    this.front.initialise(first);
    this.back.attach();
    this.frontMemory.hook = (): void => this.maybe(() => this.backStep());
    this.backMemory.hook = (): void => this.maybe(() => this.frontStep());
  }

  maybe(step: () => void): void {
    if (this.nested || !this.random.chance(3)) return;
    this.nested = true;
    step();
    this.nested = false;
  }

  frontStep(): void {
    if (this.frontBusy) return;
    if (!this.frontAwake) {
      if (!this.frontEvent) return;
      this.frontEvent = false;
      this.frontAwake = true;
    }
    this.frontBusy = true;
    for (
      let n = this.random.below(4);
      n > 0 && this.toSend > 0 && this.front.freeCount() > 0;
      n -= 1
    ) {
      const at = this.front.takeRequestSlot();
      this.frontMemory.store32(at + 8, this.nextId);
      this.frontMemory.store32(at + 100, this.nextId * 3);
      this.out.add(this.nextId);
      this.nextId += 1;
      this.toSend -= 1;
    }
    if (this.random.chance(2) && this.front.publish()) this.backEvent = true;
    let took = 0;
    for (let count = Math.min(this.front.pending(), 3); count > 0; count -= 1) {
      const id = this.frontMemory.load32(this.front.takeResponseSlot());
      assert.ok(this.out.delete(id), `answer ${id} came twice or for nothing`);
      this.answered += 1;
      took += 1;
    }
    if (took === 0 && (this.toSend === 0 || this.front.freeCount() === 0)) {
      if (this.front.publish()) this.backEvent = true;
      if (!this.front.enableEvents()) this.frontAwake = false;
    }
    this.frontBusy = false;
  }

  backStep(): void {
    if (this.backBusy) return;
    if (!this.backAwake) {
      if (!this.backEvent) return;
      this.backEvent = false;
      this.backAwake = true;
    }
    this.backBusy = true;
    let took = 0;
    for (let count = Math.min(this.back.pending(), this.random.below(4)); count > 0; count -= 1) {
      const at = this.back.takeRequestSlot();
      const id = this.backMemory.load32(at + 8);
      assert.is(this.backMemory.load32(at + 100), id * 3);
      this.held.push(id);
      took += 1;
    }
    while (this.held.length > 0 && !this.random.chance(3)) {
      const [id] = this.held.splice(this.random.below(this.held.length), 1);
      this.backMemory.store32(this.back.takeResponseSlot(), id);
    }
    if (this.random.chance(2) && this.back.publish()) this.frontEvent = true;
    if (took === 0 && this.held.length === 0) {
      if (this.back.publish()) this.frontEvent = true;
      if (!this.back.enableEvents()) this.backAwake = false;
    }
    this.backBusy = false;
  }
}

test('nothing lost, nothing answered twice, no event missed', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.constantFrom(0, 0x7fffffff, 0xfffffff0, 0xffffffff),
      fc.constantFrom(200, 300, 600, 4096),
      (seed, first, bytes) => {
        const count = 150;
        const world = new World(seed, first, count, bytes);
        for (let step = 0; step < 60000 && world.answered < count; step += 1) {
          if (world.random.chance(2)) world.frontStep();
          else world.backStep();
        }
        assert.equal(world.sink.faults, []);
        assert.is(world.answered, count, 'a request, an answer or an event was lost');
        assert.is(world.front.outstanding(), 0);
      },
    ),
    { numRuns: Number(process.env['INTERLEAVINGS'] ?? 200) },
  );
});

test.run();
