import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

// The stack against the Linux kernel, over a TAP device in a network namespace of its own.

const here = path.dirname(fileURLToPath(import.meta.url));

function whyNot(): string | undefined {
  if (process.platform !== 'linux') return 'not Linux';
  if (!fs.existsSync('/dev/net/tun')) return 'no /dev/net/tun';
  const capabilities = BigInt(
    `0x${/CapEff:\s*([0-9a-f]+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`,
  );
  // CAP_NET_ADMIN and CAP_SYS_ADMIN (for the namespace).
  if (((capabilities >> 12n) & 1n) === 0n || ((capabilities >> 21n) & 1n) === 0n)
    return 'CAP_NET_ADMIN and CAP_SYS_ADMIN are missing';
  return undefined;
}

test('against Linux over TAP', async () => {
  const reason = whyNot();
  if (reason !== undefined) {
    console.error(`SKIPPED: the stack was not tested against Linux: ${reason}`);
    return;
  }
  const child = spawn(
    'unshare',
    [
      '--net',
      process.execPath,
      '--conditions=@tessera/source',
      '--import',
      'tsx',
      path.join(here, 'tap-peer.ts'),
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let out = '';
  let errors = '';
  child.stdout.on('data', (data) => (out += data));
  child.stderr.on('data', (data) => (errors += data));
  const status = await new Promise((resolve) => child.on('close', resolve));
  const results = out
    .trim()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { check: string; result: string; detail: string });
  for (const { check, result, detail } of results) {
    if (process.env['TESSERA_VERBOSE'] !== undefined) console.error(result, check, detail);
    else if (result === 'skipped') console.error(`SKIPPED: ${check}: ${detail}`);
  }
  assert.is(status, 0, errors);
  assert.equal(
    results.filter(({ result }) => result === 'failed'),
    [],
  );
  assert.ok(results.length >= 11, `only ${results.length} checks ran\n${errors}`);
});

test.run();
