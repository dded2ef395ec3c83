// Each package's uvu suite: `Total:` and `Passed:` of every run are summed.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { execute } from './report.mjs';

function testFiles(folder, suffix) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((path) => path.endsWith(suffix) && !path.includes('node_modules'));
}

const sum = (output, label) =>
  [...output.matchAll(new RegExp(`^\\s*${label}:\\s+(\\d+)`, 'gm'))].reduce(
    (n, m) => n + Number(m[1]),
    0,
  );

async function run(report, title, name, script, timeoutMs) {
  const result = await execute('npm', ['run', '-s', script, '-w', `packages/${name}`], {
    timeoutMs,
  });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a colour is
  const output = result.output.replace(/\x1b\[[0-9;]*m/g, '');
  const total = sum(output, 'Total');
  const passed = sum(output, 'Passed');
  const skipped = sum(output, 'Skipped');
  let failed = total - passed - skipped;
  // A suite that died, or ran nothing although it has tests, failed whatever it counted.
  if ((result.status !== 0 || total === 0) && failed <= 0) failed = 1;
  report.add(title, {
    passed,
    failed,
    output: `${result.why}\n${output}`,
    seconds: result.seconds,
    note: skipped ? `${passed} passed, ${skipped} skipped` : '',
  });
}

export async function suite(report, name) {
  const files = testFiles(join('packages', name, 'test'), '.test.ts').filter(
    (path) => !path.endsWith('.boot.test.ts'),
  );
  if (files.length === 0) {
    console.log(`     test ${name}: no tests yet`);
    return;
  }
  await run(report, `test ${name}`, name, 'test', 900_000);
}

export async function bootSuite(report, name) {
  if (testFiles(join('packages', name, 'test'), '.boot.test.ts').length === 0) return;
  await run(report, `boot tests of ${name}`, name, 'test:boot', 900_000);
}
