import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatManifest, parseManifest } from '../src/jar/manifest.js';

const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,30}$/);
const value = fc
  .string({ unit: 'grapheme', maxLength: 200 })
  .filter((text) => !/[\r\n\0]/.test(text));

test('a manifest that is written is read back, whatever the lengths of its lines', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 12 }), (pairs) => {
      const main = new Map(pairs.map(([key, text]) => [key.toLowerCase(), text]));
      const text = formatManifest(main);
      for (const line of text.split('\r\n')) assert.ok(Buffer.byteLength(line) <= 72);
      assert.equal([...parseManifest(text)], [...main]);
    }),
  );
});

test('no text makes the reader throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => parseManifest(text) instanceof Map),
  );
});

test('continuation lines, either line end, sections after the main one', () => {
  const main = parseManifest(
    'Main-Class: a.b.\n C\nMULTI-RELEASE: true\n\nName: x\nMain-Class: no\n',
  );
  assert.is(main.get('main-class'), 'a.b.C');
  assert.is(main.get('multi-release'), 'true');
});

test.run();
