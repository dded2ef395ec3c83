/**
 * Runs a machine and talks to it: child process on one side, the caller's streams on the other, the console protocol between.
 *
 * Ends in exactly one way: the guest's EXIT frame decides the status; a machine that goes away without one is Tessera's own
 * failure (125), with what it printed last. However it ends, the child is gone when the promise settles.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { EXIT_KERNEL, EXIT_REFUSED, EXIT_SIGNAL, EXIT_STATUS } from '@tessera/console';
import { closeWriteEnd, openOutputPipe } from './fifo.js';
import { HostConsole, type HostConsoleEvents } from './host-console.js';
import type { Command } from './qemu.js';

const SIGPIPE = 13;
/** A pipe holds 64 KiB, so this allows 64 MB/s; nobody sees a millisecond at a terminal. */
const GATHER_MS = 1;
const RAW_KEPT_BYTES = 16 * 1024;

export interface RunOptions {
  readonly command: Command;
  /** Input of the program; undefined: end of input at once. */
  readonly input?: Readable | undefined;
  readonly output: Writable;
  readonly error: Writable;
  /** Kernel messages and firmware text, line by line; undefined: nobody wants them. */
  readonly log?: ((line: string) => void) | undefined;
  /** The guest speaks within this time, or the machine has not started. 0: wait for ever (a debugger is attached). */
  readonly helloTimeoutMs?: number | undefined;
  /** Between the first request to end and the end by force. */
  readonly graceMs?: number | undefined;
}

export interface RunResult {
  /** What `tessera run` exits with. */
  readonly exitStatus: number;
  /** Why the machine ended, for a message to the user; undefined when the program ended by itself. */
  readonly failure: string | undefined;
  /** The guest's time-stamp counter when the program's first instruction ran; undefined if it never did. */
  readonly startedCounter: bigint | undefined;
  /** From the start of the machine to the program's first instruction. */
  readonly startedMs: number | undefined;
  readonly wallMs: number;
}

/** The exit status that an EXIT frame asks for. */
export function exitStatusOf(cause: number, value: number): number {
  switch (cause) {
    case EXIT_STATUS:
      return value;
    case EXIT_SIGNAL:
      return 128 + (value & 0x7f);
    case EXIT_REFUSED:
      return value === 127 ? 127 : 126;
    case EXIT_KERNEL:
      return value === 137 ? 137 : 125;
    default:
      return 125;
  }
}

/** Printable text and line ends only: a broken frame must not reach the user's terminal as control codes. */
function printable(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => {
    if (byte === 10 || byte === 9 || (byte >= 32 && byte < 127)) return String.fromCharCode(byte);
    return byte === 13 ? '' : '.';
  }).join('');
}

export class MachineRun implements HostConsoleEvents {
  /** Settles when the machine is gone and all output has been passed on. */
  readonly result: Promise<RunResult>;
  /** Pieces of anything that came from the guest: it lives as long as this grows. */
  framesHeard = 0;
  private readonly options: RunOptions;
  private readonly child: ChildProcess;
  private readonly line: Readable;
  private readonly console: HostConsole;
  private readonly began: number = performance.now();
  private settle!: (result: RunResult) => void;
  private settled = false;
  private status: number | undefined;
  private failure: string | undefined;
  private startedCounter: bigint | undefined;
  private startedMs: number | undefined;
  private rawText = '';
  private machineErrors = '';
  private unwritten = 0;
  private readonly deafened: Set<Writable> = new Set();
  private readonly timers: NodeJS.Timeout[] = [];
  private endRequests = 0;
  private childGone = false;
  private removeInput: () => void = () => {};

  constructor(options: RunOptions) {
    this.options = options;
    this.result = new Promise((resolve) => {
      this.settle = resolve;
    });
    // A group of its own: the terminal's ^C reaches us, not QEMU.
    const pipe = openOutputPipe();
    this.child = spawn(options.command.file, options.command.arguments, {
      stdio: ['pipe', pipe?.writeEnd ?? 'pipe', 'pipe'],
      detached: true,
    });
    closeWriteEnd(pipe);
    this.line = pipe?.reader ?? this.child.stdout!;
    this.console = new HostConsole((bytes) => this.child.stdin!.write(bytes), this);
    this.child.stdin!.on('error', () => {}); // the machine went away: 'close' tells
    this.line.on('data', (bytes: Buffer) => {
      this.framesHeard += 1;
      this.console.receive(bytes);
      this.letBytesGather();
    });
    this.child.stderr!.on('data', (bytes: Buffer) => {
      this.machineErrors = (this.machineErrors + bytes.toString()).slice(-RAW_KEPT_BYTES);
    });
    this.child.on('error', (error) =>
      this.finish(`cannot start ${options.command.file}: ${error.message}`),
    );
    let open = 2; // the child, and its line: bytes may still lie in the pipe when the child is gone
    const closed = (): void => {
      open -= 1;
      if (open > 0) return;
      this.console.finish();
      if (this.status === undefined && this.failure === undefined) {
        const how = this.child.signalCode ?? `exit status ${this.child.exitCode}`;
        this.failure = `the machine ended without an exit status (QEMU ${how})`;
      }
      this.finish();
    };
    this.line.on('error', () => {});
    this.line.on('close', closed);
    this.child.on('exit', closed);
    for (const stream of [options.output, options.error])
      stream.on('error', this.outputBroken.bind(this, stream));
    const helloMs = options.helloTimeoutMs ?? 60_000;
    if (helloMs > 0)
      this.later(
        helloMs,
        () =>
          this.console.ready || this.fail(`the kernel did not start within ${helloMs / 1000} s`),
      );
  }

  /** A signal for the program: ^C, SIGTERM, SIGHUP, ... */
  signal(signal: number): void {
    this.console.signal(signal);
  }

  window(rows: number, columns: number): void {
    this.console.window(rows, columns);
  }

  /**
   * A request to end, as ^C or SIGTERM on a run without a terminal: the first goes to the program as a signal, a second one or
   * the grace time ends the machine.
   */
  requestEnd(signal: number): void {
    this.endRequests += 1;
    if (this.endRequests > 1) {
      this.kill(128 + signal);
      return;
    }
    this.console.signal(signal);
    this.later(this.options.graceMs ?? 5000, () => this.kill(128 + signal));
  }

  /** Ends the machine now. */
  kill(exitStatus: number): void {
    this.status ??= exitStatus;
    this.end();
  }

  hello(): void {
    const { input } = this.options;
    if (!input) {
      this.console.endInput();
      return;
    }
    const data = (bytes: Buffer): void => {
      if (!this.console.sendInput(bytes)) input.pause();
    };
    const end = (): void => this.console.endInput();
    input.on('data', data);
    input.on('end', end);
    input.on('error', end);
    this.removeInput = () => {
      input.off('data', data);
      input.off('end', end);
      input.off('error', end);
      input.pause();
    };
    if (input.readableEnded) end();
  }

  inputDrained(): void {
    this.options.input?.resume();
  }

  output(descriptor: 1 | 2, bytes: Uint8Array): void {
    const stream = descriptor === 1 ? this.options.output : this.options.error;
    if (this.deafened.has(stream)) {
      this.console.passedOn(bytes.length);
      return;
    }
    this.unwritten += 1;
    stream.write(bytes, () => {
      this.unwritten -= 1;
      if (!this.settled) this.console.passedOn(bytes.length);
      this.finishWhenWritten();
    });
  }

  log(text: string): void {
    for (const line of text.split('\n')) if (line !== '') this.options.log?.(line);
  }

  raw(bytes: Uint8Array): void {
    const text = printable(bytes);
    this.rawText = (this.rawText + text).slice(-RAW_KEPT_BYTES);
    this.log(text);
  }

  started(counter: bigint): void {
    this.startedCounter = counter;
    this.startedMs = performance.now() - this.began;
  }

  exit(cause: number, value: number): void {
    this.status ??= exitStatusOf(cause, value);
    if (cause === EXIT_KERNEL) this.failure = 'the kernel gave up';
    this.end();
  }

  violation(what: string): void {
    this.fail(`the kernel broke the console protocol: ${what}`);
  }

  private outputBroken(stream: Writable): void {
    // Whoever read our output is gone. The program learns it as it would on Linux.
    if (this.deafened.has(stream)) return;
    this.deafened.add(stream);
    this.requestEnd(SIGPIPE);
  }

  private fail(why: string): void {
    this.failure ??= why;
    this.end();
  }

  /** The child is ended by force: after EXIT it has nothing left to say, and a hung one would not listen. */
  private end(): void {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
  }

  /**
   * QEMU writes its serial port byte by byte. Waking for each costs both sides more than the byte; a pause of a millisecond
   * lets the pipe fill.
   */
  private letBytesGather(): void {
    this.line.pause();
    setTimeout(() => this.line.resume(), GATHER_MS);
  }

  private later(ms: number, body: () => void): void {
    const timer = setTimeout(() => !this.settled && body(), ms);
    timer.unref();
    this.timers.push(timer);
  }

  private finish(failure?: string): void {
    if (failure !== undefined) this.failure ??= failure;
    this.childGone = true;
    this.finishWhenWritten();
  }

  private finishWhenWritten(): void {
    if (!this.childGone || this.settled) return;
    const waiting = this.unwritten > 0 && this.deafened.size === 0;
    if (waiting) return;
    this.settled = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.removeInput();
    const told = [this.failure, this.machineErrors.trim(), this.rawText.trim()]
      .filter(Boolean)
      .join('\n');
    this.settle({
      exitStatus: this.status ?? 125,
      failure: this.failure === undefined ? undefined : told,
      startedCounter: this.startedCounter,
      startedMs: this.startedMs,
      wallMs: performance.now() - this.began,
    });
  }
}
