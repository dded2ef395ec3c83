/**
 * The figures of docs/measurements.md, each printed with the command that gives it: `npm run measure`.
 * Instruction counts repeat; wall times are of this host, now.
 */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../cli/src/tessera.ts', import.meta.url));
const prefix = ['--conditions=@tessera/source', '--import', import.meta.resolve('tsx'), script];
const program = ['/bin/busybox', 'echo', 'hi'];

interface Outcome {
  ok: boolean;
  stdout: string;
  stderr: string;
  seconds: number;
}

function tessera(options: string[], environment: NodeJS.ProcessEnv = {}): Outcome {
  const began = performance.now();
  const run = spawnSync(
    process.execPath,
    [...prefix, 'run', '--accel', 'tcg', ...options, '--', ...program],
    {
      encoding: 'utf8',
      env: { ...process.env, ...environment },
      timeout: 120_000,
      killSignal: 'SIGKILL',
    },
  );
  const ok = run.status === 0 && (options.includes('--dry-run') || run.stdout === 'hi\n');
  return {
    ok,
    stdout: run.stdout,
    stderr: run.stderr,
    seconds: (performance.now() - began) / 1000,
  };
}

function row(name: string, value: string, command: string): void {
  console.log(`${name.padEnd(44)} ${value.padStart(14)}   ${command}`);
}

const plan = tessera(['--dry-run']);
const kernel = /^kernel (.*)$/m.exec(plan.stdout)?.[1];
if (!kernel) throw new Error(`no kernel: ${plan.stderr}`);
row('kernel file, bytes', String(statSync(kernel).size), `stat -c %s ${kernel}`);

for (const target of ['microvm', 'qemu']) {
  const counted = tessera(['--verbose', '--target', target], { TESSERA_COUNT: '1' });
  const instructions = /program started after (\d+) instructions/.exec(counted.stderr)?.[1];
  if (!counted.ok || !instructions) throw new Error(`${target}: ${counted.stderr}`);
  row(
    `${target}: instructions, power-on to program`,
    instructions,
    `TESSERA_COUNT=1 tessera run --verbose --target ${target} -- ${program.join(' ')}`,
  );
}

let low = 2;
let high = 64;
while (high - low > 1) {
  const middle = (low + high) >> 1;
  if (tessera(['--memory', `${middle}M`]).ok) high = middle;
  else low = middle;
}
row(
  'least memory (MiB, module included)',
  String(high),
  `tessera run --memory ${high}M -- ${program.join(' ')}`,
);

const walls = Array.from({ length: 7 }, () => {
  const run = tessera(['--verbose']);
  const started = /, (\d+) ms; (\d+) ms in all/.exec(run.stderr);
  return { machine: Number(started?.[1]), all: Number(started?.[2]), command: run.seconds * 1000 };
});
const median = (values: number[]): string =>
  `${[...values].sort((a, b) => a - b)[values.length >> 1].toFixed(0)} ms`;
row(
  'QEMU spawn to the program, median of 7',
  median(walls.map((w) => w.machine)),
  'tessera run --verbose',
);
row('QEMU spawn to its end, median of 7', median(walls.map((w) => w.all)), 'tessera run --verbose');
row(
  'the whole command (from source), median of 7',
  median(walls.map((w) => w.command)),
  'time tessera run',
);
