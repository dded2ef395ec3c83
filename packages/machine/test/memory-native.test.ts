/** memory.S against byte loops, with the host's C library beside it under other names. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const here = fileURLToPath(new URL('.', import.meta.url));

test('memcpy, memmove, memset and memcmp of every small size, alignment and overlap', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-memory-'));
  try {
    const names = ['memcpy', 'memmove', 'memset', 'memcmp'].map((name) => `-D${name}=test_${name}`);
    const object = join(folder, 'memory.o');
    const program = join(folder, 'check');
    execFileSync('clang', ['-c', ...names, join(here, '../native/memory.S'), '-o', object]);
    execFileSync('clang', [
      '-O1',
      '-fno-builtin',
      join(here, 'native/memory-check.c'),
      object,
      '-o',
      program,
    ]);
    assert.is(execFileSync(program, { encoding: 'utf8' }), 'ok\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();
