/** The string functions against those of JavaScript, over one-byte and two-byte strings in the simulated heap. */
import { load32 } from '@tessera/machine';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { stringAddress } from '../../runtime/primitives.js';
import * as build from '../../runtime/strings/build.js';
import * as order from '../../runtime/strings/compare.js';
import * as search from '../../runtime/strings/search.js';
import * as transform from '../../runtime/strings/transform.js';
import { simulateHeap } from './simulation.js';

const unit = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0x61, max: 0x64 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 0xff }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(0x20, 0x0a, 0xa0, 0xfeff, 0x2003, 0x20ac, 0xd83d, 0xde00, 0x24),
  },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffff }) },
);
const text = fc.array(unit, { maxLength: 24 }).map((units) => String.fromCharCode(...units));
const part = fc.array(unit, { maxLength: 3 }).map((units) => String.fromCharCode(...units));
const index = fc.integer({ min: -30, max: 30 });

function check<T extends unknown[]>(
  name: string,
  arbitraries: { [K in keyof T]: fc.Arbitrary<T[K]> },
  same: (...args: T) => void,
): void {
  test(name, () => {
    simulateHeap();
    fc.assert(
      fc.property(...(arbitraries as unknown as [fc.Arbitrary<unknown>]), (...args: unknown[]) =>
        same(...(args as T)),
      ),
      { numRuns: 300 },
    );
  });
}

check<[string, string]>('concat', [text, text], (a, b) =>
  assert.is(build.stringConcat(a, b), a + b),
);
check<[string[], string]>('join', [fc.array(text, { maxLength: 6 }), part], (parts, between) => {
  assert.is(build.arrayJoin(parts, between), parts.join(between));
});
check<[string, string]>('equality, order and hashes', [text, text], (a, b) => {
  assert.is(order.stringEquals(a, b), a === b);
  assert.ok(order.stringEquals(a, build.stringConcat(a.slice(0, 3), a.slice(3))));
  assert.is(Math.sign(order.stringCompare(a, b)), a < b ? -1 : a > b ? 1 : 0);
  assert.is(order.stringHash(a), order.stringHash(build.stringConcat(a.slice(0, 5), a.slice(5))));
  assert.ok(order.stringHash(a) > 0 && order.stringHash(a) < 2 ** 32);
});
check<[string, string, number]>('search', [text, part, index], (a, b, i) => {
  assert.is(search.stringIndexOf(a, b, i), a.indexOf(b, i));
  assert.is(search.stringLastIndexOf(a, b), a.lastIndexOf(b));
  assert.is(search.stringLastIndexOf(a, b, i), a.lastIndexOf(b, i));
  assert.is(search.stringIncludes(a, b, i), a.includes(b, i));
  assert.is(search.stringStartsWith(a, b, i), a.startsWith(b, i));
  assert.is(search.stringEndsWith(a, b, i), a.endsWith(b, i));
  assert.is(search.stringStartsWith(a, b), a.startsWith(b));
  assert.is(search.stringEndsWith(a, b), a.endsWith(b));
});
check<[string, number, number]>('parts', [text, index, index], (a, i, j) => {
  assert.is(search.stringSlice(a, i, j), a.slice(i, j));
  assert.is(search.stringSlice(a, i), a.slice(i));
  assert.is(search.stringSubstring(a, i, j), a.substring(i, j));
  assert.is(search.stringSubstr(a, i, j), a.substr(i, j));
  assert.is(search.stringCharAt(a, i), a.charAt(i));
  assert.is(search.stringAtMethod(a, i), a.at(i));
  if (i >= 0 && i < a.length) {
    assert.is(search.stringCharCodeAt(a, i), a.charCodeAt(i));
    assert.is(search.stringCodePointAt(a, i), a.codePointAt(i));
    assert.is(search.stringAt(a, i), a[i]);
  } else {
    assert.throws(() => search.stringCharCodeAt(a, i));
  }
});
check<[string, number, string]>('repeat and pad', [part, fc.nat(20), part], (a, n, b) => {
  assert.is(build.stringRepeat(a, n), a.repeat(n));
  assert.is(build.stringPadStart(a, n, b), a.padStart(n, b));
  assert.is(build.stringPadEnd(a, n, b), a.padEnd(n, b));
  assert.is(build.stringPadStart(a, n), a.padStart(n));
});
check<[string]>('trim', [text], (a) => {
  assert.is(transform.stringTrim(a), a.trim());
  assert.is(transform.stringTrimStart(a), a.trimStart());
  assert.is(transform.stringTrimEnd(a), a.trimEnd());
});
check<[string, string, number]>('split', [text, part, fc.nat(5)], (a, b, n) => {
  assert.equal(transform.stringSplit(a, b), a.split(b));
  assert.equal(transform.stringSplit(a, b, n), a.split(b, n));
});
const pattern = fc.array(fc.oneof(part, fc.constantFrom('$$', '$&', '$`', "$'", '$', '$x')), {
  maxLength: 4,
});
check<[string, string, string[]]>('replace', [text, part, pattern], (a, b, c) => {
  assert.is(transform.stringReplace(a, b, c.join('')), a.replace(b, c.join('')));
  assert.is(transform.stringReplaceAll(a, b, c.join('')), a.replaceAll(b, c.join('')));
});
check<[number]>('codes', [fc.integer({ min: 0, max: 0x10ffff })], (code) => {
  assert.is(build.stringFromCodePoint(code), String.fromCodePoint(code));
  assert.is(build.stringFromCharCode(code), String.fromCharCode(code));
});
check<[string]>('walking by code points', [text], (a) => {
  const points: string[] = [];
  for (let i = 0; i < a.length; ) {
    const end = transform.stringCodePointEnd(a, i);
    points.push(a.slice(i, end));
    i = end;
  }
  assert.equal(points, [...a]);
});

test('case of every letter in the supported blocks', () => {
  simulateHeap();
  const blocks: [number, number][] = [
    [0, 0x17f],
    [0x386, 0x386],
    [0x388, 0x38a],
    [0x38c, 0x38c],
    [0x38e, 0x38f],
    [0x391, 0x3a9],
    [0x3ac, 0x3af],
    [0x3b1, 0x3c9],
    [0x3cc, 0x3ce],
    [0x400, 0x45f],
  ];
  for (const [from, to] of blocks) {
    for (let code = from; code <= to; code++) {
      const letter = String.fromCharCode(code);
      // The two that become several units; documented in transform.ts.
      if (code !== 0x149)
        assert.is(transform.stringToUpperCase(letter), letter.toUpperCase(), code.toString(16));
      if (code !== 0x130)
        assert.is(transform.stringToLowerCase(letter), letter.toLowerCase(), code.toString(16));
    }
  }
  assert.is(transform.stringToUpperCase('Straße, ÿ'), 'STRASSE, Ÿ');
});

test('a string whose units fit a byte is stored in bytes', () => {
  simulateHeap();
  const wide = 'ab€cd';
  assert.is(load32(stringAddress(wide)), 2);
  assert.ok(order.stringEquals(search.stringSlice(wide, 0, 2), 'ab'));
});

test('lengths beyond the limit throw', () => {
  simulateHeap();
  assert.throws(() => build.stringRepeat('ab', 2 ** 29), /Invalid string length/);
  assert.throws(() => build.stringRepeat('ab', -1), /Invalid count value: -1/);
});

test.run();
