import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PackItem } from '@tessera/vfs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hostFile, type RunOptions, type RunResult, runProgram } from './ptrace/run-program.js';
import { buildTracer } from './ptrace/traced-machine.js';

const test = suite('real programs under our system calls');
const tracer = buildTracer();
const BUSYBOX = '/bin/busybox';
const folder = mkdtempSync(join(tmpdir(), 'tessera-programs-'));
test.after(() => rmSync(folder, { recursive: true }));

function file(path: string, content: Uint8Array, mode = 0o100755): PackItem {
  const item = new PackItem(path, mode);
  item.content = content;
  return item;
}

function run(items: PackItem[], argv: string[], options?: RunOptions): RunResult {
  if (!('path' in tracer)) throw new Error(tracer.reason);
  return runProgram(tracer.path, [new PackItem('/tmp', 0o41777), ...items], argv, options);
}

function busybox(argv: string[], options?: RunOptions, more: PackItem[] = []): RunResult {
  return run([file('/bin/busybox', hostFile(BUSYBOX)), ...more], ['busybox', ...argv], options);
}

const latin = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

if (!('path' in tracer)) {
  console.error('SKIPPED real programs: ' + tracer.reason);
  test.skip('not run', () => {});
} else {
  if (!existsSync(BUSYBOX)) {
    console.error('SKIPPED busybox: apt install busybox-static');
  } else {
    test('busybox gives what it gives on Linux', () => {
      const text = 'b 2\na 10\nc 1\n'.repeat(50);
      const cases: { argv: string[]; input?: string }[] = [
        { argv: ['echo', 'hi'] },
        { argv: ['sh', '-c', 'exit 7'] },
        {
          argv: [
            'sh',
            '-c',
            'x=0; while [ $x -lt 50 ]; do x=$((x+1)); echo $x; done; echo end >&2; exit 3',
          ],
        },
        { argv: ['sh', '-c', 'while read a b; do echo $b $a; done'], input: text },
        { argv: ['sh', '-c', 'exec busybox seq 3'] },
        { argv: ['awk', '{ s += $2 } END { print s, NR, 1/3, toupper("x") }'], input: text },
        { argv: ['sort', '-k2n'], input: text },
        { argv: ['sha256sum'], input: text },
        { argv: ['seq', '1', '3', '40'] },
        { argv: ['wc'], input: text },
        { argv: ['sed', 's/a/[&]/;2d'], input: text },
        { argv: ['grep', '-c', 'a'], input: text },
        { argv: ['tr', 'a-c', 'A-C'], input: text },
        { argv: ['head', '-n', '3'], input: text },
        { argv: ['base64'], input: text },
        { argv: ['gzip', '-c'], input: text },
        { argv: ['dd', 'bs=100', 'count=2', 'status=none'], input: text },
        { argv: ['cat', '/none'] },
        { argv: ['expr', '6', '*', '7'] },
        { argv: ['printf', '%s-%05d\\n', 'a', '42'] },
        { argv: ['false'] },
        { argv: ['basename', '/a/b.c', '.c'] },
        { argv: ['sleep', '0.01'] },
      ];
      for (const one of cases) {
        const input = one.input === undefined ? new Uint8Array(0) : latin(one.input);
        const here = busybox(one.argv, { input });
        const linux: SpawnSyncReturns<Buffer> = spawnSync(BUSYBOX, one.argv, {
          input,
          env: { PATH: '/bin:/usr/bin', HOME: '/' },
        });
        const label = one.argv.join(' ') + ' ' + here.kernel.join('; ');
        assert.is(here.stdout, linux.stdout.toString('latin1'), label);
        assert.is(here.stderr, linux.stderr.toString('latin1'), label);
        assert.is(here.status, linux.status, label);
        assert.equal(here.kernel, [], label);
      }
    });

    test('files, directories and /proc through busybox', () => {
      const script = [
        'cd /tmp; mkdir -p d/e; echo one > d/f; ln d/f d/g; ln -s f d/h; mv d/f d/i',
        "ls -l d | awk '{ print $1, $2, $NF }'",
      ].join('; ');
      // Only builtins and one program: a second process is not possible.
      assert.is(
        busybox(['sh', '-c', 'cd /tmp; echo one > f; read x < f; echo $x; echo * /tmp/*']).stdout,
        'one\nf /tmp/f\n',
      );
      const refused = busybox(['sh', '-c', script]);
      assert.ok(
        refused.kernel.some((line) => line.startsWith('clone: a second process is not possible')),
      );
      const uname = busybox(['uname', '-a']).stdout;
      assert.match(uname, /^Linux tessera 6\.\d+\.\d+\S* #1 SMP \S+.* x86_64 GNU\/Linux\n$/);
      assert.match(
        busybox(['cat', '/proc/version']).stdout,
        /^Linux version 6\.\d+\.\d+\S* \(.*\) \(.*\) #1 SMP /,
      );
      assert.match(
        busybox(['ls', '-l', '/']).stdout,
        /^total 0\ndrwxr-xr-x +2 0 +0 +4096 Jan +1 +1970 bin\n/,
      );
      assert.match(busybox(['date']).stdout, /^Tue Nov 14 22:13:\d\d UTC 2023\n$/);
      assert.match(busybox(['ps']).stdout, /^PID +USER +COMMAND\n +1 0 +busybox ps\n$/);
      assert.match(busybox(['free']).stdout, /Mem: +262144 /);
      assert.match(
        busybox(['cat', '/proc/self/maps']).stdout,
        /400000-00401000 r--p 00000000 00:00 0 +\/bin\/busybox\n/,
      );
    });

    test('sha256sum of a packed 10 MB file', () => {
      const content = new Uint8Array(10_000_000);
      for (let index = 0, x = 1; index < content.length; index++) {
        x = (x * 1103515245 + 12345) & 0x7fffffff;
        content[index] = x >> 16;
      }
      const result = busybox(['sha256sum', '/data/big'], {}, [
        file('/data/big', content, 0o100644),
      ]);
      assert.is(
        result.stdout,
        createHash('sha256').update(content).digest('hex') + '  /data/big\n',
      );
    });

    test('an interactive shell edits lines, and ^C interrupts', () => {
      const result = busybox(['sh'], { terminal: 'echox\x7f hi\rexit 5\r' });
      assert.is(result.status, 5);
      assert.ok(result.stdout.includes('\r\nhi\r\n'), JSON.stringify(result.stdout));
      const cut = busybox(['cat'], { terminal: 'abc\r\x03' });
      assert.is(cut.status, 130);
      assert.is(cut.stdout, 'abc\r\nabc\r\n^C');
    });
  }

  const source = fileURLToPath(new URL('./programs/features.c', import.meta.url));
  for (const [compiler, ...flags] of [
    ['gcc', '-static'],
    ['gcc', '-static-pie', '-fPIE'],
    ['musl-gcc', '-static'],
  ]) {
    const label = [compiler, ...flags].join(' ');
    if (spawnSync(compiler, ['--version']).status !== 0) {
      console.error('SKIPPED ' + label + ': not installed');
      continue;
    }
    const path = join(folder, label.replaceAll(' ', '_'));
    execFileSync(compiler, [...flags, '-O1', '-w', '-o', path, source]);
    const program = hostFile(path);
    test(label + ': programs behave as on Linux', () => {
      for (const argv of [
        ['hello', 'x'],
        ['signals'],
        ['memory'],
        ['files'],
        ['time'],
        ['status', '7'],
        ['null'],
        ['abort'],
        ['divide'],
        ['invalid'],
      ]) {
        const here = run([file('/bin/features', program)], ['/bin/features', ...argv], {
          environment: ['NAME=tessera'],
        });
        const linux = spawnSync(path, argv, { env: { NAME: 'tessera' }, encoding: 'latin1' });
        assert.is(here.stdout, linux.stdout, argv[0] + ' ' + here.trace.slice(-5).join('\n'));
        assert.is(here.stderr, linux.stderr, argv[0]);
        const signals: Record<string, number> = {
          SIGSEGV: 139,
          SIGABRT: 134,
          SIGFPE: 136,
          SIGILL: 132,
        };
        assert.is(here.status, linux.status ?? signals[linux.signal ?? ''], argv[0]);
        const unexplained = here.trace.filter(
          (line) => line.includes('ENOSYS') && !line.startsWith('rseq'),
        );
        assert.equal(unexplained, [], argv[0]);
      }
      rmSync('/tmp/third', { force: true });
    });
  }
}
test.run();
