/** Runs one program to its end under our system calls and a file system of our own; answers what came out. */
import { readFileSync } from 'node:fs';
import {
  Credentials,
  DeviceFileSystem,
  HeapBufferPool,
  ManualClock,
  Namespace,
  PackError,
  PackedFileSystem,
  type PackItem,
  Place,
  packImage,
  RamFileSystem,
} from '@tessera/vfs';
import {
  addStandardFiles,
  Call,
  LinuxSystem,
  SEGV_ACCERR,
  SEGV_MAPERR,
  SIGILL,
  SIGSEGV,
  SignalInfo,
} from '../../src/index.js';
import { FakeMachine } from '../../src/testing/index.js';
import { TracedMachine } from './traced-machine.js';

export interface RunResult {
  status: number;
  stdout: string;
  stderr: string;
  kernel: string[];
  trace: string[];
}

export interface RunOptions {
  input?: Uint8Array;
  environment?: string[];
  terminal?: string;
  limit?: number;
}

export function runProgram(
  tracer: string,
  items: PackItem[],
  argv: string[],
  options: RunOptions = {},
): RunResult {
  const image = packImage(items);
  if (image instanceof PackError) throw new Error(image.path + ': ' + image.reason);
  const packed = PackedFileSystem.open(image);
  if (typeof packed === 'string') throw new Error(packed);
  // Clock, random numbers, log and console are those of the fakes; memory and registers are real.
  const fakes = new FakeMachine(false);
  fakes.threads = false;
  const machine = new TracedMachine(tracer);
  try {
    const clock = new ManualClock(1_700_000_000_000_000);
    const pool = new HeapBufferPool(4096);
    const namespace = new Namespace(new RamFileSystem(clock, pool, packed.root(), 0), 'overlay');
    const place = new Place(namespace.root, new Credentials(0, 0));
    const system = new LinuxSystem({
      namespace,
      clock: fakes,
      blocker: fakes,
      pagers: machine,
      random: fakes,
      hardware: fakes,
      log: fakes,
      host: fakes,
    });
    system.tracing = true;
    const task = system.createProcess(place, machine, machine, machine, machine);
    const terminal = options.terminal !== undefined;
    const streams = addStandardFiles(
      system,
      task.process,
      new DeviceFileSystem(system.fileClock, fakes),
      new RamFileSystem(clock, pool, undefined, 0),
      fakes,
      terminal,
      terminal,
      terminal,
      undefined,
    );
    if (options.terminal !== undefined) {
      for (const key of options.terminal) {
        fakes.events.push(() => streams.receive(Uint8Array.from([key.charCodeAt(0)])));
      }
    } else {
      streams.receive(options.input ?? new Uint8Array(0));
      streams.end();
    }
    fakes.lines.length = 0;
    const call = new Call(system, task);
    const refused = system.start(task, argv[0], argv, [
      'PATH=/bin:/usr/bin',
      'HOME=/',
      ...(options.environment ?? []),
    ]);
    if (refused > 0) fakes.status = refused;
    let budget = options.limit ?? 200000;
    while (fakes.status < 0) {
      if (budget-- <= 0)
        throw new Error(
          'the program does not end; last calls:\n' + fakes.traceLines.slice(-20).join('\n'),
        );
      const event = machine.resume();
      if (event.kind === 0) {
        system.dispatch(task, call);
      } else {
        const mapped = machine
          .regions()
          .some((region) => event.address >= region.start && event.address < region.end);
        const code = event.signal === SIGSEGV ? (mapped ? SEGV_ACCERR : SEGV_MAPERR) : event.code;
        const info = new SignalInfo(event.signal, event.signal === SIGILL ? 2 : code);
        info.address = event.address;
        system.forceSignal(task, info);
      }
      system.beforeReturn(task);
      // The host kernel must not restart calls of its own accord.
      machine.set(15, 0xffffffffffffffffn);
    }
    return {
      status: fakes.status,
      stdout: fakes.out[1],
      stderr: fakes.out[2],
      kernel: [...fakes.fatalLines, ...fakes.lines],
      trace: fakes.traceLines,
    };
  } finally {
    machine.close();
  }
}

export function hostFile(path: string): Uint8Array {
  return new Uint8Array(readFileSync(path));
}
