// ./start after Node is there: Debian packages, npm packages, build, kernel, boot. No dependency but Node itself.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aptCommand, installPackages, missingPackages, wantedPackages } from './debian.mjs';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const { packages } = JSON.parse(readFileSync('tools/layers.json', 'utf8'));
const began = performance.now();

function step(name, body) {
  const started = performance.now();
  const note = body();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${name.padEnd(16)} ${String(note).padEnd(52)} ${seconds.padStart(6)} s`);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

function run(command, args, options = {}) {
  const result = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
    env: { ...process.env, NX_DAEMON: 'false', ...options.env },
  });
  if (result.status !== 0) {
    fail(
      `${command} ${args.join(' ')} failed:\n${result.stdout ?? ''}${result.stderr ?? ''}${result.error ?? ''}`,
    );
  }
  return result;
}

function folderBytes(folder) {
  const du = spawnSync('du', ['-sk', folder], { encoding: 'utf8' });
  return Number(du.stdout?.split('\t')[0] ?? 0) * 1024;
}

const mega = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

/** One hash over what the build reads, so that the second start builds nothing. */
function sourceHash() {
  const hash = createHash('sha256').update(readFileSync('package-lock.json'));
  for (const name of Object.keys(packages)) {
    for (const folder of ['src', 'runtime']) {
      const root = join('packages', name, folder);
      if (!existsSync(root)) continue;
      for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })
        .filter((one) => one.isFile())
        .map((one) => join(one.parentPath, one.name))
        .sort()) {
        hash.update(entry).update(readFileSync(entry));
      }
    }
  }
  return hash.digest('hex');
}

step('Node', () => `${process.versions.node}, ${process.execPath}`);

step('Debian packages', () => {
  const wanted = wantedPackages(['start']);
  const missing = missingPackages(wanted);
  if (missing === undefined) return `no dpkg here; wanted on PATH: ${wanted.join(' ')}`;
  if (missing.length === 0) return `${wanted.join(' ')}: there`;
  if (process.getuid() !== 0)
    fail(`Missing Debian packages. Run this, then ./start again:\n  sudo ${aptCommand(missing)}`);
  const before = folderBytes('/usr');
  const { ok, output } = installPackages(missing);
  if (!ok) fail(`${aptCommand(missing)} failed:\n${output}`);
  return `${missing.join(' ')}: ${mega(folderBytes('/usr') - before)}`;
});

step('npm packages', () => {
  const hash = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex');
  const stamp = 'node_modules/.tessera-lock';
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== hash) {
    run('npm', ['install', '--no-audit', '--no-fund', '--no-save', '--prefer-offline']);
    writeFileSync(stamp, hash);
    return `node_modules: ${mega(folderBytes('node_modules'))}`;
  }
  return 'node_modules: up to date';
});

step('build', () => {
  const hash = sourceHash();
  const stamp = 'packages/cli/dist/.tessera-built';
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash)
    return `${Object.keys(packages).length} packages: up to date`;
  // What the command line needs; `./check` builds and checks everything.
  run('npx', ['lerna', 'run', 'build', '--scope', '@tessera/cli', '--include-dependencies']);
  writeFileSync(stamp, hash);
  const bytes = Object.keys(packages).reduce(
    (sum, name) => sum + folderBytes(join('packages', name, 'dist')),
    0,
  );
  return `${Object.keys(packages).length} packages: ${mega(bytes)}`;
});

const tessera = [process.execPath, 'packages/cli/dist/tessera.js'];
const program = ['/bin/busybox', 'echo', 'Hello from busybox, in a kernel written in TypeScript'];
let plan = '';
let kernel = '';
step('kernel', () => {
  plan = run(tessera[0], [tessera[1], 'run', '--dry-run', '--', ...program]).stdout;
  kernel = /^kernel (.*)$/m.exec(plan)?.[1] ?? '';
  return `${kernel}: ${mega(statSync(kernel).size)}`;
});

let output = '';
let bootSeconds = 0;
step('boot', () => {
  const started = performance.now();
  output = run(tessera[0], [tessera[1], 'run', '--accel', 'tcg', '--', ...program]).stdout;
  bootSeconds = (performance.now() - started) / 1000;
  return JSON.stringify(output.trim());
});
if (!output.includes(program[2])) fail(`The program did not print what it should:\n${output}`);

let instructions = 'not counted';
step('count', () => {
  const counted = run(
    tessera[0],
    [tessera[1], 'run', '--accel', 'tcg', '--verbose', '--', ...program],
    { env: { TESSERA_COUNT: '1' } },
  );
  instructions =
    /program started after (\d+) instructions/.exec(counted.stderr)?.[1] ?? instructions;
  return `${instructions} guest instructions from power-on to the program`;
});

console.log(`
program       ${program[0]} (Debian's own, unmodified)
kernel image  ${statSync(kernel).size} bytes
instructions  ${instructions} guest instructions before the program's first (Debian's Linux: 1,287 million)
boot          ${bootSeconds.toFixed(2)} s from the command to its exit
in all        ${((performance.now() - began) / 1000).toFixed(1)} s

Try next:
  ./tessera run -- /bin/busybox sh                  a shell at your terminal; exit leaves
  seq 100000 | ./tessera run -- /bin/busybox sort -rn | head -3
  ./tessera doctor                                    what this host has and lacks`);
