/** Rounding and remainders against JavaScript's. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as rounding from '../../runtime/numbers/rounding.js';

const near = fc
  .tuple(
    fc.integer({ min: -1000, max: 1000 }),
    fc.constantFrom(0, 0.5, 0.49999999999999994, 0.25, 1e-9),
  )
  .map(([n, d]) => n + d);
const value = fc.oneof(
  fc.double(),
  near,
  fc.maxSafeInteger(),
  fc.constantFrom(0.49999999999999994, -0.5, 0.5, 1.5, 2.5, -1.5, 5e-324, 1e-310, 1.7e308),
);

function same(mine: number, theirs: number, what: string): void {
  // The sign of zero is not kept: results become ints.
  assert.ok(
    mine === theirs || (Number.isNaN(mine) && Number.isNaN(theirs)),
    `${what}: ${mine}, not ${theirs}`,
  );
}

test('floor, ceil, round, trunc, sign', () => {
  fc.assert(
    fc.property(value, (v) => {
      same(rounding.mathFloor(v), Math.floor(v), `floor ${v}`);
      same(rounding.mathCeil(v), Math.ceil(v), `ceil ${v}`);
      same(rounding.mathRound(v), Math.round(v), `round ${v}`);
      same(rounding.mathTrunc(v), Math.trunc(v), `trunc ${v}`);
      same(rounding.mathSign(v), Math.sign(v), `sign ${v}`);
    }),
    { numRuns: 3000 },
  );
});

test('remainders are exact', () => {
  fc.assert(
    fc.property(value, value, (a, b) => {
      const mine = rounding.floatRemainder(a, b);
      assert.ok(Object.is(mine, a % b), `${a} % ${b}: ${mine}, not ${a % b}`);
    }),
    { numRuns: 5000 },
  );
});

test.run();
