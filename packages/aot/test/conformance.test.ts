// Every program of conformance/ prints natively what it prints in Node. TESSERA_PROFILE=release runs the other profile.
import * as path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { programsIn, runBatch } from './harness.js';

/** Programs that the compiler refuses so far, with the diagnostic: a change either way must change this list. */
const refused: ReadonlyMap<string, number> = new Map([
  ['array-of-floats', 210],
  ['generator-basic', 200],
  ['generator-state', 200],
  ['generic-default-linked-list', 200],
  ['generic-function', 210],
]);

const folder = path.join(import.meta.dirname, 'conformance');
const profile = process.env['TESSERA_PROFILE'] === 'release' ? 'release' : 'dev';
const result = await runBatch(programsIn(folder), profile);

test('the batch ran to its end', () => {
  assert.is(result.error, '');
  assert.ok(result.expected.size >= 120);
});

test('exactly the known programs are refused, each with its number', () => {
  const actual = [...result.refused].map(([name, list]) => [name, list[0]!.code]);
  assert.equal(new Map(actual as [string, number][]), new Map(refused));
});

for (const [name, text] of result.expected) {
  if (refused.has(name)) continue;
  test(`${name} prints what Node prints`, () => {
    assert.is(result.actual.get(name), text);
  });
}

test.run();
