/** Compiles the collector's stress program for the process target and runs it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../src/index.js';

for (const profile of ['dev', 'release'] as const) {
  test(`collections while everything changes, ${profile} profile`, async () => {
    const outDir = mkdtempSync(join(tmpdir(), 'tessera-gc-stress-'));
    try {
      const entry = fileURLToPath(new URL('./gc-stress.ts', import.meta.url));
      const { elf } = await compile({ entry, target: 'process', outDir, profile });
      assert.is(execFileSync(elf, { encoding: 'utf8' }), 'ok\n');
    } finally {
      rmSync(outDir, { recursive: true });
    }
  });
}

test.run();
