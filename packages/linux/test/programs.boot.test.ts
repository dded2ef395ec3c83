/**
 * The same programs in a real image under QEMU: output, stderr and status as on Linux. Minutes on a busy machine; the kernel
 * is compiled first if it is not in the cache. Run by `npm run test:boot -w packages/linux`.
 */
import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('programs in an image');
const folder = mkdtempSync(join(tmpdir(), 'tessera-boot-'));
test.after(() => rmSync(folder, { recursive: true }));
const cli = fileURLToPath(new URL('../../cli/src/tessera.ts', import.meta.url));
const SIGNALS: Record<string, number> = { SIGSEGV: 139, SIGABRT: 134, SIGFPE: 136, SIGILL: 132 };
const missing = ['qemu-system-x86_64', 'clang', 'ld.lld', 'gcc'].filter(
  (tool) => spawnSync(tool, ['--version']).status !== 0,
);

function tessera(argv: string[], input = ''): SpawnSyncReturns<string> {
  const node = ['--conditions=@tessera/source', '--import', 'tsx', cli, 'run', '--', ...argv];
  return spawnSync(process.execPath, node, {
    input,
    encoding: 'latin1',
    timeout: 300_000,
    maxBuffer: 1 << 26,
  });
}

/** Kernel messages about a death are no output of the program. */
function ownErrors(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('tessera: '))
    .join('\n');
}

function same(path: string, argv: string[], input = ''): void {
  const here = tessera([path, ...argv], input);
  const linux = spawnSync(path, argv, {
    input,
    encoding: 'latin1',
    env: { PATH: '/bin', HOME: '/root' },
  });
  const label = [path, ...argv].join(' ');
  assert.is(here.stdout, linux.stdout, label + '\n' + here.stderr);
  assert.is(ownErrors(here.stderr), linux.stderr, label);
  assert.is(here.status, linux.status ?? SIGNALS[linux.signal ?? ''], label);
}

if (missing.length > 0) {
  console.error('SKIPPED programs in an image: install ' + missing.join(', '));
  test.skip('not run', () => {});
} else {
  const build = (name: string, compiler: string, ...flags: string[]): string => {
    const out = join(folder, `${name}-${compiler}${flags.join('')}`.replaceAll('/', '_'));
    const source = fileURLToPath(new URL(`./programs/${name}.c`, import.meta.url));
    execFileSync(compiler, ['-O1', '-w', '-pthread', ...flags, '-o', out, source]);
    return out;
  };
  if (existsSync('/bin/busybox')) {
    test('busybox', () => {
      const text = 'b 2\na 10\nc 1\n'.repeat(100);
      same('/bin/busybox', ['echo', 'hi']);
      same('/bin/busybox', ['sh', '-c', 'exit 7']);
      same('/bin/busybox', ['sort', '-k2n'], text);
      same('/bin/busybox', ['sha256sum'], text);
      same('/bin/busybox', ['awk', '{ s += $2 } END { print s, NR, 1/3 }'], text);
    });
  }
  const compilers: [string, ...string[]][] = [
    ['gcc', '-static'],
    ['gcc', '-static-pie', '-fPIE'],
    ['gcc'],
  ];
  if (spawnSync('musl-gcc', ['--version']).status === 0) compilers.push(['musl-gcc', '-static']);
  else console.error('SKIPPED musl-gcc: not installed');
  for (const [compiler, ...flags] of compilers) {
    test([compiler, ...flags].join(' '), () => {
      const features = build('features', compiler, ...flags);
      for (const what of [
        'hello',
        'signals',
        'memory',
        'files',
        'time',
        'null',
        'abort',
        'divide',
        'invalid',
      ]) {
        same(features, [what]);
        rmSync('/tmp/third', { force: true });
      }
      same(features, ['status', '7']);
      same(build('threads', compiler, ...flags), ['64']);
    });
  }
}
test.run();
