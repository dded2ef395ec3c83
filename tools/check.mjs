// Every check and test of the repository. `node tools/check.mjs` runs all, with package names only their part.
// The closing line is `N passed, N failed`.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execute, parallel, Report } from './check/report.mjs';
import { aptCommand, installPackages, missingPackages, wantedPackages } from './debian.mjs';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const { packages } = JSON.parse(readFileSync('tools/layers.json', 'utf8'));
const only = process.argv.slice(2).map((name) => name.replace(/^packages\/|\/$/g, ''));
const names = only.length ? only : Object.keys(packages);
for (const name of only) {
  if (!packages[name]) {
    console.error(`no package ${name}; there are: ${Object.keys(packages).join(' ')}`);
    process.exit(2);
  }
}
const report = new Report();
const width = Math.max(1, Math.min(cpus().length, 4));
const started = performance.now();

function finish() {
  console.log(`${((performance.now() - started) / 1000).toFixed(0)} s in all`);
  console.log(`${report.passed} passed, ${report.failed} failed`);
  process.exit(report.failed ? 1 : 0);
}

const debianReady = await report.check('Debian packages', () => {
  const missing = missingPackages(wantedPackages(['start', 'check']));
  if (missing === undefined)
    return { note: 'no dpkg here: QEMU, clang, lld, gcc and busybox are taken from PATH' };
  if (missing.length === 0) return { note: 'nothing missing' };
  if (process.getuid() !== 0)
    return { problems: [`missing: ${missing.join(' ')}\nrun: sudo ${aptCommand(missing)}`] };
  const { ok, output } = installPackages(missing);
  return ok
    ? { note: `installed ${missing.join(' ')}` }
    : { problems: [aptCommand(missing)], output };
});
if (!debianReady) finish();

const npmReady = await report.check('npm packages', async () => {
  const hash = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex');
  const stamp = 'node_modules/.tessera-lock';
  const linked = Object.keys(packages).every((name) => existsSync(`node_modules/@tessera/${name}`));
  if (linked && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash)
    return { note: 'up to date' };
  let run;
  for (let attempt = 0; attempt < 3; attempt++) {
    run = await execute(
      'npm',
      ['install', '--no-audit', '--no-fund', '--no-save', '--prefer-offline'],
      { timeoutMs: 900_000 },
    );
    if (run.status === 0) break;
  }
  if (run.status !== 0) return { problems: [`npm install: ${run.why}`], output: run.output };
  writeFileSync(stamp, hash);
  return { note: 'installed' };
});
if (!npmReady) finish();

// These need what npm installed.
const { checkLayers } = await import('./check/layers.mjs');
const { countNativeLines } = await import('./check/native-lines.mjs');
const { Artefacts } = await import('./check/artefacts.mjs');
const { suite, bootSuite } = await import('./check/suites.mjs');

const paths = only.length ? only.map((name) => `packages/${name}`) : ['.'];
await report.command('generated files', 'node', ['tools/sync.mjs', '--check']);
await report.command('lint (biome)', 'npx', [
  'biome',
  'lint',
  '--diagnostic-level=error',
  '--max-diagnostics=50',
  ...paths,
]);
// The names only: `npm run format` mends them all.
await report.command('format (biome)', 'npx', ['biome', 'format', '--reporter=summary', ...paths]);
await report.command('types (tsc -b)', 'npx', ['tsc', '-b', ...(only.length ? paths : [])], {
  timeoutMs: 900_000,
});
await report.check('layers', () => checkLayers(only));
await report.check('hand-written native code', countNativeLines);
const scope = only.flatMap((name) => ['--scope', `@tessera/${name}`, '--include-dependencies']);
const built = await report.command(
  'build (lerna)',
  'npx',
  ['lerna', 'run', 'build', '--concurrency', String(width), ...scope],
  { timeoutMs: 900_000 },
);

if (names.includes('zfs') && !process.env.TESSERA_ZFS_CACHE) {
  // The zfs suite lets OpenZFS's own zdb judge what we write, and counts its absence as a failure.
  await report.check('zdb (OpenZFS userland)', async () => {
    const cache = join(
      process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'),
      'tessera',
      'zfs-userland',
    );
    process.env.TESSERA_ZFS_CACHE = cache;
    if (existsSync(join(cache, '.complete'))) return { note: cache };
    const fetchUserland = () =>
      execute('bash', ['tools/zfs-guest.sh', 'fetch', cache], { timeoutMs: 300_000 });
    let run = await fetchUserland();
    if (run.status !== 0) {
      // It reads the mirror's address from this host's package lists, which a fresh image may lack.
      await execute('apt-get', ['update', '-qq'], { timeoutMs: 300_000 });
      run = await fetchUserland();
    }
    if (run.status !== 0)
      return { problems: [`tools/zfs-guest.sh fetch: ${run.why}`], output: run.output };
    writeFileSync(join(cache, '.complete'), '');
    return { note: 'fetched' };
  });
}

await parallel(
  names.map((name) => () => suite(report, name)),
  width,
);

if (built) {
  const artefacts = new Artefacts(packages);
  try {
    const needed = only.length ? Object.keys(packages) : names;
    const packed = await report.check('pack', async () => {
      let bytes = 0;
      for (const name of needed) bytes += await artefacts.pack(name);
      return { note: `${needed.length} tarballs, ${bytes} bytes` };
    });
    if (packed)
      await parallel(
        names.map(
          (name) => () => report.check(`tarball ${name}`, () => artefacts.installAndRun(name)),
        ),
        width,
      );
    for (const name of names.filter((key) => packages[key].kind === 'kernel'))
      await report.check(`browser bundle ${name}`, () => artefacts.browserBundle(name));
    await parallel(
      names.map(
        (name) => () =>
          report.command(`publint ${name}`, 'npx', [
            'publint',
            'run',
            `packages/${name}`,
            '--pack',
            'npm',
            '--level',
            'error',
          ]),
      ),
      width,
    );
  } finally {
    artefacts.dispose();
  }
}

for (const name of names) await bootSuite(report, name);
finish();
