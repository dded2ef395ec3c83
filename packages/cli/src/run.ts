/** `tessera run`: pack, boot, connect the streams, exit with the program's status. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import type { ReadStream, WriteStream } from 'node:tty';
import {
  type Accelerator,
  cacheFolder,
  chooseAccelerator,
  defineImage,
  type HostView,
  type Image,
  kernelFor,
  type MachineOptions,
  MachineRun,
  type ProgramTree,
  packProgram,
  qemuCommand,
  TesseraError,
  temporaryFolder,
  writeModule,
} from '@tessera/boot';
import type { MachineChoice } from './options.js';
import { DeadMachineWatch, enterRawMode } from './terminal.js';

const SIGNALS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };
const SIGQUIT = 3;

export function say(line: string): void {
  process.stderr.write(`tessera: ${line}\n`);
}

export function imageOf(choice: MachineChoice, words: readonly string[]): Image {
  const [program, ...args] = words;
  if (program === undefined)
    throw new TesseraError('no program given: tessera run [options] -- PROGRAM [ARG...]');
  return defineImage({
    target: choice.target,
    program,
    arguments: args,
    memory: choice.memoryBytes,
    cpus: choice.cpus,
    environment: choice.environment,
    additions: choice.additions,
  });
}

export function hostView(choice: MachineChoice): HostView {
  const terminal = (stream: { isTTY?: boolean }): boolean => stream.isTTY === true;
  const size = [process.stdout, process.stderr].find(terminal) as WriteStream | undefined;
  return {
    workingDirectory: process.cwd(),
    searchPath: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    rootfs: choice.rootfs,
    terminals: {
      input: terminal(process.stdin),
      output: terminal(process.stdout),
      error: terminal(process.stderr),
    },
    rows: size?.rows ?? 24,
    columns: size?.columns ?? 80,
    wallClockMs: Date.now(),
  };
}

/** KVM where it is worth having; the reason for TCG is told once per machine, and always with --verbose. */
export function pickAccelerator(choice: MachineChoice): Accelerator {
  if (choice.accelerator) return choice.accelerator;
  const { accelerator, reason } = chooseAccelerator();
  if (reason === undefined) return accelerator;
  const stamp = join(cacheFolder(), 'told-about-tcg');
  if (choice.verbose || !existsSync(stamp)) {
    say(`${reason}; QEMU translates instead (--accel tcg)`);
    mkdirSync(dirname(stamp), { recursive: true });
    writeFileSync(stamp, `${reason}\n`);
  }
  return accelerator;
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

export function describePacked(packed: ProgramTree): string[] {
  const lines = [`program ${packed.program} (${packed.dynamic ? 'dynamic' : 'static'})`];
  for (const library of packed.libraries) lines.push(`library ${library}`);
  for (const path of packed.tree.skipped) lines.push(`left out: ${path}`);
  return lines;
}

function printDryRun(
  image: Image,
  packed: ProgramTree,
  machine: MachineOptions,
  kernel: string,
): void {
  const command = qemuCommand(machine);
  const quote = (word: string): string =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
  const lines = [
    `kernel ${kernel}`,
    ...image.composition.subsystems.map(
      (one) => `subsystem ${one.descriptor.name} from ${one.descriptor.module}`,
    ),
    ...describePacked(packed),
    ...[...packed.tree.entries.keys()].sort().map((path) => `file ${path}`),
    `start ${[command.file, ...command.arguments].map(quote).join(' ')}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Connects terminal, signals and window size for the time of a run. Returns what undoes it. */
function connect(machine: MachineRun, rawInput: boolean): () => void {
  const undo: (() => void)[] = [];
  if (rawInput) {
    undo.push(enterRawMode(process.stdin as ReadStream));
    const watch = new DeadMachineWatch(
      () => machine.framesHeard,
      () => machine.kill(130),
    );
    const keys = (bytes: Buffer): void => watch.keys(bytes);
    process.stdin.on('data', keys);
    undo.push(() => process.stdin.off('data', keys));
  }
  for (const [name, number] of Object.entries(SIGNALS)) {
    const handler = (): void => machine.requestEnd(number);
    process.on(name, handler);
    undo.push(() => process.off(name, handler));
  }
  const quit = (): void => machine.signal(SIGQUIT);
  process.on('SIGQUIT', quit);
  undo.push(() => process.off('SIGQUIT', quit));
  const resize = (): void =>
    machine.window(process.stdout.rows ?? 24, process.stdout.columns ?? 80);
  process.stdout.on('resize', resize);
  undo.push(() => process.stdout.off('resize', resize));
  return () => {
    for (const step of undo.reverse()) step();
  };
}

/** Runs a program in a machine of its own. Resolves to the exit status; throws TesseraError before the boot. */
export async function runCommand(choice: MachineChoice, words: readonly string[]): Promise<number> {
  const image = imageOf(choice, words);
  const host = hostView(choice);
  // The program is judged first: what cannot run here says so without compiling or booting anything.
  const packed = packProgram(image, host);
  const kernel = await kernelFor(image);
  const scratch = temporaryFolder();
  const machineOptions: MachineOptions = {
    target: image.target,
    accelerator: pickAccelerator(choice),
    memoryBytes: image.memoryBytes,
    cpus: image.cpus,
    kernel: kernel.path,
    module: join(scratch.path, 'module'),
    gdbPort: choice.gdb ? await freePort() : undefined,
    countInstructions: process.env['TESSERA_COUNT'] === '1',
    extra: choice.qemuArguments,
  };
  if (choice.dryRun) {
    printDryRun(image, packed, machineOptions, kernel.path);
    scratch.remove();
    return 0;
  }
  const began = performance.now();
  const written = writeModule(machineOptions.module, image, packed, host, choice);
  if (choice.verbose) {
    say(
      `kernel ${kernel.path}: ${kernel.bytes} bytes, ${kernel.cached ? 'cached' : `compiled in ${kernel.seconds.toFixed(1)} s`}`,
    );
    for (const line of describePacked(packed)) say(line);
    say(
      `packed ${packed.tree.entries.size} files, ${written.rootBytes} bytes, in ${(performance.now() - began).toFixed(0)} ms`,
    );
  }
  if (choice.gdb) {
    say(
      `waiting for a debugger: gdb ${kernel.path} -ex 'target remote 127.0.0.1:${machineOptions.gdbPort}'`,
    );
  }
  const machine = new MachineRun({
    command: qemuCommand(machineOptions),
    input: process.stdin,
    output: process.stdout,
    error: process.stderr,
    log: choice.verbose ? say : undefined,
    helloTimeoutMs: choice.gdb ? 0 : undefined,
  });
  const disconnect = connect(machine, host.terminals.input);
  const result = await machine.result;
  disconnect();
  scratch.remove();
  if (result.failure !== undefined) say(result.failure);
  if (choice.verbose && result.startedCounter !== undefined) {
    const unit = machineOptions.countInstructions ? 'instructions' : 'time-stamp ticks';
    say(
      `program started after ${result.startedCounter} ${unit}, ${result.startedMs?.toFixed(0)} ms; ${result.wallMs.toFixed(0)} ms in all`,
    );
  }
  return result.exitStatus;
}
