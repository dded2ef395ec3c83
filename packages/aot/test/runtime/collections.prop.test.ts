/** Map and Set against JavaScript's, with iterations that run while entries come and go. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MapImpl } from '../../runtime/collections/map.js';
import { SetImpl } from '../../runtime/collections/set.js';

type Step =
  | { do: 'set'; key: number }
  | { do: 'delete'; key: number }
  | { do: 'get'; key: number }
  | { do: 'clear' }
  | { do: 'begin' }
  | { do: 'next'; which: number };

function steps(keys: number): fc.Arbitrary<Step[]> {
  const key = fc.integer({ min: -2, max: keys });
  return fc.array(
    fc.oneof(
      { weight: 10, arbitrary: fc.record({ do: fc.constant('set' as const), key }) },
      { weight: 6, arbitrary: fc.record({ do: fc.constant('delete' as const), key }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('get' as const), key }) },
      { weight: 1, arbitrary: fc.constant({ do: 'begin' as const }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('next' as const), which: fc.nat(5) }) },
    ),
    { maxLength: 400, size: 'max' },
  );
}

function entries<K, V>(map: MapImpl<K, V>): [K, V][] {
  const all: [K, V][] = [];
  for (let at = map.nextIndex(0); at >= 0; at = map.nextIndex(at + 1))
    all.push([map.keyAt(at), map.valueAt(at)]);
  return all;
}

class Walk<K, V> {
  at = 0;
  done = false;
  readonly model: IterableIterator<[K, V]>;
  readonly map: MapImpl<K, V>;
  constructor(map: MapImpl<K, V>, model: Map<K, V>) {
    this.map = map;
    this.model = model.entries();
  }

  next(): void {
    if (this.done) return;
    const theirs = this.model.next();
    const position = this.map.nextIndex(this.at);
    if (theirs.done === true) {
      assert.is(position, -1);
      this.done = true;
      return;
    }
    assert.is(this.map.keyAt(position), theirs.value[0]);
    assert.is(this.map.valueAt(position), theirs.value[1]);
    this.at = position + 1;
  }
}

function run<K>(all: Step[], keyOf: (n: number) => K): void {
  const map = new MapImpl<K, number>();
  const model = new Map<K, number>();
  const walks: Walk<K, number>[] = [];
  let serial = 0;
  for (const step of all) {
    serial++;
    switch (step.do) {
      case 'set':
        assert.is(map.set(keyOf(step.key), serial), map);
        model.set(keyOf(step.key), serial);
        break;
      case 'delete':
        assert.is(map.delete(keyOf(step.key)), model.delete(keyOf(step.key)));
        break;
      case 'get':
        assert.is(map.get(keyOf(step.key)), model.get(keyOf(step.key)));
        assert.is(map.has(keyOf(step.key)), model.has(keyOf(step.key)));
        break;
      case 'clear':
        map.clear();
        model.clear();
        break;
      case 'begin':
        walks.push(new Walk(map, model));
        break;
      case 'next':
        walks[step.which]?.next();
        break;
    }
    assert.is(map.size, model.size);
  }
  for (const walk of walks) while (!walk.done) walk.next();
  assert.equal(entries(map), [...model.entries()]);
  for (let key = -2; key <= 300; key++) assert.is(map.get(keyOf(key)), model.get(keyOf(key)));
}

for (const keys of [6, 40, 300]) {
  test(`Map with ${keys} numbers, strings`, () => {
    fc.assert(
      fc.property(steps(keys), (all) => run(all, (n) => n)),
      { numRuns: 100 },
    );
    fc.assert(
      fc.property(steps(keys), (all) => run(all, (n) => `key ${n}`)),
      { numRuns: 60 },
    );
  });
}

test('clearing during an iteration', () => {
  const map = new MapImpl<number, number>();
  const model = new Map<number, number>();
  const walk = new Walk(map, model);
  for (let i = 0; i < 20; i++) {
    map.set(i, i);
    model.set(i, i);
  }
  for (let i = 0; i < 5; i++) walk.next();
  map.clear();
  model.clear();
  for (let i = 7; i < 30; i++) {
    map.set(i, -i);
    model.set(i, -i);
  }
  while (!walk.done) walk.next();
});

test('growth moves a bounded number of entries per change, and a queue does not slow down', () => {
  const map = new MapImpl<number, number>();
  for (let i = 0; i < 20_000; i++) map.set(i * 64, i);
  assert.is(map.size, 20_000);
  for (let i = 0; i < 20_000; i++) assert.is(map.get(i * 64), i);
  for (let i = 20_000; i < 100_000; i++) {
    map.set(i * 64, i);
    const oldest = map.keyAt(map.nextIndex(0));
    assert.is(oldest, (i - 20_000) * 64);
    map.delete(oldest);
  }
  assert.is(map.size, 20_000);
});

test('NaN is a key, and the methods of Set', () => {
  const map = new MapImpl<number, string>();
  map.set(Number.NaN, 'nan');
  assert.is(map.get(Number.NaN), 'nan');
  const set = new SetImpl<string>();
  assert.is(set.add('a').add('b').add('a').size, 2);
  assert.ok(set.has('b') && !set.has('c'));
  const seen: string[] = [];
  set.forEach((element) => {
    seen.push(element);
  });
  assert.equal(seen, ['a', 'b']);
  assert.ok(set.delete('a') && !set.delete('a'));
  assert.is(set.keyAt(set.nextIndex(0)), 'b');
});

test.run();
