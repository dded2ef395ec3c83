// Compares code compiled by aot with Node on the programs of this folder, side by side in one run.
//
//   node --conditions=@tessera/source --import tsx bench/aot/run.ts [PROGRAM...]
//
// Each program is run as a process with few and with many iterations, alternating between the two worlds; the difference of
// the best user times divided by the difference of the iterations is the cost of one iteration, without start-up. Both must
// print the same result, else the row says so and the run fails.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile } from '@tessera/aot';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const ROUNDS = 3;
const TARGET_SECONDS = 0.4;

interface Measured {
  readonly seconds: number;
  readonly output: string;
}

function measure(command: string, args: readonly string[]): Measured {
  const started = process.hrtime.bigint();
  const run = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 24 });
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  if (run.status !== 0) throw new Error(`${command}: status ${run.status}\n${run.stderr}`);
  return { seconds, output: run.stdout.trim() };
}

async function prepare(program: string, iterations: number, scratch: string) {
  // The wrapper lies beside the programs so that its imports resolve as theirs do.
  const entry = join(here, `.wrapper-${program}-${iterations}.ts`);
  writeFileSync(
    entry,
    `import { run } from './programs/${program}.js';\nconsole.log(run(${iterations}));\n`,
  );
  try {
    const outDir = join(scratch, `${program}-${iterations}`);
    const { elf } = await compile({
      entry,
      target: 'process',
      outDir,
      profile: 'release',
      cacheDir: join(scratch, 'objects'),
    });
    const script = join(scratch, `${program}-${iterations}.mjs`);
    await build({
      entryPoints: [entry],
      outfile: script,
      bundle: true,
      format: 'esm',
      platform: 'node',
      logLevel: 'error',
      conditions: ['@tessera/source'],
    });
    return { elf, script };
  } finally {
    rmSync(entry, { force: true });
  }
}

function best(runs: readonly Measured[]): number {
  return Math.min(...runs.map((run) => run.seconds));
}

async function compare(program: string, scratch: string): Promise<boolean> {
  const few = await prepare(program, 1, scratch);
  const once = measure(process.execPath, [few.script]);
  // How many iterations give a run that is long enough to measure: found in Node, used in both worlds.
  let iterations = 4;
  let many = await prepare(program, iterations, scratch);
  while (iterations < 100_000) {
    const { seconds } = measure(process.execPath, [many.script]);
    if (seconds - once.seconds >= TARGET_SECONDS) break;
    iterations *= Math.max(
      2,
      Math.min(10, Math.ceil(TARGET_SECONDS / Math.max(seconds - once.seconds, 0.02))),
    );
    many = await prepare(program, iterations, scratch);
  }
  const runs = {
    nodeFew: [] as Measured[],
    nodeMany: [] as Measured[],
    aotFew: [] as Measured[],
    aotMany: [] as Measured[],
  };
  for (let round = 0; round < ROUNDS; round++) {
    runs.nodeFew.push(measure(process.execPath, [few.script]));
    runs.aotFew.push(measure(few.elf, []));
    runs.nodeMany.push(measure(process.execPath, [many.script]));
    runs.aotMany.push(measure(many.elf, []));
  }
  const same = runs.nodeMany[0]?.output === runs.aotMany[0]?.output;
  const node = ((best(runs.nodeMany) - best(runs.nodeFew)) / (iterations - 1)) * 1e3;
  const native = ((best(runs.aotMany) - best(runs.aotFew)) / (iterations - 1)) * 1e3;
  console.log(
    `${program.padEnd(18)} ${node.toFixed(3).padStart(10)} ${native.toFixed(3).padStart(10)} ${(node / native).toFixed(2).padStart(8)}x  ${same ? '' : `DIFFERENT: ${runs.nodeMany[0]?.output} / ${runs.aotMany[0]?.output}`}`,
  );
  return same;
}

const named = process.argv.slice(2);
const programs = named.length
  ? named
  : readdirSync(join(here, 'programs'))
      .map((file) => file.replace(/\.ts$/, ''))
      .filter((name) => name !== 'random')
      .sort();
const scratch = mkdtempSync(join(tmpdir(), 'tessera-bench-aot-'));
let failures = 0;
console.log(
  `${'program'.padEnd(18)} ${'Node ms'.padStart(10)} ${'aot ms'.padStart(10)} ${'speed-up'.padStart(9)}`,
);
for (const program of programs) {
  try {
    if (!(await compare(program, scratch))) failures += 1;
  } catch (error) {
    failures += 1;
    console.log(
      `${program.padEnd(18)} failed: ${(error as Error).message.split('\n').slice(0, 3).join(' | ')}`,
    );
  }
}
rmSync(scratch, { recursive: true, force: true });
process.exitCode = failures === 0 ? 0 : 1;
