/**
 * The standard streams as open files: a terminal, or separate byte streams when the host's are pipes or files.
 */
import {
  type Attributes,
  EAGAIN,
  EBADF,
  makeDevice,
  OpenFile,
  POLLHUP,
  POLLIN,
  POLLOUT,
  S_IFCHR,
  S_IFIFO,
  type Vnode,
  WaitQueue,
} from '@tessera/vfs';
import type { ConsoleOutput } from '../contract.js';
import { INPUT_BYTES_MAX } from '../limits.js';
import { LineDiscipline, type TerminalSink } from './line-discipline.js';

/** The terminal behind /dev/console, /dev/tty and standard streams that are terminals. */
export class Terminal implements TerminalSink {
  readonly discipline: LineDiscipline;
  readonly queue: WaitQueue = new WaitQueue();
  rows = 24;
  columns = 80;
  foregroundGroup = 1;
  session = 1;
  private readonly console: ConsoleOutput;
  private readonly raise: (signal: number) => void;

  constructor(console: ConsoleOutput, raise: (signal: number) => void) {
    this.console = console;
    this.raise = raise;
    this.discipline = new LineDiscipline(this);
  }

  output(bytes: Uint8Array): void {
    this.console.write(1, bytes);
  }

  signal(signal: number): void {
    this.raise(signal);
  }

  input(bytes: Uint8Array): void {
    this.discipline.input(bytes);
    this.queue.wakeAll();
  }

  hangUp(): void {
    this.discipline.hangUp();
    this.queue.wakeAll();
  }
}

export class TerminalFile extends OpenFile {
  readonly terminal: Terminal;
  private readonly node: Vnode | undefined;

  constructor(terminal: Terminal, node: Vnode | undefined, flags: number) {
    super(flags);
    this.terminal = terminal;
    this.node = node;
  }

  override vnode(): Vnode | undefined {
    return this.node;
  }

  override stat(out: Attributes): void {
    if (this.node !== undefined) {
      this.node.stat(out);
      return;
    }
    out.mode = S_IFCHR | 0o620;
    out.rdev = makeDevice(5, 1);
    out.node = 1;
  }

  override read(into: Uint8Array): number {
    return this.mayRead() ? this.terminal.discipline.read(into) : -EBADF;
  }

  override write(from: Uint8Array): number {
    if (!this.mayWrite()) return -EBADF;
    this.terminal.discipline.write(from);
    return from.length;
  }

  override poll(): number {
    return (this.terminal.discipline.readable() ? POLLIN : 0) | POLLOUT;
  }

  override waitQueue(): WaitQueue | undefined {
    return this.terminal.queue;
  }

  override available(): number {
    return this.terminal.discipline.available();
  }
}

/** Told when the program has read, so that the host may send more. */
export interface InputCredit {
  consumed(bytes: number): void;
}

/** Standard input that is no terminal: bytes until the end. */
export class InputStream extends OpenFile {
  readonly queue: WaitQueue = new WaitQueue();
  private readonly chunks: Uint8Array[] = [];
  private head = 0;
  private offset = 0;
  private bytes = 0;
  private ended = false;
  private readonly credit: InputCredit | undefined;

  constructor(flags: number, credit: InputCredit | undefined) {
    super(flags);
    this.credit = credit;
  }

  /** Room for more, so that the sender can be held back. */
  full(): boolean {
    return this.bytes >= INPUT_BYTES_MAX;
  }

  /** Takes the bytes; the caller does not change them any more. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.ended) return;
    this.chunks.push(bytes);
    this.bytes += bytes.length;
    this.queue.wakeAll();
  }

  end(): void {
    this.ended = true;
    this.queue.wakeAll();
  }

  override stat(out: Attributes): void {
    out.mode = S_IFIFO | 0o600;
    out.node = 2;
  }

  override read(into: Uint8Array): number {
    if (into.length === 0) return 0;
    if (this.bytes === 0) return this.ended ? 0 : -EAGAIN;
    let done = 0;
    while (done < into.length && this.head < this.chunks.length) {
      const chunk = this.chunks[this.head];
      let count = chunk.length - this.offset;
      if (count > into.length - done) count = into.length - done;
      into.set(chunk.subarray(this.offset, this.offset + count), done);
      done += count;
      this.offset += count;
      if (this.offset === chunk.length) {
        this.head++;
        this.offset = 0;
      }
    }
    if (this.head > 64 || this.head === this.chunks.length) {
      this.chunks.splice(0, this.head);
      this.head = 0;
    }
    this.bytes -= done;
    if (this.credit !== undefined) this.credit.consumed(done);
    return done;
  }

  override write(_from: Uint8Array): number {
    return -EBADF;
  }

  override poll(): number {
    return (this.bytes > 0 ? POLLIN : 0) | (this.ended ? POLLHUP : 0);
  }

  override waitQueue(): WaitQueue | undefined {
    return this.queue;
  }

  override available(): number {
    return this.bytes;
  }
}

/** Standard output or error that is no terminal. */
export class OutputStream extends OpenFile {
  private readonly console: ConsoleOutput;
  private readonly stream: number;

  constructor(console: ConsoleOutput, stream: number, flags: number) {
    super(flags);
    this.console = console;
    this.stream = stream;
  }

  override stat(out: Attributes): void {
    out.mode = S_IFIFO | 0o600;
    out.node = 2 + this.stream;
  }

  override read(_into: Uint8Array): number {
    return -EBADF;
  }

  override write(from: Uint8Array): number {
    this.console.write(this.stream, from);
    return from.length;
  }

  override poll(): number {
    return POLLOUT;
  }
}
