import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  findProgram,
  gatherProgram,
  libraryClosure,
  NotFoundError,
  NotRunnableError,
  type PackRequest,
  RootTree,
  readElf,
  writeBootModule,
} from '../src/index.js';
import { readBootConfiguration } from '../src/kernel/index.js';

const folder = mkdtempSync(join(tmpdir(), 'tessera-test-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const request = (program: string, more: Partial<PackRequest> = {}): PackRequest => ({
  program,
  arguments: [],
  additions: [],
  workingDirectory: folder,
  searchPath: '/usr/bin:/bin',
  machine: 'x86_64',
  ...more,
});

function put(name: string, content: string | Uint8Array, mode = 0o755): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

function because(path: string, pattern: RegExp): void {
  assert.throws(
    () => gatherProgram(request(path)),
    (error: Error) => error instanceof NotRunnableError && pattern.test(error.message),
  );
}

test('the library closure is what ldd says', () => {
  // bash, node's own binary and perl: few, many, and nested libraries.
  for (const program of ['/usr/bin/bash', process.execPath, '/usr/bin/perl'].filter(existsSync)) {
    const ldd = execFileSync('ldd', [program], { encoding: 'utf8' })
      .split('\n')
      .map((line) => /=> (\/\S+)/.exec(line)?.[1] ?? /^\s*(\/\S+) \(0x/.exec(line)?.[1])
      .filter((path): path is string => path !== undefined)
      .sort();
    const closure = libraryClosure(program);
    assert.equal([closure?.interpreter, ...(closure?.libraries ?? [])].sort(), ldd, program);
  }
});

test('what cannot run says why', () => {
  const real = readFileSync('/usr/bin/env');
  because(put('cut', real.subarray(0, real.length - 5000)), /cut off/);
  because(put('head', real.subarray(0, 40)), /cut off/);
  because(put('headers', real.subarray(0, 100)), /cut off/);
  const arm = Buffer.from(real);
  arm.writeUInt16LE(183, 18);
  because(put('arm', arm), /built for arm64, not for x86-64/);
  const narrow = Buffer.from(real);
  narrow[4] = 1;
  because(put('narrow', narrow), /32-bit/);
  because(put('text', 'hello\n'), /not an executable/);
  because(put('empty', ''), /empty/);
  because(put('script', '#!/nonexistent/sh\n'), /interpreter \/nonexistent\/sh/);
  because(put('plain', real, 0o644), /permission denied/);
  mkdirSync(join(folder, 'sub'));
  because('./sub', /folder/);
  assert.throws(
    () => gatherProgram(request('./nothing')),
    (error: Error) => error instanceof NotFoundError,
  );
  assert.throws(
    () => gatherProgram(request('nothing-like-this')),
    (error: Error) => error instanceof NotFoundError,
  );
});

test('PATH is searched in order, past what cannot be executed', () => {
  mkdirSync(join(folder, 'one'));
  mkdirSync(join(folder, 'two'));
  put('one/tool', 'x', 0o644);
  const good = put('two/tool', 'x');
  assert.is(findProgram('tool', `${folder}/one:${folder}/two`, '/'), good);
  assert.is(
    findProgram('tool', 'two', folder),
    good,
    'relative folders count from the working directory',
  );
});

test('arguments that name files travel, the rest stays', () => {
  const data = put('data.txt', 'abc', 0o640);
  symlinkSync('data.txt', join(folder, 'link'));
  const { tree, dynamic, workingDirectory } = gatherProgram(
    request('/usr/bin/env', {
      arguments: ['link', '-n', '/proc/version', folder, ''],
      additions: [{ host: join(folder, 'two'), guest: '/opt/x' }],
    }),
  );
  assert.is(workingDirectory, folder);
  assert.ok(dynamic);
  assert.is((tree.entries.get(join(folder, 'link'))?.mode ?? 0) >> 12, 0o12);
  assert.is(tree.entries.get(data)?.mode, 0o100640);
  assert.ok(tree.entries.has('/opt/x/tool'));
  assert.not(tree.entries.has('/proc/version'));
  assert.not(tree.entries.has('/etc/hostname'));
  assert.not(tree.entries.has(join(folder, 'plain')));
});

test('two packings give the same bytes, and the configuration is found in front', () => {
  const pack = (name: string): Buffer => {
    const { tree } = gatherProgram(request('/usr/bin/env'));
    const file = join(folder, name);
    const written = writeBootModule(file, tree, {
      program: '/usr/bin/env',
      workingDirectory: '/',
      argv: ['env'],
      environment: [],
      flags: 0,
      rows: 24,
      columns: 80,
      wallClockNs: 5n,
      seed: new Uint8Array(32),
    });
    const bytes = readFileSync(file);
    assert.is(bytes.length, written.bytes);
    assert.is(readBootConfiguration(bytes)?.configuration.rootBytes, written.rootBytes);
    return bytes;
  };
  assert.ok(pack('a.module').equals(pack('b.module')));
});

test('links that point at each other are an error, not a loop', () => {
  symlinkSync('loop2', join(folder, 'loop1'));
  symlinkSync('loop1', join(folder, 'loop2'));
  assert.throws(() => new RootTree().addSamePath(join(folder, 'loop1')), /too many symbolic links/);
});

test('a language runtime brings its modules, and the libraries that they load', () => {
  // perl is in every Debian: its base modules, and at least one compiled one with the libraries it names.
  assert.ok(existsSync('/usr/bin/perl'));
  const { tree } = gatherProgram(request('perl', { arguments: ['-e', '1'] }));
  const paths = [...tree.entries.keys()];
  assert.ok(paths.some((path) => path.endsWith('/strict.pm')));
  assert.ok(paths.some((path) => path.endsWith('/POSIX.so')));
});

test('a static program needs nothing', () => {
  const source = put('s.c', 'int main(void) { return 0; }\n');
  const out = join(folder, 'static');
  assert.is(
    spawnSync('gcc', ['-static', '-o', out, source]).status,
    0,
    'gcc builds a static program',
  );
  assert.equal(readElf(out), { interpreter: undefined, needed: [], rpath: [], runpath: [] });
  assert.is(libraryClosure(out), undefined);
});

test.run();
