/** Compiles test/native/threads.ts for the bare machine and runs it under QEMU. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const tools = ['clang', 'ld.lld', 'qemu-system-x86_64'];
const missing = tools.filter((tool) => spawnSync(tool, ['--version']).status !== 0);

const test = suite('sched: threads on a machine');
if (missing.length > 0) {
  console.error(`SKIPPED sched native threads: install ${missing.join(', ')}`);
  test.skip(`not run: ${missing.join(', ')} missing`, () => {});
} else {
  test('switches, sleeps, locks, ends and collections on real stacks', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tessera-sched-'));
    const image = join(folder, 'threads.elf');
    const compiler = [
      '--conditions=@tessera/source',
      '--import',
      'tsx',
      here('../../aot/src/cli.ts'),
    ];
    const built = spawnSync(
      process.execPath,
      [...compiler, here('./native/threads.ts'), '-o', image, '--target', 'freestanding'],
      { encoding: 'utf8', cwd: here('..') },
    );
    assert.is(built.status, 0, built.stderr);
    const options = '-M microvm,acpi=off -m 32 -accel tcg -nodefaults -display none -serial stdio';
    const run = spawnSync(
      'qemu-system-x86_64',
      [...options.split(' '), '-no-reboot', '-kernel', image],
      { encoding: 'utf8', timeout: 60_000, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    rmSync(folder, { recursive: true });
    assert.match(run.stdout, 'threads: end', run.stdout + run.stderr);
    assert.not.match(run.stdout, 'FAILED');
    assert.is(run.stdout.split('\n').filter((line) => line.startsWith('ok ')).length, 6);
  });
}
test.run();
