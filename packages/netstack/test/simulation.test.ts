import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { simulate } from './simulation.js';

// 50 seeds here; `npm run simulate -w packages/netstack` runs a thousand, and `-- FIRST LAST BYTES` any others.
test('1 MB both ways at once under loss, reordering, duplication and corruption: byte-exact and terminating', () => {
  for (let seed = 1; seed <= 50; seed++) assert.is(simulate(seed, 1_000_000).failure, undefined);
});

test('the same seed replays exactly', () => {
  for (const seed of [3, 11]) {
    const first = simulate(seed, 100_000);
    const second = simulate(seed, 100_000);
    assert.equal(second, first);
    assert.ok(first.segments > 100);
  }
});

test.run();
