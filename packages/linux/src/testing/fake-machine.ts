/**
 * A whole machine for tests: one process over fakes, with every system call a method call away.
 *
 * Blocking is scripted: each wait takes the next event of `events` (feed input, send a signal, move the clock). A wait
 * without events jumps to its deadline; one without a deadline either is a deadlock and throws.
 */
import type { i64, u64 } from '@tessera/machine';
import {
  Credentials,
  DeviceFileSystem,
  HeapBufferPool,
  ManualClock,
  Namespace,
  PAGE_BYTES,
  Place,
  RamFileSystem,
  type Random,
  type WaitQueue,
} from '@tessera/vfs';
import { Call } from '../call.js';
import {
  type Blocker,
  type ConsoleOutput,
  type HardwareInfo,
  type Log,
  NEVER_NS,
  type ProcessHost,
  type Processor,
  REG_COUNT,
  REG_ORIG_RAX,
  REG_R8,
  REG_R9,
  REG_R10,
  REG_RAX,
  REG_RDI,
  REG_RDX,
  REG_RSI,
  type RegisterFile,
  type SystemClock,
  WAIT_READY,
  WAIT_TIMEOUT,
} from '../contract.js';
import { type Process, Task } from '../process.js';
import { addStandardFiles, type StandardStreams } from '../standard-files.js';
import { LinuxSystem } from '../system.js';
import { FakePagers, FakeSpace } from './fake-memory.js';

export class FakeRegisters implements RegisterFile {
  readonly words: bigint[] = [];
  wasChanged = false;

  constructor() {
    for (let index = 0; index < REG_COUNT; index++) this.words.push(0n);
  }

  get(index: number): u64 {
    return this.words[index];
  }

  set(index: number, value: u64): void {
    this.words[index] = value;
  }

  changed(): void {
    this.wasChanged = true;
  }
}

export class FakeProcessor implements Processor {
  base = 0;
  saved = 0;

  setFsBase(address: number): void {
    this.base = address;
  }

  fsBase(): number {
    return this.base;
  }

  fpuAreaBytes(): number {
    return 512;
  }

  fpuSave(address: number): boolean {
    this.saved = address;
    return true;
  }

  fpuRestore(address: number): boolean {
    return address === this.saved;
  }

  fpuReset(): void {}

  inherit(fsBase: number): void {
    this.base = fsBase;
  }
}

/** Thrown when nothing could ever wake the program. */
export class DeadlockError extends Error {}

export class FakeMachine
  implements Blocker, SystemClock, HardwareInfo, Log, ProcessHost, ConsoleOutput, Random
{
  readonly files: RamFileSystem;
  readonly system: LinuxSystem;
  readonly space: FakeSpace = new FakeSpace();
  readonly registers: FakeRegisters = new FakeRegisters();
  readonly processor: FakeProcessor = new FakeProcessor();
  readonly task: Task;
  readonly process: Process;
  readonly call: Call;
  readonly streams: StandardStreams;
  readonly events: (() => void)[] = [];
  readonly lines: string[] = [];
  readonly fatalLines: string[] = [];
  readonly traceLines: string[] = [];
  readonly out: string[] = ['', '', ''];
  readonly started: Task[] = [];
  /** Whether `clone` makes threads; their code must be run by the test. */
  threads = true;
  nowNs: bigint = 1000000000n;
  status = -1;
  private scratch = 0;
  private seed = 1;

  constructor(terminal: boolean) {
    const clock = new ManualClock(1_700_000_000_000_000);
    this.files = new RamFileSystem(clock, new HeapBufferPool(PAGE_BYTES), undefined, 0);
    const namespace = new Namespace(this.files, 'rootfs');
    const place = new Place(namespace.root, new Credentials(0, 0));
    this.system = new LinuxSystem({
      namespace: namespace,
      clock: this,
      blocker: this,
      pagers: new FakePagers(),
      random: this,
      hardware: this,
      log: this,
      host: this,
    });
    this.task = this.system.createProcess(
      place,
      this.space,
      this.space,
      this.registers,
      this.processor,
    );
    this.process = this.task.process;
    this.call = new Call(this.system, this.task);
    this.streams = addStandardFiles(
      this.system,
      this.process,
      new DeviceFileSystem(this.system.fileClock, this),
      new RamFileSystem(clock, new HeapBufferPool(PAGE_BYTES), undefined, 0),
      this,
      terminal,
      terminal,
      terminal,
      undefined,
    );
    this.scratch = this.space.map({
      address: 0x10000000,
      bytes: 1048576,
      protection: 3,
      flags: 0x12,
      pager: undefined,
      offset: 0,
      name: '',
    });
  }

  // ---- talking to it ----

  /** Runs one system call; strings and byte arrays become addresses; answers the signed result. */
  syscall(number: number, ...args: (number | bigint | string | Uint8Array)[]): number {
    const slots = [REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9];
    this.registers.words[REG_ORIG_RAX] = BigInt(number);
    this.registers.words[REG_RAX] = BigInt.asUintN(64, -38n);
    for (let index = 0; index < slots.length; index++) {
      const argument = index < args.length ? args[index] : 0;
      let raw: bigint;
      if (typeof argument === 'bigint') raw = argument;
      else if (typeof argument === 'number') raw = BigInt(argument);
      else raw = BigInt(this.place(argument));
      this.registers.words[slots[index]] = BigInt.asUintN(64, raw);
    }
    this.system.dispatch(this.task, this.call);
    this.system.beforeReturn(this.task);
    return Number(BigInt.asIntN(64, this.registers.words[REG_RAX]));
  }

  /** Puts a string (with NUL) or bytes into scratch memory. */
  place(what: string | Uint8Array): number {
    const bytes = typeof what === 'string' ? new Uint8Array(what.length + 1) : what;
    if (typeof what === 'string')
      for (let index = 0; index < what.length; index++) bytes[index] = what.charCodeAt(index);
    const address = this.room(bytes.length);
    this.space.copyOut(address, bytes, bytes.length);
    return address;
  }

  /** Scratch memory; wraps around after a megabyte. */
  room(bytes: number): number {
    let at = 0x10000000 + (this.scratch % 1048576);
    if (at + bytes > 0x10000000 + 1048576) {
      this.scratch = 0;
      at = 0x10000000;
    }
    this.scratch = (at - 0x10000000 + bytes + 15) & ~15;
    return at;
  }

  bytes(address: number, length: number): Uint8Array {
    const out = new Uint8Array(length);
    if (!this.space.copyIn(address, out, length))
      throw new Error('not readable: ' + address.toString(16));
    return out;
  }

  text(address: number, length: number): string {
    return String.fromCharCode(...this.bytes(address, length));
  }

  // ---- what the system asks for ----

  wait(_queues: readonly WaitQueue[], ready: () => boolean, deadlineNs: i64): number {
    for (;;) {
      if (ready()) return WAIT_READY;
      const event = this.events.shift();
      if (event !== undefined) {
        event();
        continue;
      }
      if (deadlineNs === NEVER_NS) throw new DeadlockError('nothing wakes the program');
      if (deadlineNs > this.nowNs) this.nowNs = deadlineNs;
      return WAIT_TIMEOUT;
    }
  }

  yield(): void {}

  monotonicNs(): i64 {
    return this.nowNs;
  }

  realtimeNs(): i64 {
    return 1_700_000_000_000_000_000n + this.nowNs;
  }

  cpuTimeNs(): i64 {
    return 20000000n;
  }

  idleNs(): i64 {
    return 0n;
  }

  cpuCount(): number {
    return 2;
  }

  cpuVendor(): string {
    return 'TesseraFake';
  }

  cpuModel(): string {
    return 'Fake CPU';
  }

  cpuFlags(): string {
    return 'fpu sse sse2';
  }

  cpuMhz(): number {
    return 1000;
  }

  totalBytes(): number {
    return 268435456;
  }

  freeBytes(): number {
    return 134217728;
  }

  hardwareCapabilities(): number {
    return 0xf8bfbff;
  }

  line(text: string): void {
    this.lines.push(text);
  }

  fatal(text: string): void {
    this.fatalLines.push(text);
  }

  trace(text: string): void {
    this.traceLines.push(text);
  }

  ended(status: number, _signal: number): void {
    this.status = status;
  }

  taskEnded(_tid: number): void {}

  /** Tasks are made and listed; their program code is the test's business. */
  createTask(parent: Task, tid: number): Task | undefined {
    const registers = new FakeRegisters();
    for (let index = 0; index < REG_COUNT; index++)
      registers.set(index, parent.registers.get(index));
    return this.threads ? new Task(tid, parent.process, registers, new FakeProcessor()) : undefined;
  }

  startTask(task: Task): void {
    this.started.push(task);
  }

  powerOff(status: number): void {
    this.status = status;
  }

  write(stream: number, bytes: Uint8Array): void {
    this.out[stream] += String.fromCharCode(...bytes);
  }

  fill(out: Uint8Array): void {
    for (let index = 0; index < out.length; index++) {
      this.seed = (this.seed * 1103515245 + 12345) % 2147483648;
      out[index] = (this.seed >>> 16) & 0xff;
    }
  }
}
