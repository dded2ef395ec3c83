/**
 * The product, on a real machine: unmodified programs under QEMU's translation. Nothing here is skipped: without QEMU, a compiler or busybox it fails.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const folder = mkdtempSync(join(tmpdir(), 'tessera-boot-'));
const script = fileURLToPath(new URL('../../cli/src/tessera.ts', import.meta.url));
const node = ['--conditions=@tessera/source', '--import', import.meta.resolve('tsx'), script];
/** A machine that hangs must not hang the suite. Translation on a busy host is slow; the first run compiles the kernel. */
const TIMEOUT_MS = 300_000;

test.after(() => rmSync(folder, { recursive: true, force: true }));

interface Outcome {
  status: number | null;
  stdout: Buffer;
  stderr: string;
}

function tessera(words: string[], input: string | Buffer = '', options: string[] = []): Outcome {
  const run = spawnSync(
    process.execPath,
    [...node, 'run', '--accel', 'tcg', ...options, '--', ...words],
    {
      input,
      cwd: folder,
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
      maxBuffer: 1 << 27,
    },
  );
  return { status: run.status, stdout: run.stdout, stderr: run.stderr.toString() };
}

const busybox = (...words: string[]): Outcome => tessera(['/bin/busybox', ...words]);
const text = (outcome: Outcome): string => outcome.stdout.toString();

/** Status, stdout and, when they differ from what is wanted, stderr. */
function expect(outcome: Outcome, status: number, stdout: string | RegExp): void {
  assert.is(outcome.status, status, `status ${outcome.status}\n${outcome.stderr}${text(outcome)}`);
  if (typeof stdout === 'string') assert.is(text(outcome), stdout, outcome.stderr);
  else assert.match(text(outcome), stdout, outcome.stderr);
}

function build(name: string, source: string, compiler: string[]): string {
  const file = join(folder, `${name}.c`);
  const output = join(folder, name);
  writeFileSync(file, source);
  const run = spawnSync(compiler[0], [...compiler.slice(1), '-o', output, file], {
    encoding: 'utf8',
  });
  assert.is(run.status, 0, `${compiler.join(' ')}: ${run.error ?? run.stderr}`);
  return output;
}

test('echo hi prints hi alone and exits 0', () => {
  const outcome = busybox('echo', 'hi');
  expect(outcome, 0, 'hi\n');
});

test("the exit status is the program's, up to 255", () => {
  for (const status of [1, 7, 127, 128, 255])
    expect(busybox('sh', '-c', `exit ${status}`), status, '');
});

test('awk and sha256sum of a packed 10 MB file give what Linux gives', () => {
  expect(
    busybox(
      'awk',
      'BEGIN { for (i = 1; i <= 1000; i++) s += i * i; printf "%d %.3f\\n", s, s / 7 }',
    ),
    0,
    '333833500 47690500.000\n',
  );
  const bytes = randomBytes(10_000_000);
  writeFileSync(join(folder, 'ten'), bytes);
  expect(
    busybox('sha256sum', 'ten'),
    0,
    `${createHash('sha256').update(bytes).digest('hex')}  ten\n`,
  );
});

test("uname, /proc/version, ls -l / and date have Linux's format", () => {
  expect(busybox('uname', '-a'), 0, /^Linux \S+ ([6-9]|5\.[1-9]\d)\S* .* x86_64 (GNU\/)?Linux\n$/);
  expect(busybox('cat', '/proc/version'), 0, /^Linux version \d+\.\d+\S* \(.*\) .*\n$/);
  expect(
    busybox('ls', '-l', '/'),
    0,
    /^(total \d+\n)?([-dlcb][-rwxst]{9} +\d+ \S+ +\S+ +\d+ \w{3} +\d+ +[\d:]+ .+\n)+$/,
  );
  const before = Math.floor(Date.now() / 1000);
  const date = busybox('date', '+%s');
  expect(date, 0, /^\d+\n$/);
  assert.ok(
    Math.abs(Number(text(date)) - before) < 120,
    `the wall clock is handed over: ${text(date)} beside ${before}`,
  );
});

test('static programs of gcc and musl-gcc run', () => {
  const source =
    '#include <stdio.h>\nint main(int c, char **v) { printf("hello %.2f %d\\n", 3.14159 * c, c); return 3; }\n';
  expect(
    tessera([build('glibc', source, ['gcc', '-O2', '-static']), 'a', 'b']),
    3,
    'hello 9.42 3\n',
  );
  expect(tessera([build('musl', source, ['musl-gcc', '-O2', '-static'])]), 3, 'hello 3.14 1\n');
});

test('a null pointer is 139 with a report, abort is 134', () => {
  const crash = tessera([
    build('null', 'int main(void) { return *(volatile int *)0; }\n', ['gcc', '-static']),
  ]);
  expect(crash, 139, '');
  assert.match(crash.stderr, /SIGSEGV|[Ss]egmentation/);
  expect(
    tessera([
      build('abort', '#include <stdlib.h>\nint main(void) { abort(); }\n', ['gcc', '-static']),
    ]),
    134,
    '',
  );
});

test('what cannot run says so before a machine starts', () => {
  const real = readFileSync('/bin/busybox');
  const variants: [string, Buffer, number, RegExp][] = [];
  const arm = Buffer.from(real.subarray(0, 65536));
  arm.writeUInt16LE(183, 18);
  variants.push(
    ['cut', real.subarray(0, 100_000), 126, /cut off/],
    ['arm', arm, 126, /arm64/],
    ['text', Buffer.from('hello\n'), 126, /not an executable/],
  );
  for (const [name, bytes, status, message] of variants) {
    writeFileSync(join(folder, name), bytes, { mode: 0o755 });
    const outcome = tessera([`./${name}`]);
    expect(outcome, status, '');
    assert.match(outcome.stderr, message);
  }
  expect(tessera(['./missing']), 127, '');
});

test('input, its end and order: sort, and random bytes through cat', () => {
  const numbers = Array.from({ length: 20_000 }, (_, index) => (index * 7919) % 20_011);
  const sorted = [...numbers].sort((a, b) => b - a);
  expect(
    tessera(['/bin/busybox', 'sort', '-rn'], `${numbers.join('\n')}\n`),
    0,
    `${sorted.join('\n')}\n`,
  );
  const bytes = randomBytes(1_000_000);
  const outcome = tessera(['/bin/busybox', 'cat'], bytes);
  assert.is(outcome.status, 0, outcome.stderr);
  assert.ok(outcome.stdout.equals(bytes), `${outcome.stdout.length} bytes came back`);
});

test('stderr stays apart', () => {
  const outcome = busybox('sh', '-c', 'echo out; echo err >&2');
  expect(outcome, 0, 'out\n');
  assert.is(outcome.stderr, 'err\n');
});

function machinesWith(word: string): number {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return (
        readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(word) &&
        readFileSync(`/proc/${pid}/comm`, 'latin1').startsWith('qemu')
      );
    } catch {
      return false;
    }
  }).length;
}

function start(
  words: string[],
  name: string,
): { child: ChildProcess; up: Promise<void>; done: Promise<number | null> } {
  const child = spawn(
    process.execPath,
    [...node, 'run', '--accel', 'tcg', '--verbose', '--qemu-args', `-name ${name}`, '--', ...words],
    { cwd: folder },
  );
  let errors = '';
  const up = new Promise<void>((resolve, reject) => {
    child.stdout.on('data', () => resolve());
    child.stderr.on('data', (bytes) => (errors += bytes));
    child.on('close', (status) =>
      reject(new Error(`ended with ${status} before it was up: ${errors}`)),
    );
  });
  return { child, up, done: new Promise((resolve) => child.on('close', (code) => resolve(code))) };
}

test('SIGINT and SIGTERM end the program with 130 and 143, and no machine is left', async () => {
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const name = `tessera-test-${process.pid}-${signal}`;
    const { child, up, done } = start(
      ['/bin/busybox', 'sh', '-c', 'echo up; exec /bin/busybox sleep 100'],
      name,
    );
    await up;
    child.kill(signal);
    assert.is(await done, status);
    assert.is(machinesWith(name), 0);
  }
});

test('target qemu boots the same', () => {
  expect(tessera(['/bin/busybox', 'echo', 'hi'], '', ['--target', 'qemu']), 0, 'hi\n');
});

test.run();
