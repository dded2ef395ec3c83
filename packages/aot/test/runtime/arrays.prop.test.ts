/** Array functions against JavaScript's methods. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as change from '../../runtime/arrays/change.js';
import * as derive from '../../runtime/arrays/derive.js';
import * as sort from '../../runtime/arrays/sort.js';
import { simulateHeap } from './simulation.js';

const array = fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 40 });
const index = fc.integer({ min: -45, max: 45 });
const odd = (n: number): boolean => n % 2 !== 0;

test('methods that change the array', () => {
  fc.assert(
    fc.property(array, index, index, array, (a, i, j, items) => {
      const same = (mine: (x: number[]) => unknown, theirs: (x: number[]) => unknown): void => {
        const x = [...a];
        const y = [...a];
        assert.equal(mine(x), theirs(y));
        assert.equal(x, y);
      };
      same(
        (x) => change.arrayPop(x),
        (x) => x.pop(),
      );
      same(
        (x) => change.arrayShift(x),
        (x) => x.shift(),
      );
      same(
        (x) => change.arrayUnshift(x, 7),
        (x) => x.unshift(7),
      );
      same(
        (x) => change.arraySplice(x, i, j, items),
        (x) => x.splice(i, j, ...items),
      );
      same(
        (x) => change.arraySplice(x, i),
        (x) => x.splice(i),
      );
      same(
        (x) => change.arrayReverse(x),
        (x) => x.reverse(),
      );
      same(
        (x) => change.arrayFill(x, 5, i, j),
        (x) => x.fill(5, i, j),
      );
      same(
        (x) => change.arrayCopyWithin(x, i, j),
        (x) => x.copyWithin(i, j),
      );
      same(
        (x) => change.arrayCopyWithin(x, i, j, 12),
        (x) => x.copyWithin(i, j, 12),
      );
      same(
        (x) => change.arrayPushAll(x, items),
        (x) => x.push(...items),
      );
      same(
        (x) => change.arrayIndexOf(x, 3, i),
        (x) => x.indexOf(3, i),
      );
      same(
        (x) => change.arrayLastIndexOf(x, 3),
        (x) => x.lastIndexOf(3),
      );
      same(
        (x) => change.arrayIncludes(x, 3, i),
        (x) => x.includes(3, i),
      );
    }),
    { numRuns: 400 },
  );
});

test('methods that derive', () => {
  fc.assert(
    fc.property(array, index, index, array, (a, i, j, b) => {
      assert.equal(derive.arraySlice(a, i, j), a.slice(i, j));
      assert.equal(derive.arraySlice(a), a.slice());
      assert.equal(derive.arrayConcat(a, b), a.concat(b));
      assert.is(derive.arrayAt(a, i), a.at(i));
      assert.equal(
        derive.arrayMap(a, (x, k) => `${x}/${k}`),
        a.map((x, k) => `${x}/${k}`),
      );
      assert.equal(derive.arrayFilter(a, odd), a.filter(odd));
      assert.is(
        derive.arrayReduce(a, (s, x, k) => s * 3 + x - k, 1),
        a.reduce((s, x, k) => s * 3 + x - k, 1),
      );
      assert.is(
        derive.arrayReduceRight(a, (s, x) => s * 3 + x, 1),
        a.reduceRight((s, x) => s * 3 + x, 1),
      );
      assert.is(
        derive.arraySome(a, (x) => x === i),
        a.some((x) => x === i),
      );
      assert.is(
        derive.arrayEvery(a, (x) => x !== i),
        a.every((x) => x !== i),
      );
      assert.is(derive.arrayFind(a, odd), a.find(odd));
      assert.is(derive.arrayFindIndex(a, odd), a.findIndex(odd));
      assert.is(derive.arrayFindLast(a, odd), a.findLast(odd));
      assert.is(derive.arrayFindLastIndex(a, odd), a.findLastIndex(odd));
      assert.equal(derive.arrayFlat<number[], number>([a, b, a]), [a, b, a].flat());
      assert.equal(
        derive.arrayFlatMap(a, (x) => [x, x + 1]),
        a.flatMap((x) => [x, x + 1]),
      );
      assert.equal(derive.arrayEntries(a), [...a.entries()]);
      assert.equal(derive.arrayKeys(a), [...a.keys()]);
      const seen: number[] = [];
      derive.arrayForEach(a, (x) => seen.push(x));
      assert.equal(seen, a);
    }),
    { numRuns: 400 },
  );
});

test('sorting is stable and n log n', () => {
  simulateHeap();
  const pair = fc.tuple(fc.integer({ min: 0, max: 12 }), fc.nat());
  fc.assert(
    fc.property(fc.array(pair, { maxLength: 300, size: 'max' }), (a) => {
      let compared = 0;
      const by = (x: [number, number], y: [number, number]): number => {
        compared++;
        return x[0] - y[0];
      };
      const copy = [...a];
      assert.is(sort.arraySort(copy, by), copy);
      assert.ok(
        compared <= a.length * (Math.log2(a.length + 1) + 7),
        `${compared} comparisons of ${a.length}`,
      );
      assert.equal(
        copy,
        [...a].sort((x, y) => x[0] - y[0]),
      );
      assert.equal(sort.arrayToReversed(a), [...a].reverse());
    }),
  );
  assert.equal(sort.arraySortByText([10, 9, 1, 100, 25]), [10, 9, 1, 100, 25].sort());
  assert.equal(
    sort.arrayToSorted([3, 1, 2], (a, b) => b - a),
    [3, 2, 1],
  );
});

test.run();
