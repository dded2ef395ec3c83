/**
 * execve in place, and the start of the first program.
 *
 * Up to the point of no return everything is checked with the old program intact: the file, its interpreter (of `#!` as
 * well as of ELF), all headers. Then the address space is emptied and filled again.
 */
import {
  bytesToString,
  type bytestr,
  E2BIG,
  EACCES,
  ELOOP,
  ENOENT,
  ENOEXEC,
  errnoName,
  Failure,
  type OpenFile,
} from '@tessera/vfs';
import { REG_COUNT, REG_CS, REG_RFLAGS, REG_RIP, REG_RSP, REG_SS } from './contract.js';
import {
  type Executable,
  inspectExecutable,
  Loader,
  LoadFailure,
  openForExecution,
  readFully,
} from './elf/loader.js';
import { ARGUMENT_BYTES_MAX, PROBE_BYTES, SCRIPT_DEPTH_MAX } from './limits.js';
import type { Process, Task } from './process.js';
import { SA_ONSTACK, SIG_DFL, SIG_IGN, SIGKILL, SIGNAL_MAX } from './signal/signals.js';
import type { LinuxSystem } from './system.js';
import { baseName } from './text.js';

/** Smallest stack for a signal handler, besides the floating-point area. */
const MINIMUM_SIGNAL_STACK = 1024;

/** An executable, and the arguments that `#!` lines have put in front. */
class Prepared {
  readonly executable: Executable;
  readonly argv: readonly bytestr[];

  constructor(executable: Executable, argv: readonly bytestr[]) {
    this.executable = executable;
    this.argv = argv;
  }
}

/** A `#!` line: interpreter and at most one argument. */
export class ScriptLine {
  readonly interpreter: bytestr;
  readonly argument: bytestr;

  constructor(interpreter: bytestr, argument: bytestr) {
    this.interpreter = interpreter;
    this.argument = argument;
  }
}

/** Reads the first line of a script; undefined if there is no interpreter in it. */
export function parseScriptLine(bytes: Uint8Array): ScriptLine | undefined {
  if (bytes.length < 3 || bytes[0] !== 35 || bytes[1] !== 33) return undefined;
  let end = 2;
  while (end < bytes.length && bytes[end] !== 10) end++;
  const line = bytesToString(bytes, 2, end).trim();
  if (line.length === 0) return undefined;
  let split = 0;
  while (split < line.length && line.charCodeAt(split) !== 32 && line.charCodeAt(split) !== 9)
    split++;
  return new ScriptLine(line.slice(0, split), line.slice(split).trim());
}

export class ProgramStarter {
  private readonly system: LinuxSystem;

  constructor(system: LinuxSystem) {
    this.system = system;
  }

  private prepare(
    process: Process,
    path: bytestr,
    argv: readonly bytestr[],
  ): Prepared | LoadFailure {
    const namespace = this.system.namespace;
    let name = path;
    let list = argv;
    for (let depth = 0; depth <= SCRIPT_DEPTH_MAX; depth++) {
      const file = openForExecution(namespace, process.place, name);
      if (file instanceof Failure) {
        const what = file.errno === ENOENT ? 'not found' : 'not executable';
        return new LoadFailure(
          file.errno,
          depth === 0 ? what : 'its interpreter ' + name + ' is ' + what,
        );
      }
      const first = readFully(file, 0, PROBE_BYTES);
      if (first instanceof Failure) {
        file.release();
        return new LoadFailure(first.errno, 'cannot be read');
      }
      const script = parseScriptLine(first);
      if (script === undefined) return this.inspect(process, file, name, list);
      file.release();
      const next: bytestr[] = [script.interpreter];
      if (script.argument.length > 0) next.push(script.argument);
      next.push(name);
      for (let index = 1; index < list.length; index++) next.push(list[index]);
      list = next;
      name = script.interpreter;
    }
    return new LoadFailure(ELOOP, 'too many #! interpreters');
  }

  private inspect(
    process: Process,
    file: OpenFile,
    path: bytestr,
    argv: readonly bytestr[],
  ): Prepared | LoadFailure {
    const executable = inspectExecutable(this.system.namespace, process.place, file, path);
    return executable instanceof LoadFailure ? executable : new Prepared(executable, argv);
  }

  /** Replaces the program. A failure before the point of no return leaves all as it was. */
  execute(
    task: Task,
    path: bytestr,
    argv: readonly bytestr[],
    envp: readonly bytestr[],
  ): LoadFailure | undefined {
    const process = task.process;
    const prepared = this.prepare(process, path, argv);
    if (prepared instanceof LoadFailure) return prepared;
    let bytes = 0;
    for (let index = 0; index < prepared.argv.length; index++)
      bytes += prepared.argv[index].length + 9;
    if (bytes > ARGUMENT_BYTES_MAX) return new LoadFailure(E2BIG, 'argument list too long');
    this.forgetOldProgram(task);
    const loader = new Loader(process.space, process.memory, this.system.pagers);
    const loaded = loader.load(
      prepared.executable,
      prepared.argv,
      envp,
      process.place,
      this.system.random,
      this.system.hardware.hardwareCapabilities(),
      MINIMUM_SIGNAL_STACK + task.processor.fpuAreaBytes(),
    );
    if (loaded instanceof LoadFailure) {
      prepared.executable.release();
      this.system.log.fatal(path + ': ' + loaded.reason);
      this.system.endBySignal(process, SIGKILL);
      return loaded;
    }
    if (process.executable !== undefined) process.executable.release();
    process.executable = prepared.executable.file;
    if (prepared.executable.interpreter !== undefined) prepared.executable.interpreter.release();
    process.executablePath = this.absolute(
      process,
      prepared.executable.file,
      prepared.executable.path,
    );
    process.argv = prepared.argv;
    process.argumentsStart = loaded.argumentsStart;
    process.environmentStart = loaded.environmentStart;
    process.environmentEnd = loaded.environmentEnd;
    task.name = baseName(prepared.executable.path).slice(0, 15);
    const registers = task.registers;
    for (let index = 0; index < REG_COUNT; index++) registers.set(index, 0n);
    registers.set(REG_RIP, BigInt.asUintN(64, BigInt(loaded.entry)));
    registers.set(REG_RSP, BigInt.asUintN(64, BigInt(loaded.stackPointer)));
    registers.set(REG_RFLAGS, 0x202n);
    registers.set(REG_CS, 0x33n);
    registers.set(REG_SS, 0x2bn);
    registers.changed();
    return undefined;
  }

  private absolute(process: Process, file: OpenFile, path: bytestr): bytestr {
    if (file.dentry === undefined) return path;
    const found = this.system.namespace.pathOf(file.dentry, process.place);
    return found === undefined ? path : found;
  }

  /** The point of no return. */
  private forgetOldProgram(task: Task): void {
    const process = task.process;
    this.system.endOtherTasks(task);
    process.space.reset();
    process.files.closeAllOnExec();
    for (let signal = 1; signal <= SIGNAL_MAX; signal++) {
      const action = process.actions[signal];
      if (action.handler !== SIG_IGN) action.handler = SIG_DFL;
      action.flags &= ~SA_ONSTACK;
      action.mask.low = 0;
      action.mask.high = 0;
    }
    task.alternate.address = 0;
    task.alternate.bytes = 0;
    task.clearChildTid = 0;
    task.robustList = 0;
    task.restart = 0;
    task.processor.setFsBase(0);
    task.processor.fpuReset();
  }

  /** Finds a command without a slash on PATH, as a shell would. */
  search(process: Process, name: bytestr, envp: readonly bytestr[]): bytestr {
    if (name.indexOf('/') >= 0) return name;
    let path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    for (let index = 0; index < envp.length; index++) {
      if (envp[index].startsWith('PATH=')) path = envp[index].slice(5);
    }
    let start = 0;
    while (start <= path.length) {
      let end = path.indexOf(':', start);
      if (end < 0) end = path.length;
      const directory = end > start ? path.slice(start, end) : '.';
      const candidate = directory + '/' + name;
      const file = openForExecution(this.system.namespace, process.place, candidate);
      if (!(file instanceof Failure)) {
        file.release();
        return candidate;
      }
      start = end + 1;
    }
    return name;
  }
}

/** The status of a shell for a program that could not be started. */
export function startStatus(errno: number): number {
  return errno === ENOENT ? 127 : 126;
}

export function startMessage(path: bytestr, failed: LoadFailure): string {
  const tail =
    failed.errno === ENOEXEC || failed.errno === ENOENT || failed.errno === EACCES
      ? ''
      : ' (' + errnoName(failed.errno) + ')';
  return path + ': ' + failed.reason + tail;
}
