/** Compiles test/native/walk.ts to a Linux program and compares its output with Node's, line by line. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const tools = ['clang', 'ld.lld'];
const missing = tools.filter((tool) => spawnSync(tool, ['--version']).status !== 0);
const node = ['--conditions=@tessera/source', '--import', 'tsx'];

const test = suite('pci: compiled as in Node');
if (missing.length > 0) {
  console.error(`SKIPPED pci native digest: install ${missing.join(', ')}`);
  test.skip(`not run: ${missing.join(', ')} missing`, () => {});
} else {
  test('enumeration, BARs, capabilities, MCFG: one digest', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tessera-pci-'));
    const program = join(folder, 'walk');
    const source = here('./native/walk.ts');
    const compile = [...node, here('../../aot/src/cli.ts'), source, '-o', program];
    const built = spawnSync(process.execPath, compile, { encoding: 'utf8', cwd: here('..') });
    assert.is(built.status, 0, built.stderr);
    const native = spawnSync(program, [], { encoding: 'utf8', timeout: 60_000 });
    rmSync(folder, { recursive: true });
    const script = `import(${JSON.stringify(source)}).then((m) => m.main(0))`;
    const host = spawnSync(process.execPath, [...node, '-e', script], { encoding: 'utf8' });
    assert.is(host.status, 0, host.stderr);
    assert.ok(host.stdout.length > 0);
    assert.is(native.stdout, host.stdout, native.stderr);
    assert.is(native.status, 0, native.stderr);
  });
}
test.run();
