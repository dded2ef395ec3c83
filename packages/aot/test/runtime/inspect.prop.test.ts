/** The layout of console.log against Node's own. */

import { inspect } from 'node:util';
import { loadInt, store8, store32, store64, storeInt } from '@tessera/machine';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { allocate, allocateWithSpare } from '../../runtime/heap/index.js';
import { InspectContext } from '../../runtime/inspect/layout.js';
import { inspectWord, wordText } from '../../runtime/inspect/words.js';
import { f64Bits, simulated, stringAddress } from '../../runtime/primitives.js';
import { makeOwnedView } from '../../runtime/typed/views.js';
import { simulateHeap } from './simulation.js';

/** Builds values in the simulated heap as compiled programs do, with a class row for each shape of object. */
class Builder {
  private readonly classes = new Map<string, number>();
  private readonly done = new Map<object, number>();
  private nextClass = 40;
  private nextTable = 0x2000_0001_0000;

  word(value: unknown): number {
    if (value === undefined) return 0;
    if (value === true) return 10;
    if (value === false) return 2;
    if (typeof value === 'string') return stringAddress(value);
    if (typeof value === 'bigint') return this.box(value < 0n ? 17 : 16, value);
    if (typeof value === 'number') {
      if (Number.isInteger(value) && Math.abs(value) < 2 ** 50 && !Object.is(value, -0))
        return value * 2 + 1;
      return this.box(15, f64Bits(value));
    }
    if (value === null) {
      const cell = allocate(6, 16);
      return cell;
    }
    const known = this.done.get(value as object);
    if (known !== undefined) return known;
    if (Array.isArray(value)) {
      const array = this.array(12, 0);
      this.done.set(value, array);
      const words = value.map((x) => this.word(x));
      this.fill(array, words.length);
      words.forEach((word, i) => {
        storeInt(loadInt(array + 16) + 16 + i * 8, word);
      });
      return array;
    }
    if (value instanceof Map)
      return this.object(
        value,
        'Map',
        ['keyList', 'valueList', 'hashes'],
        [
          [0, ...value.keys()],
          [0, ...value.values()],
        ],
      );
    if (value instanceof Set)
      return this.object(value, 'Set', ['keyList', 'hashes'], [[0, ...value]]);
    const keys = Object.keys(value as object);
    const name = (value as object).constructor.name;
    return this.object(
      value as object,
      name,
      keys,
      keys.map((key) => (value as Record<string, unknown>)[key]),
    );
  }

  /** Ints, doubles and big words in arrays of their own kind, as the compiler lays them out. */
  typed(classId: number, values: readonly (number | bigint)[]): number {
    const array = this.array(classId, values.length);
    values.forEach((value, i) => {
      const slot = loadInt(array + 16) + 16 + i * 8;
      if (typeof value === 'bigint') store64(slot, value);
      else if (classId === 8) store64(slot, f64Bits(value));
      else storeInt(slot, value);
    });
    return array;
  }

  private box(classId: number, bits: bigint): number {
    const cell = allocate(classId, 16);
    store64(cell + 8, bits);
    return cell;
  }

  private array(classId: number, length: number): number {
    const array = allocate(classId, 24);
    this.fill(array, length);
    return array;
  }

  private fill(array: number, length: number): void {
    const storage = allocateWithSpare(4, 16 + length * 8);
    storeInt(storage + 8, length);
    storeInt(array + 8, length);
    storeInt(array + 16, storage);
  }

  private object(value: object, name: string, keys: string[], values: unknown[]): number {
    const id = this.classOf(name, keys);
    const object = allocate(id, 8 + keys.length * 8);
    this.done.set(value, object);
    values.forEach((part, i) => {
      storeInt(object + 8 + i * 8, this.word(part));
    });
    if (name === 'Map' || name === 'Set') {
      // The first entry was removed: it must not show.
      const count = (values[0] as unknown[]).length;
      storeInt(
        object + keys.length * 8,
        this.typed(7, [0xffff_ffff, ...new Array(count - 1).fill(1)]),
      );
    }
    return object;
  }

  private classOf(name: string, keys: string[]): number {
    const shape = JSON.stringify([name, keys]);
    const known = this.classes.get(shape);
    if (known !== undefined) return known;
    const id = this.nextClass++;
    this.classes.set(shape, id);
    const row = simulated().classes + id * 40;
    store32(row + 4, 0);
    store32(row + 8, 0);
    storeInt(row + 24, this.text(name));
    const names = keys.map((key) => this.text(key));
    storeInt(row + 32, this.nextTable);
    names.forEach((at, i) => {
      storeInt(this.nextTable, at);
      store32(this.nextTable + 8, 8 + i * 8);
      store32(this.nextTable + 12, 5);
      this.nextTable += 16;
    });
    storeInt(this.nextTable, 0);
    this.nextTable += 16;
    return id;
  }

  private text(name: string): number {
    const at = this.nextTable + 0x100_0000;
    this.nextTable += 16;
    for (let i = 0; i <= name.length; i++) store8(at + i, i < name.length ? name.charCodeAt(i) : 0);
    return at;
  }
}

function show(value: unknown): string {
  simulateHeap();
  return inspectWord(new InspectContext(), new Builder().word(value), 0);
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
      assert.is(show(v), inspect(v, { breakLength: 80, compact: 3 }));
    }),
    { numRuns: 3000 },
  );
});

test('the widths are those of console.log', () => {
  simulateHeap();
  for (const n of [5, 6, 7, 8, 10, 20, 26, 27, 60, 100, 101, 102, 300]) {
    for (const scale of [1, 37, 1234567]) {
      const v = Array.from({ length: n }, (_, i) => i * scale);
      assert.is(show(v), inspect(v, { breakLength: 80 }));
      const words = v.map((x) => `w${x % 13}`);
      assert.is(show({ words, v }), inspect({ words, v }, { breakLength: 80 }));
    }
  }
});

test('objects that contain themselves', () => {
  simulateHeap();
  const p = new Point(null);
  p.y = [1, p, { p }];
  assert.is(show(p), inspect(p));
  const list: unknown[] = [];
  list.push(list, { list });
  assert.is(show(list), inspect(list));
});

test('arrays of one kind, views and buffers', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double(), { maxLength: 120, size: 'max' }),
      fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { maxLength: 20 }),
      fc.uint8Array({ maxLength: 120, size: 'max' }),
      (doubles, words, bytes) => {
        simulateHeap();
        const builder = new Builder();
        const text = (word: number): string => inspectWord(new InspectContext(), word, 0);
        assert.is(text(builder.typed(8, doubles)), inspect(doubles));
        assert.is(text(builder.typed(10, words)), inspect(words));
        assert.is(
          text(builder.typed(11, words)),
          inspect(words.map((word) => BigInt.asIntN(64, word))),
        );
        const bools = doubles.map((x) => x > 0);
        assert.is(text(builder.typed(9, bools.map(Number))), inspect(bools));
        const names = [
          'ArrayBuffer',
          'DataView',
          'Int8Array',
          'Uint8Array',
          'Uint8ClampedArray',
          'Int16Array',
          'Uint16Array',
          'Int32Array',
          'Uint32Array',
          'Float32Array',
          'Float64Array',
          'BigInt64Array',
          'BigUint64Array',
        ];
        names.forEach((name, i) => {
          for (let at = 0; at <= name.length; at++)
            store8(0x2100_0000_0000 + i * 32 + at, at < name.length ? name.charCodeAt(at) : 0);
          storeInt(simulated().classes + (18 + i) * 40 + 24, 0x2100_0000_0000 + i * 32);
        });
        const whole = bytes.slice(0, bytes.length - (bytes.length % 8));
        const models = [
          whole.buffer,
          new DataView(whole.buffer),
          new Int8Array(whole.buffer),
          whole,
          new Uint8ClampedArray(whole.buffer),
          new Int16Array(whole.buffer),
          new Uint16Array(whole.buffer),
          new Int32Array(whole.buffer),
          new Uint32Array(whole.buffer),
          new Float32Array(whole.buffer),
          new Float64Array(whole.buffer),
          new BigInt64Array(whole.buffer),
          new BigUint64Array(whole.buffer),
        ];
        models.forEach((model, i) => {
          const view = makeOwnedView(21, whole.length);
          whole.forEach((byte, at) => {
            store8(loadInt(view + 16) + at, byte);
          });
          store32(view, 18 + i);
          assert.is(text(view), inspect(model), names[i]);
          if (i >= 2) assert.is(wordText(view), String(model));
        });
      },
    ),
    { numRuns: 200 },
  );
});

test('String() of any value', () => {
  fc.assert(
    fc.property(fc.oneof(leaf, fc.array(fc.oneof(leaf, fc.array(leaf)))), (v) => {
      simulateHeap();
      assert.is(wordText(new Builder().word(v)), String(v));
    }),
    { numRuns: 500 },
  );
  simulateHeap();
  assert.is(wordText(new Builder().word(new Point(1))), '[object Object]');
});

test.run();
