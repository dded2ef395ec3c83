/** The console line: the program's streams, signals and messages over machine's serial port. */

import { EXIT_KERNEL, EXIT_REFUSED, EXIT_SIGNAL, EXIT_STATUS } from '@tessera/console';
import { type ConsoleEvents, GuestConsole, type SerialPort } from '@tessera/console/kernel';
import {
  addressOf,
  interruptsOff,
  interruptsOn,
  powerOff,
  serialRead,
  serialWrite,
} from '@tessera/machine';
import { WaitQueue } from '@tessera/vfs';
import type { ConsoleOutput, Log } from '../contract.js';
import type { InputCredit } from '../tty/streams.js';

class MachinePort implements SerialPort {
  write(bytes: Uint8Array, start: number, length: number): void {
    serialWrite(addressOf(bytes) + start, length);
  }

  read(): number {
    return serialRead();
  }

  mask(): void {
    interruptsOff();
  }

  unmask(): void {
    interruptsOn();
  }
}

/** What the host tells the program; the kernel fills it in once there is a program. */
export interface HostEvents {
  bytes(bytes: Uint8Array): void;
  end(): void;
  signal(signal: number): void;
  window(rows: number, columns: number): void;
}

/** Sleeps until the host takes output again. */
export interface OutputWait {
  waitOutput(queue: WaitQueue, ready: () => boolean): void;
}

export class ConsoleLink implements ConsoleEvents, ConsoleOutput, Log, InputCredit {
  readonly console: GuestConsole;
  verbose = false;
  /** Lines on stderr need a carriage return too: the host's terminal is raw. */
  errorIsTerminal = false;
  private host: HostEvents | undefined = undefined;
  private waiting: OutputWait | undefined = undefined;
  private readonly outputQueue: WaitQueue = new WaitQueue();
  private stopping = false;

  constructor() {
    this.console = new GuestConsole(new MachinePort(), this);
  }

  connect(host: HostEvents, waiting: OutputWait): void {
    this.host = host;
    this.waiting = waiting;
  }

  /** Deferred work of the scheduler: what the interrupt left in the ring. */
  run(): void {
    this.console.poll();
  }

  // ---- events ----

  input(bytes: Uint8Array, start: number, length: number): void {
    if (this.host !== undefined) this.host.bytes(bytes.slice(start, start + length));
  }

  inputEnd(): void {
    if (this.host !== undefined) this.host.end();
  }

  signal(signal: number): void {
    if (this.host !== undefined) this.host.signal(signal);
  }

  window(rows: number, columns: number): void {
    if (this.host !== undefined) this.host.window(rows, columns);
  }

  outputReady(): void {
    this.outputQueue.wakeAll();
  }

  stop(): void {
    this.stopping = true;
    if (this.host !== undefined) this.host.signal(15);
  }

  stopRequested(): boolean {
    return this.stopping;
  }

  consumed(bytes: number): void {
    this.console.inputTaken(bytes);
  }

  // ---- output ----

  write(stream: number, bytes: Uint8Array): void {
    let done = 0;
    while (done < bytes.length) {
      const taken = this.console.writeOutput(stream, bytes, done, bytes.length - done);
      done += taken;
      if (done < bytes.length && taken === 0) this.waitForCredit();
    }
  }

  private waitForCredit(): void {
    const waiting = this.waiting;
    if (waiting !== undefined) {
      waiting.waitOutput(this.outputQueue, () => this.console.outputSpace() > 0);
      return;
    }
    while (this.console.outputSpace() === 0) this.console.poll();
  }

  private errorLine(text: string): void {
    const line = text + (this.errorIsTerminal ? '\r\n' : '\n');
    const bytes = new Uint8Array(line.length);
    for (let index = 0; index < line.length; index++) bytes[index] = line.charCodeAt(index) & 0xff;
    this.write(2, bytes);
  }

  // ---- messages ----

  line(text: string): void {
    if (this.verbose) this.console.log(text);
  }

  fatal(text: string): void {
    this.errorLine('tessera: ' + text);
  }

  trace(text: string): void {
    this.errorLine(text);
  }

  // ---- the end ----

  ended(status: number, signal: number): void {
    if (signal > 0) this.console.exit(EXIT_SIGNAL, signal);
    else this.console.exit(EXIT_STATUS, status);
    powerOff();
  }

  refused(status: number): void {
    this.console.exit(EXIT_REFUSED, status);
    powerOff();
  }

  broken(reason: string): void {
    this.fatal(reason);
    this.console.exit(EXIT_KERNEL, 125);
    powerOff();
  }

  powerOff(status: number): void {
    this.console.exit(EXIT_STATUS, status);
    powerOff();
  }
}
