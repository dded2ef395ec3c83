/** Elementary functions: within one last place of V8's, which is as far as two good libraries differ; exact where it must be. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as mine from '../../runtime/numbers/elementary.js';

function ulps(a: number, b: number): number {
  if (Object.is(a, b) || a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return Infinity;
  const view = new DataView(new ArrayBuffer(16));
  view.setFloat64(0, Math.abs(a));
  view.setFloat64(8, Math.abs(b));
  return Math.sign(a) !== Math.sign(b)
    ? Infinity
    : Math.abs(Number(view.getBigInt64(0) - view.getBigInt64(8)));
}

const any = fc.oneof(
  fc.double({ min: -50, max: 50 }),
  fc.double({ min: -1, max: 1 }),
  fc.double(),
  fc.integer({ min: -20, max: 20 }),
);
const angle = fc.oneof(
  fc.double({ min: -100, max: 100 }),
  fc.double({ min: -1e6, max: 1e6 }),
  fc.integer({ min: -1000, max: 1000 }),
);

const functions: [
  string,
  fc.Arbitrary<number>,
  (x: number) => number,
  (x: number) => number,
  number,
][] = [
  ['exp', any, mine.mathExp, Math.exp, 1],
  ['expm1', any, mine.mathExpm1, Math.expm1, 2],
  ['log', any, mine.mathLog, Math.log, 1],
  ['log1p', any, mine.mathLog1p, Math.log1p, 2],
  ['log2', any, mine.mathLog2, Math.log2, 1],
  ['log10', any, mine.mathLog10, Math.log10, 1],
  ['sin', angle, mine.mathSin, Math.sin, 1],
  ['cos', angle, mine.mathCos, Math.cos, 1],
  ['tan', angle, mine.mathTan, Math.tan, 1],
  ['atan', any, mine.mathAtan, Math.atan, 1],
  ['asin', any, mine.mathAsin, Math.asin, 1],
  ['acos', any, mine.mathAcos, Math.acos, 1],
  ['sinh', any, mine.mathSinh, Math.sinh, 3],
  ['cosh', any, mine.mathCosh, Math.cosh, 3],
  ['tanh', any, mine.mathTanh, Math.tanh, 3],
  ['cbrt', any, mine.mathCbrt, Math.cbrt, 1],
];

for (const [name, argument, ours, theirs, allowed] of functions) {
  test(name, () => {
    fc.assert(
      fc.property(argument, (x) => {
        const distance = ulps(ours(x), theirs(x));
        assert.ok(distance <= allowed, `${name}(${x}) = ${ours(x)}, V8 has ${theirs(x)}`);
      }),
      { numRuns: 300 },
    );
  });
}

test('pow, atan2, hypot', () => {
  fc.assert(
    fc.property(any, any, fc.integer({ min: -30, max: 40 }), (x, y, n) => {
      assert.ok(
        ulps(mine.mathPow(x, n), x ** n) <= 1,
        `${x} ** ${n} = ${mine.mathPow(x, n)}, V8 has ${x ** n}`,
      );
      assert.ok(
        ulps(mine.mathPow(x, y), x ** y) <= 1,
        `${x} ** ${y} = ${mine.mathPow(x, y)}, V8 has ${x ** y}`,
      );
      assert.ok(
        ulps(mine.mathAtan2(x, y), Math.atan2(x, y)) <= 1,
        `atan2(${x}, ${y}) = ${mine.mathAtan2(x, y)}, V8 has ${Math.atan2(x, y)}`,
      );
      assert.ok(ulps(mine.mathHypot(x, y), Math.hypot(x, y)) <= 2, `hypot(${x}, ${y})`);
    }),
    { numRuns: 500 },
  );
});

test('exact results are exact', () => {
  for (let i = 0; i <= 300; i++) assert.is(mine.mathPow(2, i), 2 ** i);
  for (let i = 0; i <= 22; i++) assert.is(mine.mathPow(10, i), 10 ** i);
  for (let i = 1; i <= 100; i++) {
    assert.is(mine.mathCbrt(i * i * i), i);
    assert.is(mine.mathLog2(2 ** i), i);
    assert.is(mine.mathLog10(10 ** (i % 23)), i % 23);
    assert.is(mine.mathHypot(3 * i, 4 * i), 5 * i);
  }
  assert.is(mine.mathExp(0), 1);
  assert.is(mine.mathPow(0, -1), Infinity);
  assert.is(mine.mathPow(-2, 3), -8);
});

test.run();
