import { build } from 'esbuild';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Transfer } from '../../../examples/netstack-lossy-link/simulation.js';

const folder = new URL('../../../examples/netstack-lossy-link/', import.meta.url).pathname;

test('example: the window follows the loss', () => {
  const clean = new Transfer('cubic');
  const lossy = new Transfer('cubic');
  lossy.faults.lossPercent = 10;
  const a = clean.advance(20_000_000);
  const b = lossy.advance(20_000_000);
  // 20 Mbit/s for 20 s are 50 MB; a clean link is nearly full, a bad one far from it but alive.
  assert.ok(a.receivedBytes > 40_000_000, `${a.receivedBytes}`);
  assert.ok(
    b.receivedBytes > 500_000 && b.receivedBytes < a.receivedBytes / 4,
    `${b.receivedBytes}`,
  );
  assert.ok(b.retransmitted > 10);
});

test('example and browser door bundle for a browser without anything of Node', async () => {
  const entries = [
    `${folder}main.ts`,
    new URL('../src/browser/index.ts', import.meta.url).pathname,
  ];
  for (const entry of entries) {
    const result = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      platform: 'browser',
      format: 'iife',
      conditions: ['@tessera/source'],
      logLevel: 'silent',
    });
    assert.is(result.errors.length, 0);
    assert.ok(result.outputFiles[0].contents.length > 10_000);
  }
});

test.run();
