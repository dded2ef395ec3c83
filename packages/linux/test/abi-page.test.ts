import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { abiPage } from '../src/testing/abi-page.js';

test('docs/linux-abi.md is what the table says', () => {
  const path = new URL('../../../docs/linux-abi.md', import.meta.url);
  assert.is(readFileSync(path, 'utf8'), abiPage(), 'run: npm run abi -w packages/linux');
});

test.run();
