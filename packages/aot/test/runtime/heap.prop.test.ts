/**
 * The collector against naive reachability: random mutators over a random graph, slices of random length between any
 * two steps, references in globals, on a conservative stack and in objects of every kind.
 */
import { load32, loadInt, store32, storeInt } from '@tessera/machine';
import { simulatedMemory } from '@tessera/machine/testing';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  allocate,
  allocateWithSpare,
  barrierSlot,
  cellBytesOf,
  collectCompletely,
  collectSlice,
  initialiseHeap,
  scanConservatively,
  setRootScanner,
  startCycle,
} from '../../runtime/heap/index.js';
import { cellContaining, isMarked, markSlice } from '../../runtime/heap/mark.js';
import { descriptorOf } from '../../runtime/heap/pages.js';
import * as state from '../../runtime/heap/state.js';
import { countObjects, verifyHeap, verifyMarks } from '../../runtime/heap/verify.js';
import { setRefuseGrowth } from '../../runtime/platform-node.js';
import { simulated } from '../../runtime/primitives.js';

const TABLES = 0x2000_0000_0000;
const GLOBALS = TABLES + 0x10000;
const STACK = TABLES + 0x20000;
const HEAP = 0x3000_0000_0000;
const GLOBAL_COUNT = 4;
const STACK_WORDS = 8;

const STORAGE_WORDS = 3;
const STORAGE_REFERENCES = 4;
const PAIR = 6; // two references and a number
const LEAF = 7;
const WIDE = 8; // 40 references at the end of 700 bytes

/** Class table with one class per shape. */
function writeClasses(): void {
  const offsets = TABLES + 0x4000;
  const shapes: { kind: number; offsets: number[] }[] = [
    { kind: 0, offsets: [] },
    { kind: 4, offsets: [] },
    { kind: 5, offsets: [] },
    { kind: 1, offsets: [] },
    { kind: 2, offsets: [] },
    { kind: 3, offsets: [] },
    { kind: 0, offsets: [8, 24] },
    { kind: 0, offsets: [] },
    { kind: 6, offsets: Array.from({ length: 40 }, (_, i) => 8 + i * 16) },
  ];
  let at = offsets;
  shapes.forEach((shape, id) => {
    const entry = TABLES + id * 40;
    store32(entry + 4, shape.kind);
    store32(entry + 12, shape.offsets.length);
    storeInt(entry + 16, at);
    for (const offset of shape.offsets) {
      store32(at, offset);
      at += 4;
    }
  });
  const tables = simulated();
  tables.classes = TABLES;
  tables.classCount = shapes.length;
  tables.roots = TABLES + 0x8000;
  tables.rootCount = GLOBAL_COUNT;
  for (let i = 0; i < GLOBAL_COUNT; i++) storeInt(tables.roots + i * 8, GLOBALS + i * 8);
}

function freshHeap(smallPages: boolean, bytes = 1 << 18): void {
  simulatedMemory().clear();
  stackObjects.fill(0);
  writeClasses();
  state.setMarking(0);
  state.setPhase(0);
  state.setOverflowed(0);
  state.setUsedPages(0);
  state.setFreeHint(0);
  state.setRescan(0, 0, 0);
  state.setAllocatedSinceCycle(0);
  state.setLiveBytes(0);
  setRefuseGrowth(false);
  initialiseHeap(HEAP, bytes, smallPages ? 1 << 22 : 1 << 24, smallPages);
  // The tests decide when a cycle begins.
  state.setThreshold(2 ** 40);
  state.setMinimumThreshold(2 ** 40);
  setRootScanner({
    scanRoots(): void {
      scanConservatively(STACK, STACK + STACK_WORDS * 8);
    },
  });
}

/** What the words on the stack were made from: the model must not ask the collector. */
const stackObjects: number[] = new Array(STACK_WORDS).fill(0);

function slotsOf(object: number): number[] {
  const id = load32(object);
  if (id === PAIR) return [object + 8, object + 24];
  if (id === WIDE) return Array.from({ length: 40 }, (_, i) => object + 8 + i * 16);
  if (id === STORAGE_REFERENCES) {
    return Array.from({ length: loadInt(object + 8) }, (_, i) => object + 16 + i * 8);
  }
  return [];
}

/** The naive collector: what globals and stack reach. */
function reachable(): Set<number> {
  const seen = new Set<number>();
  const work: number[] = [];
  for (let i = 0; i < GLOBAL_COUNT; i++) work.push(loadInt(GLOBALS + i * 8));
  work.push(...stackObjects);
  while (work.length > 0) {
    const object = work.pop() as number;
    if (object === 0 || object % 8 !== 0 || object < HEAP || seen.has(object)) continue;
    seen.add(object);
    for (const slot of slotsOf(object)) work.push(loadInt(slot));
  }
  return seen;
}

type Step =
  | { do: 'make'; shape: number; size: number; into: number }
  | { do: 'link'; from: number; slot: number; to: number }
  | { do: 'unlink'; from: number; slot: number }
  | { do: 'global'; index: number; to: number }
  | { do: 'clear'; index: number }
  | { do: 'drop'; index: number }
  | { do: 'slice'; budget: number }
  | { do: 'start' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('make' as const),
      shape: fc.nat(4),
      size: fc.nat(1400),
      into: fc.nat(STACK_WORDS - 1),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('link' as const),
      from: fc.nat(99),
      slot: fc.nat(99),
      to: fc.nat(99),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('unlink' as const),
      from: fc.nat(99),
      slot: fc.nat(99),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('global' as const),
      index: fc.nat(GLOBAL_COUNT - 1),
      to: fc.nat(99),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('clear' as const), index: fc.nat(GLOBAL_COUNT - 1) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('drop' as const), index: fc.nat(STACK_WORDS - 1) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('slice' as const),
      budget: fc.integer({ min: 1, max: 40 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'start' as const }) },
);

function make(shape: number, size: number): number {
  if (shape === 0) return allocate(PAIR, 32);
  if (shape === 1) return allocate(LEAF, 16 + size);
  if (shape === 2) return allocate(WIDE, 8 + 40 * 16);
  const elements = shape === 3 ? Math.trunc(size / 20) : size;
  const id = size % 5 === 0 ? STORAGE_WORDS : STORAGE_REFERENCES;
  const object = allocateWithSpare(id, 16 + elements * 8);
  storeInt(object + 8, elements);
  return object;
}

class Mutator {
  /** Everything that may not be freed before the cycle under way ends. */
  snapshot = new Set<number>();
  made = new Set<number>();
  readonly problems: string[] = [];

  /** What the mutator may touch, in a stable order. */
  objects(): number[] {
    return [...reachable()];
  }

  run(next: Step): void {
    const objects =
      next.do === 'link' || next.do === 'unlink' || next.do === 'global' ? this.objects() : [];
    const pick = (n: number): number => objects[n % objects.length] ?? 0;
    switch (next.do) {
      case 'make': {
        const before = reachable();
        const object = make(next.shape, next.size);
        assert.not.ok(before.has(object), 'a cell was handed out twice');
        const first = load32(object);
        for (let i = 16; i + 4 <= 16 + next.size && i < 64; i += 4) {
          if (first === LEAF) assert.is(load32(object + i), 0, 'new objects are clear');
        }
        this.made.add(object);
        // Interior and one-past-end pointers count as references.
        const delta =
          load32(object) === STORAGE_REFERENCES ? 16 + 8 * loadInt(object + 8) : next.size % 16;
        stackObjects[next.into] = object;
        storeInt(STACK + next.into * 8, object + delta);
        break;
      }
      case 'link':
      case 'unlink': {
        const from = pick(next.from);
        if (from === 0) break;
        const slots = slotsOf(from);
        const slot = slots[next.slot % Math.max(1, slots.length)];
        if (slot === undefined) break;
        barrierSlot(slot);
        const value =
          next.do === 'unlink' ? 0 : next.to % 10 === 0 ? next.to * 2 + 1 : pick(next.to);
        storeInt(slot, value);
        break;
      }
      case 'global':
        barrierSlot(GLOBALS + next.index * 8);
        storeInt(GLOBALS + next.index * 8, pick(next.to));
        break;
      case 'clear':
        barrierSlot(GLOBALS + next.index * 8);
        storeInt(GLOBALS + next.index * 8, 0);
        break;
      case 'drop':
        stackObjects[next.index] = 0;
        storeInt(STACK + next.index * 8, 0);
        break;
      case 'start':
        if (state.phase === state.PHASE_IDLE) {
          this.snapshot = reachable();
          this.made = new Set();
          startCycle();
        }
        break;
      case 'slice':
        this.slice(next.budget);
        break;
    }
    this.check();
  }

  slice(budget: number): void {
    const marking = state.phase === state.PHASE_MARKING;
    if (marking && markSlice(budget)) {
      assert.is(verifyMarks(), 0, 'at the end of marking');
      for (const object of this.snapshot)
        assert.ok(isMarked(object), 'reachable at the snapshot, not marked');
    }
    collectSlice(budget);
  }

  check(): void {
    for (const object of reachable()) {
      assert.is(cellContaining(object), object, 'a reachable object was freed');
      assert.ok(cellBytesOf(object) >= 16);
    }
    if (state.phase !== state.PHASE_IDLE) {
      for (const object of this.snapshot)
        assert.is(cellContaining(object), object, 'freed before its cycle ended');
      for (const object of this.made)
        assert.is(cellContaining(object), object, 'a new object was freed');
    }
  }
}

for (const smallPages of [true, false]) {
  test(`nothing reachable is lost and nothing dead is kept, ${smallPages ? '4' : '32'} KiB pages`, () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 20, maxLength: 160, size: 'max' }),
        fc.boolean(),
        (steps, tinyStack) => {
          freshHeap(smallPages);
          // A stack of two entries overflows all the time: marking must end all the same.
          if (tinyStack)
            state.setTables(
              state.markStackBase,
              state.markStackBase + 32,
              state.descriptors,
              state.markBits,
              state.firstPage,
            );
          const mutator = new Mutator();
          for (const next of steps) mutator.run(next);
          assert.is(verifyHeap(), 0, 'structure');
          collectCompletely();
          assert.is(verifyHeap(), 0, 'structure after a collection');
          const live = reachable();
          assert.is(countObjects(), live.size, 'live + free = heap: what is not reachable is free');
          for (const object of live)
            assert.not.ok(isMarked(object), 'marks are clear between cycles');
        },
      ),
      { numRuns: 80 },
    );
  });
}

test('marking takes at most one step per object and chunk of the snapshot, whatever the mutator does', () => {
  freshHeap(false);
  let previous = 0;
  for (let i = 0; i < 3000; i++) {
    const object = allocate(PAIR, 32);
    storeInt(object + 8, previous);
    previous = object;
  }
  storeInt(GLOBALS, previous);
  startCycle();
  let slices = 0;
  while (state.phase === state.PHASE_MARKING) {
    // The mutator makes ten objects for each one marked: they are black and cost the marker nothing.
    for (let i = 0; i < 10; i++) {
      const object = allocate(PAIR, 32);
      storeInt(object + 8, loadInt(GLOBALS));
      barrierSlot(GLOBALS);
      storeInt(GLOBALS, object);
    }
    collectSlice(10);
    slices++;
    assert.ok(slices <= 3000 / 10 + 2, 'marking ends');
  }
  collectCompletely();
  assert.is(verifyHeap(), 0);
});

test('a slice looks at no more objects than its budget; an array counts by chunks', () => {
  freshHeap(false);
  const array = allocateWithSpare(STORAGE_REFERENCES, 16 + 8 * 10_000);
  storeInt(array + 8, 10_000);
  for (let i = 0; i < 10_000; i++) storeInt(array + 16 + i * 8, allocate(LEAF, 16));
  storeInt(GLOBALS, array);
  startCycle();
  let slices = 0;
  while (!markSlice(1)) slices++;
  assert.is(slices, Math.ceil(10_000 / 256) - 1);
  assert.is(verifyMarks(), 0);
  collectCompletely();
  assert.is(countObjects(), 10_001);
});

test('memory freed is used again, empty pages change their size class, growth is asked for only when needed', () => {
  freshHeap(true, 1 << 17);
  state.setThreshold(16384);
  state.setMinimumThreshold(16384);
  const pagesBefore = state.pageCount;
  for (let round = 0; round < 200; round++) {
    for (let i = 0; i < 50; i++) allocate(LEAF, 16 + ((round * 37) % 900));
    if (round % 10 === 0) allocate(LEAF, 9000);
  }
  assert.is(verifyHeap(), 0);
  assert.ok(state.cycles > 0);
  assert.ok(
    state.pageCount <= pagesBefore + 16,
    `the heap stays small: ${pagesBefore} -> ${state.pageCount} pages`,
  );
});

test('out of memory is a panic, after a collection has been tried', () => {
  freshHeap(true, 1 << 17);
  setRefuseGrowth(true);
  for (let i = 0; i < 1000; i++) allocate(LEAF, 1024); // garbage: always room
  storeInt(GLOBALS, 0);
  assert.throws(() => {
    for (let i = 0; i < 10_000; i++) {
      const object = allocate(PAIR, 32);
      storeInt(object + 8, loadInt(GLOBALS));
      storeInt(GLOBALS, object);
    }
  }, /abort/);
});

test('a run of cells never leaves its page', () => {
  freshHeap(true);
  fc.assert(
    fc.property(fc.integer({ min: 8, max: 1024 }), (bytes) => {
      const object = allocate(LEAF, bytes);
      const page = Math.trunc((object - state.firstPage) / state.pageBytes);
      assert.ok(object + cellBytesOf(object) <= state.firstPage + (page + 1) * state.pageBytes);
      assert.ok(cellBytesOf(object) >= bytes);
      assert.is(load32(descriptorOf(page)), 1);
    }),
  );
});

test.run();
