// Runs every check and test; the closing line is `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const { packages } = JSON.parse(readFileSync('tools/layers.json', 'utf8'));
const only = process.argv.slice(2);
let passed = 0;
let failed = 0;
function step(name, command, args, options = {}) {
  const started = Date.now();
  const run = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  const ok = run.status === 0;
  const total = [...(run.stdout ?? '').matchAll(/Passed:\s+(\d+)/g)].reduce((sum, m) => sum + Number(m[1]), 0);
  passed += ok ? Math.max(total, 1) : total;
  if (!ok) failed += 1;
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  if (!ok) console.log((run.stdout ?? '') + (run.stderr ?? ''));
}
if (only.length === 0) {
  step('generated files', 'node', ['tools/sync.mjs', '--check']);
  step('types', 'npx', ['tsc', '-b']);
}
for (const name of only.length ? only : Object.keys(packages)) step(`test ${name}`, 'npm', ['test', '-w', `packages/${name}`]);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
