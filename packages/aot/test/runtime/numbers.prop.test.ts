/** Numbers to text and back, against JavaScript. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  floatToString,
  numberToExponential,
  numberToFixed,
  numberToPrecision,
} from '../../runtime/numbers/floats.js';
import {
  bigFromString,
  i64ToString,
  numberToString,
  u64ToString,
} from '../../runtime/numbers/integers.js';
import { numberFromString, parseDouble, parseInteger } from '../../runtime/numbers/parse.js';
import { simulateHeap } from './simulation.js';

function fromBits(bits: bigint): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}
const anyBits = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(fromBits);
const nearPower = fc
  .tuple(fc.integer({ min: -1074, max: 1023 }), fc.integer({ min: -2, max: 2 }))
  .map(([e, d]) =>
    fromBits(
      BigInt.asUintN(
        64,
        new DataView(new Float64Array([2 ** e]).buffer).getBigUint64(0, true) + BigInt(d),
      ),
    ),
  );
const decimal = fc
  .tuple(fc.integer({ min: -99999, max: 99999 }), fc.integer({ min: -30, max: 30 }))
  .map(([m, e]) => Number(`${m}e${e}`));
const float = fc.oneof(anyBits, nearPower, decimal, fc.double(), fc.maxSafeInteger());

test('integers in every radix', () => {
  simulateHeap();
  fc.assert(
    fc.property(
      fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -300, max: 300 })),
      fc.integer({ min: 2, max: 36 }),
      (n, radix) => {
        assert.is(numberToString(n), String(n));
        assert.is(numberToString(n, radix), n.toString(radix));
      },
    ),
    { numRuns: 1000 },
  );
});

test('words in every radix, and back', () => {
  simulateHeap();
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.integer({ min: 2, max: 36 }),
      (word, radix) => {
        assert.is(u64ToString(word), String(word));
        assert.is(u64ToString(word, radix), word.toString(radix));
        assert.is(i64ToString(word), String(BigInt.asIntN(64, word)));
        assert.is(bigFromString(String(word)), word);
        assert.is(bigFromString(` 0x${word.toString(16)}\n`), word);
        assert.is(
          BigInt.asIntN(64, bigFromString(String(BigInt.asIntN(64, word)))),
          BigInt.asIntN(64, word),
        );
      },
    ),
    { numRuns: 500 },
  );
  for (const text of ['1.5', '-', '0x', '-0x1', '1n', 'a'])
    assert.throws(() => bigFromString(text), text);
  assert.is(bigFromString(''), 0n);
});

test('the shortest digits of any double', () => {
  simulateHeap();
  fc.assert(
    fc.property(float, (value) => assert.is(floatToString(value), String(value))),
    { numRuns: 4000 },
  );
  for (const value of [
    5e-324,
    1.7976931348623157e308,
    2.2250738585072014e-308,
    1e21,
    1e-7,
    123456789012345680000,
    0.1 + 0.2,
    -0,
  ]) {
    assert.is(floatToString(value), String(value));
  }
});

test('fixed, exponential and precision', () => {
  simulateHeap();
  fc.assert(
    fc.property(float, fc.nat(20), (value, digits) => {
      assert.is(numberToFixed(value, digits), value.toFixed(digits));
      assert.is(numberToExponential(value), value.toExponential());
      assert.is(numberToExponential(value, digits), value.toExponential(digits));
      assert.is(numberToPrecision(value, digits + 1), value.toPrecision(digits + 1));
    }),
    { numRuns: 3000 },
  );
  for (const [value, digits] of [
    [1.005, 2],
    [0.5, 0],
    [1.5, 0],
    [2.5, 0],
    [0.05, 1],
    [0.000001, 7],
    [1e-10, 2],
    [123.456, 0],
    [0, 2],
    [-0.0000001, 2],
  ] as const) {
    assert.is(numberToFixed(value, digits), value.toFixed(digits));
  }
});

test('reading back gives the same double', () => {
  simulateHeap();
  fc.assert(
    fc.property(float, fc.nat(25), (value, digits) => {
      if (value !== 0) assert.ok(Object.is(numberFromString(String(value)), value), String(value));
      const text = Number.isFinite(value) ? value.toExponential(digits) : String(value);
      assert.ok(Object.is(numberFromString(text), Number(text)), text);
      assert.ok(Object.is(parseDouble(`${text}px`), parseFloat(`${text}px`)), text);
    }),
    { numRuns: 3000 },
  );
});

test('halfway cases, long digits and the edges of the exponent', () => {
  simulateHeap();
  const cases = [
    '9007199254740993',
    '9007199254740992.5',
    '9007199254740993.00000000000000000000000000000000000000000000001',
    `0.${'0'.repeat(400)}1e400`,
    `1${'0'.repeat(900)}e-900`,
    `2.4703282292062327208299439634110764786${'0'.repeat(800)}e-324`,
    '2.4703282292062328e-324',
    '2.4703282292062327e-324',
    '1.7976931348623158e308',
    '1.7976931348623159e308',
    '2.2250738585072011e-308',
    '1e309',
    '1e-400',
    '1e999999999999',
    '-1e-999999999999',
    '4.9e-324',
    `${'9'.repeat(1000)}`,
    `0.${'9'.repeat(1000)}`,
    `8.${'5'.repeat(790)}`,
  ];
  for (const text of cases)
    assert.ok(Object.is(numberFromString(text), Number(text)), text.slice(0, 60));
});

test('what is a literal and what is not', () => {
  simulateHeap();
  const odd = [
    '',
    ' ',
    '\n12 ',
    '1.',
    '.5',
    '.',
    '-',
    '+5',
    '--5',
    '1e',
    '1e+',
    '0x1F',
    '0b101',
    '0o17',
    '0x',
    '0xg',
    '-0x10',
    '1_000',
    'Infinity',
    '-Infinity',
    '+Infinity',
    'infinity',
    'Infinityx',
    '12px',
    '1.2.3',
    '1e5.5',
    '٣',
    'NaN',
    '-0',
    '00012',
    '0.0000',
  ];
  for (const text of odd) {
    assert.ok(Object.is(numberFromString(text), Number(text)), `Number(${text})`);
    assert.ok(Object.is(parseDouble(text), parseFloat(text)), `parseFloat(${text})`);
    for (const radix of [undefined, 2, 8, 10, 16, 36, 1, 37]) {
      const mine = radix === undefined ? parseInteger(text) : parseInteger(text, radix);
      const theirs = parseInt(text, radix);
      assert.ok(
        mine === theirs || (Number.isNaN(mine) && Number.isNaN(theirs)),
        `parseInt(${text}, ${radix})`,
      );
    }
  }
});

test('parseInt of numbers of any size', () => {
  simulateHeap();
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }),
      fc.constantFrom(2, 4, 8, 10, 16, 32),
      (big, radix) => {
        const text = big.toString(radix);
        assert.is(parseInteger(text, radix), parseInt(text, radix), text);
      },
    ),
    { numRuns: 500 },
  );
});

test.run();
