/** The layout of console.log against Node's own. */

import { inspect } from 'node:util';
import { objectAddress } from '@tessera/machine';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MapImpl } from '../../runtime/collections/map.js';
import { SetImpl } from '../../runtime/collections/set.js';
import { InspectContext } from '../../runtime/inspect/layout.js';
import { inspectFloat, inspectKey, inspectString } from '../../runtime/inspect/text.js';
import {
  beginObject,
  endObject,
  inspectArray,
  inspectMap,
  inspectSet,
} from '../../runtime/inspect/values.js';
import { simulateHeap } from './simulation.js';

/** What the compiler does per type, done by looking at the value. */
function show(context: InspectContext, value: unknown, depth: number): string {
  if (typeof value === 'string') return inspectString(context, value);
  if (typeof value === 'number') return inspectFloat(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) {
    const numeric = value.every((x) => typeof x === 'number' || typeof x === 'bigint');
    return inspectArray(context, value, depth, numeric, show);
  }
  if (value instanceof Map) {
    const mine = new MapImpl<unknown, unknown>();
    for (const [k, v] of value) mine.set(k, v);
    return inspectMap(context, mine, depth, show, show);
  }
  if (value instanceof Set) {
    const mine = new SetImpl<unknown>();
    for (const x of value) mine.add(x);
    return inspectSet(context, mine, depth, show);
  }
  const name = value.constructor === Object ? '' : value.constructor.name;
  const keys = Object.keys(value);
  if (keys.length === 0) return name === '' ? '{}' : `${name} {}`;
  const whole = beginObject(context, objectAddress(value), name, depth);
  if (whole !== '') return whole;
  const parts = keys.map(
    (key) =>
      `${inspectKey(key)}: ${show(context, (value as Record<string, unknown>)[key], depth + 1)}`,
  );
  return endObject(context, parts, name, depth);
}

class Point {
  x = 1;
  y: unknown;
  constructor(y: unknown) {
    this.y = y;
  }
}
class Empty {}

const word = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ maxLength: 90 }),
  fc.constantFrom(
    '',
    "it's",
    'a"b\'c',
    'line\nbreak',
    '\u0007\u007f',
    'é€',
    '\ud800x',
    'x'.repeat(70),
  ),
);
const key = fc
  .oneof(
    fc.constantFrom('a', 'name', 'x1', '$y', 'two words', '1st'),
    fc.string({ minLength: 1, maxLength: 6 }),
  )
  .filter((k) => k !== '__proto__');
const leaf = fc.oneof(
  fc.integer({ min: -5, max: 100000 }),
  fc.double(),
  word,
  fc.boolean(),
  fc.constant(null),
  fc.constant(undefined),
  fc.bigInt({ min: -9n, max: 2n ** 60n }),
);
const value = fc.letrec((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('node'), { maxLength: 9 }),
    fc.array(fc.integer({ min: -3, max: 9999 }), { maxLength: 130, size: 'max' }),
    fc.array(fc.string({ maxLength: 7 }), { maxLength: 30 }),
    fc.array(fc.double(), { maxLength: 12 }),
    fc.dictionary(key, tie('node'), { maxKeys: 5, noNullPrototype: true }),
    fc.array(fc.tuple(leaf, tie('node')), { maxLength: 4 }).map((pairs) => new Map(pairs)),
    fc.array(tie('node'), { maxLength: 5 }).map((elements) => new Set(elements)),
    tie('node').map((y) => new Point(y)),
    fc.constant(new Empty()),
  ),
})).node;

test('any value of plain parts', () => {
  simulateHeap();
  fc.assert(
    fc.property(value, (v) => {
      // Keys that are array indexes come first in JavaScript; objects that the compiler sees have none.
      assert.is(show(new InspectContext(), v, 0), inspect(v, { breakLength: 80, compact: 3 }));
    }),
    { numRuns: 3000 },
  );
});

test('the widths are those of console.log', () => {
  simulateHeap();
  for (const n of [5, 6, 7, 8, 10, 20, 26, 27, 60, 100, 101, 102, 300]) {
    for (const scale of [1, 37, 1234567]) {
      const v = Array.from({ length: n }, (_, i) => i * scale);
      assert.is(show(new InspectContext(), v, 0), inspect(v, { breakLength: 80 }));
      const words = v.map((x) => `w${x % 13}`);
      assert.is(
        show(new InspectContext(), { words, v }, 0),
        inspect({ words, v }, { breakLength: 80 }),
      );
    }
  }
});

test('objects that contain themselves', () => {
  simulateHeap();
  const p = new Point(null);
  p.y = [1, p, { p }];
  assert.is(show(new InspectContext(), p, 0), inspect(p));
  const list: unknown[] = [];
  list.push(list, { list });
  assert.is(show(new InspectContext(), list, 0), inspect(list));
});

test.run();
