/** Every boot succeeds: a machine started again and again. BOOTS=100 for the long run (`npm run boots`). */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const BOOTS = Number(process.env['BOOTS'] ?? 10);
const script = fileURLToPath(new URL('../../cli/src/tessera.ts', import.meta.url));
const node = ['--conditions=@tessera/source', '--import', import.meta.resolve('tsx'), script];

test(`${BOOTS} boots of microvm in a row`, () => {
  let succeeded = 0;
  for (let boot = 0; boot < BOOTS; boot++) {
    const words = ['run', '--accel', 'tcg', '--', '/bin/busybox', 'echo', String(boot)];
    const run = spawnSync(process.execPath, [...node, ...words], {
      input: '',
      encoding: 'utf8',
      timeout: 300_000,
      killSignal: 'SIGKILL',
    });
    if (run.status === 0 && run.stdout === `${boot}\n`) succeeded += 1;
    else console.log(`boot ${boot}: status ${run.status}\n${run.stderr}${run.stdout}`);
  }
  console.log(`${succeeded} of ${BOOTS} boots succeeded`);
  assert.is(succeeded, BOOTS);
});

test.run();
