import { createHash, randomBytes } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { exitStatusOf } from '../src/index.js';
import { startFake } from './fake-machine.js';

test('every exit status from 0 to 255 has its frame', () => {
  for (let value = 0; value < 256; value++) assert.is(exitStatusOf(0, value), value);
  assert.is(exitStatusOf(1, 11), 139);
  assert.is(exitStatusOf(2, 1), 125);
  assert.is(exitStatusOf(2, 137), 137);
  assert.is(exitStatusOf(3, 127), 127);
  assert.is(exitStatusOf(3, 126), 126);
  assert.is(exitStatusOf(9, 0), 125);
});

test('the status of the program is the status of the run', async () => {
  const { run, output, log } = startFake('exit 255');
  const result = await run.result;
  assert.is(result.exitStatus, 255);
  assert.is(result.failure, undefined);
  assert.is(result.startedCounter, 123456n);
  assert.is(output.bytes().length, 0, 'firmware text and kernel messages stay out of stdout');
  assert.equal(log, ['SeaBIOS (version fake)', 'kernel: up']);
});

test('random bytes through cat come back, both ways under flow control', async () => {
  const { run, input, output } = startFake('cat');
  const bytes = randomBytes(3_000_000);
  input.end(bytes);
  assert.is((await run.result).exitStatus, 0);
  const hash = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
  assert.is(hash(output.bytes()), hash(bytes));
});

test('all output arrives before the end, however much it is', async () => {
  const { run, output } = startFake('flood 2000000');
  assert.is((await run.result).exitStatus, 0);
  assert.is(output.bytes().length, 2_000_000);
});

test('a signal reaches the program, its death is 128 + N', async () => {
  const { run, output } = startFake('wait');
  run.signal(2);
  assert.is((await run.result).exitStatus, 130);
  assert.is(output.bytes().toString(), 'signal 2\n');
});

test('a guest that ignores the request to end is ended after the grace time, or at the second request', async () => {
  const slow = startFake('deaf', { graceMs: 50 });
  slow.run.requestEnd(15);
  assert.is((await slow.run.result).exitStatus, 143);
  const twice = startFake('deaf', { graceMs: 60_000 });
  twice.run.requestEnd(2);
  twice.run.requestEnd(2);
  assert.is((await twice.run.result).exitStatus, 130);
});

test('a machine that dies or never speaks is our own failure, with what it said', async () => {
  const dead = await startFake('dies').run.result;
  assert.is(dead.exitStatus, 125);
  assert.match(dead.failure ?? '', /without an exit status.*status 3[\s\S]*SeaBIOS/);
  const silent = await startFake('silent', { helloTimeoutMs: 3000 }).run.result;
  assert.is(silent.exitStatus, 125);
  assert.match(silent.failure ?? '', /did not start/);
  const missing = await startFake('exit 0', {
    command: { file: '/nonexistent/qemu', arguments: [] },
  }).run.result;
  assert.is(missing.exitStatus, 125);
  assert.match(missing.failure ?? '', /cannot start/);
});

test('a panic is reported with its place', async () => {
  const result = await startFake('panic').run.result;
  assert.is(result.exitStatus, 125);
  assert.match(result.failure ?? '', /panic: mm\/buddy.ts:12/);
});

test.run();
