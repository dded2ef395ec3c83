/** The command line over a fake QEMU on PATH: everything but the kernel itself is real. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const folder = mkdtempSync(join(tmpdir(), 'tessera-cli-'));
const scratch = mkdtempSync(join(folder, 'tmp-'));
const tsx = import.meta.resolve('tsx');
const guest = fileURLToPath(new URL('../../boot/test/fake-guest.ts', import.meta.url));
const script = fileURLToPath(new URL('../src/tessera.ts', import.meta.url));
const node = [process.execPath, '--conditions=@tessera/source', '--import', tsx];
const quoted = (words: string[]): string => words.map((word) => `'${word}'`).join(' ');

test.before(() => {
  const qemu = join(folder, 'qemu-system-x86_64');
  writeFileSync(
    qemu,
    `#!/bin/sh\necho $$ > '${folder}/pid'\nexec ${quoted([...node, guest])} "$@"\n`,
  );
  chmodSync(qemu, 0o755);
  writeFileSync(join(folder, 'kernel.elf'), 'no kernel: the fake machine does not look');
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

const environment = (behaviour: string): NodeJS.ProcessEnv => ({
  ...process.env,
  PATH: `${folder}:${process.env['PATH']}`,
  FAKE_GUEST: behaviour,
  TESSERA_KERNEL: join(folder, 'kernel.elf'),
  TESSERA_CACHE: join(folder, 'cache'),
  SECRET: 'of the host',
  GIVEN: 'value',
  TERM: 'vt100',
  TMPDIR: scratch,
});

interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

function tessera(behaviour: string, args: string[], input: string | Buffer = ''): Outcome {
  const run = spawnSync(node[0], [...node.slice(1), script, ...args], {
    env: environment(behaviour),
    input,
    encoding: 'latin1',
    cwd: folder,
  });
  return { status: run.status, stdout: run.stdout, stderr: run.stderr };
}

test('output alone on stdout, status of the program', () => {
  const hi = tessera('echo', ['run', '--', 'env', 'hi', 'there']);
  assert.equal([hi.status, hi.stdout], [0, 'hi there\n']);
  assert.is(tessera('exit 7', ['run', '--', 'env']).status, 7);
  assert.is(tessera('exit 255', ['run', '--', 'env']).status, 255);
});

test('the program sees PATH, HOME, TERM and what --env names', () => {
  const { stdout, stderr } = tessera('show', [
    'run',
    '--env',
    'GIVEN',
    '--env',
    'K=a=b',
    '--env',
    'UNSET',
    '--',
    'env',
    '-x',
  ]);
  const shown = JSON.parse(stdout);
  assert.equal(shown.argv, ['env', '-x']);
  assert.is(shown.program, '/usr/bin/env');
  assert.is(shown.workingDirectory, folder);
  assert.equal(shown.environment.slice(1), ['HOME=/root', 'TERM=vt100', 'GIVEN=value', 'K=a=b']);
  assert.match(stderr, /no tty/);
});

test('standard input reaches the program, and its end', () => {
  const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index & 0xff));
  const cat = tessera('cat', ['run', '--', 'env'], bytes);
  assert.is(cat.status, 0);
  assert.ok(Buffer.from(cat.stdout, 'latin1').equals(bytes));
});

test('125, 126, 127 without a boot', () => {
  rmSync(join(folder, 'pid'), { force: true });
  const outcomes: [string[], number, RegExp][] = [
    [['run', '--', 'no-such-program'], 127, /command not found/],
    [['run', '--', './no-such-file'], 127, /no such file/],
    [['run', '--', join(folder, 'kernel.elf')], 126, /permission denied/],
    [['run'], 125, /no program given/],
    [['run', '--nonsense', '--', 'env'], 125, /unknown option/],
    [['run', '--memory', 'lots', '--', 'env'], 125, /no amount of memory/],
    [['run', '--cpus', '0', '--', 'env'], 125, /no number of CPUs/],
    [['run', '--target', 'process', '--', 'env'], 125, /target 'process' is not built yet/],
    [['run', '--accel', 'hax', '--', 'env'], 125, /no accelerator/],
    [['run', '--forward', '8080:80', '--', 'env'], 125, /--forward is not built yet/],
    [['run', '--net', 'user', '--', 'env'], 125, /--net user is not built yet/],
    [['run', '--disk', 'x', '--', 'env'], 125, /--disk is not built yet/],
    [['run', '--fs', 'zfs', '--', 'env'], 125, /--fs zfs is not built yet/],
    [['run', '--learn', '--', 'env'], 125, /--learn is not built yet/],
    [['run', '--add', 'kernel.elf:relative', '--', 'env'], 125, /must be absolute/],
    [['run', '--add', 'missing', '--', 'env'], 125, /no such file or folder/],
    [['build', '--', 'env'], 125, /needs -o IMAGE/],
    [['build', '-f', 'tessera.yaml', '-o', 'x'], 125, /build -f is not built yet/],
    [['frobnicate'], 125, /unknown command/],
  ];
  for (const [args, status, message] of outcomes) {
    const got = tessera('echo', args);
    assert.equal([got.status, got.stdout], [status, ''], args.join(' '));
    assert.match(got.stderr, message, args.join(' '));
  }
  assert.not(existsSync(join(folder, 'pid')), 'nothing was started');
});

test('--net none and --fs ramfs are what there is', () => {
  assert.is(tessera('echo', ['run', '--net', 'none', '--fs', 'ramfs', '--', 'env']).status, 0);
});

test('--dry-run shows the files and the command, and starts nothing', () => {
  rmSync(join(folder, 'pid'), { force: true });
  const { status, stdout } = tessera('echo', [
    'run',
    '--dry-run',
    '--memory',
    '64M',
    '--add',
    'kernel.elf:/opt/k',
    '--',
    'env',
    'kernel.elf',
  ]);
  assert.is(status, 0);
  assert.match(stdout, /^file \/opt\/k$/m);
  assert.match(stdout, new RegExp(`^file ${folder}/kernel.elf$`, 'm'));
  assert.match(stdout, /^start .*-m 65536K/m);
  assert.not(existsSync(join(folder, 'pid')));
});

test('kernel messages only with --verbose', () => {
  assert.not.match(tessera('echo', ['run', '--', 'env']).stderr, /kernel: up/);
  const loud = tessera('echo', ['run', '--verbose', '--', 'env', 'x']);
  assert.match(loud.stderr, /kernel: up/);
  assert.match(loud.stderr, /SeaBIOS/);
  assert.is(loud.stdout, 'x\n');
});

test("a panic is Tessera's failure, with its place", () => {
  const { status, stderr } = tessera('panic', ['run', '--', 'env']);
  assert.is(status, 125);
  assert.match(stderr, /panic: mm\/buddy.ts:12/);
});

test('build leaves a kernel, a module and a script', () => {
  assert.is(tessera('echo', ['build', '-o', 'image', '--', 'env', 'x']).status, 0);
  assert.ok(
    readFileSync(join(folder, 'image.module')).subarray(0, 8).equals(Buffer.from('TESSBOOT')),
  );
  assert.match(
    readFileSync(join(folder, 'image.sh'), 'utf8'),
    /-kernel "\$image" -initrd "\$image.module"/,
  );
});

test('doctor names what is there', () => {
  const { status, stdout } = tessera('echo', ['doctor']);
  assert.is(status, 0);
  assert.match(stdout, /ok +node/);
  assert.match(stdout, /ok +qemu/);
});

// --- signals and terminals: these need a process that lives ---

function start(
  behaviour: string,
  args: string[],
  command = node[0],
  before = node.slice(1),
): ChildProcess {
  rmSync(join(folder, 'pid'), { force: true });
  return spawn(command, [...before, script, ...args], {
    env: environment(behaviour),
    cwd: folder,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < 30_000; waitedMs += 20) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`waited 30 s for ${what}`);
}

const machinePid = (): number =>
  existsSync(join(folder, 'pid')) ? Number(readFileSync(join(folder, 'pid'), 'utf8')) : 0;
function alive(pid: number): boolean {
  try {
    // A zombie is gone for everybody but its parent.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.on('close', (code) => resolve(code)));

test('SIGTERM and SIGINT reach the program; its death is the status', async () => {
  for (const [signal, status] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const) {
    const before = machinePid();
    const child = start('wait', ['run', '--', 'env']);
    let output = '';
    child.stdout?.on('data', (bytes) => (output += bytes));
    // The file of an earlier machine may still be there.
    await until(() => machinePid() > 0 && machinePid() !== before, 'the machine');
    const done = ended(child);
    child.kill(signal);
    assert.is(await done, status);
    assert.match(output, /signal \d+/);
    assert.not(alive(machinePid()));
  }
});

test('killed by SIGKILL, no machine is left behind', async () => {
  const before = machinePid();
  const child = start('wait', ['run', '--', 'env']);
  await until(() => machinePid() > 0 && machinePid() !== before, 'the machine');
  const pid = machinePid();
  assert.ok(alive(pid));
  const done = ended(child);
  child.kill('SIGKILL');
  await done;
  await until(() => !alive(pid), 'the machine to end');
});

test('a reader that goes away ends the run', async () => {
  const child = start('flood 50000000', ['run', '--', 'env']);
  const done = ended(child);
  child.stdout?.once('data', () => child.stdout?.destroy());
  assert.is(await done, 141);
});

test('at a terminal: the window is told, and the terminal is as before afterwards', async () => {
  const shell = [
    `stty rows 33 cols 99; stty -a | grep -o '[-]*icanon' > before`,
    `${quoted([...node, script])} run -- env; echo "status $?" > status`,
    `stty -a | grep -o '[-]*icanon' > after`,
  ].join('\n');
  writeFileSync(join(folder, 'terminal.sh'), shell);
  const child = spawn('script', ['-qec', 'sh terminal.sh', '/dev/null'], {
    env: environment('show'),
    cwd: folder,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (bytes) => (output += bytes));
  await ended(child);
  assert.match(output, /"rows":33,"columns":99/);
  assert.match(output, /^tty/m);
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8').trim();
  assert.is(read('before'), 'icanon');
  assert.is(read('after'), 'icanon');
  assert.is(read('status'), 'status 0');
});

test('nothing is left in the temporary folder', () => {
  const before = readdirSync(scratch); // a run that was killed by SIGKILL could not tidy up
  tessera('exit 3', ['run', '--', 'env']);
  tessera('echo', ['run', '--dry-run', '--', 'env']);
  tessera('echo', ['run', '--', 'no-such-program']);
  const left = readdirSync(scratch).filter(
    (name) => name.startsWith('tessera-') && !before.includes(name),
  );
  assert.equal(left, []);
});

test.run();
