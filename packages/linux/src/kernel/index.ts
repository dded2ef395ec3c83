/**
 * The kernel door: constructs the system over machine and mm, and runs the program. The boot order reads top to bottom.
 */
import {
  addressOf,
  clockCalibrate,
  clockStart,
  FRAME_RIP,
  FRAME_RSP,
  fpuStart,
  installTrapHandlers,
  interruptsOn,
  loadInt,
  localApicStart,
  panic,
  physicalToVirtual,
  powerFind,
  readBootInformation,
  readPageTableRoot,
  readTsc,
  STACK_HEAD_BYTES,
  serialInterruptsStart,
  VECTOR_TIMER,
  viewAt,
  virtualToPhysical,
} from '@tessera/machine';
import {
  AddressSpace,
  DirectMemory,
  LocalCaches,
  type PageAllocator,
  PageTable,
} from '@tessera/mm';
import { createAllocator, growHeapFrom } from '@tessera/mm/kernel';
import { Scheduler } from '@tessera/sched/kernel';
import {
  type Clock,
  Credentials,
  DeviceFileSystem,
  Failure,
  FOLLOW,
  Namespace,
  PackedFileSystem,
  Place,
  RamFileSystem,
} from '@tessera/vfs';
import {
  BOOT_STRACE,
  BOOT_TTY_ERROR,
  BOOT_TTY_INPUT,
  BOOT_TTY_OUTPUT,
  BOOT_VERBOSE,
  type BootConfiguration,
  readBootConfiguration,
} from '../boot-configuration.js';
import type { Process } from '../process.js';
import { ChaChaRandom } from '../random.js';
import { SIGWINCH } from '../signal/signals.js';
import { addStandardFiles, type StandardStreams } from '../standard-files.js';
import { LinuxSystem } from '../system.js';
import { ConsoleLink, type HostEvents } from './console-link.js';
import { KernelHardware } from './hardware.js';
import { KernelPagePool, KernelPagers } from './page-cache.js';
import { FrameRegisters, KernelProcessor } from './processor.js';
import { PageStacks, ProgramThreads } from './threads.js';
import { ProgramTraps } from './traps.js';
import { KernelUserMemory } from './user-memory.js';
import { MachineClock, ThreadBlocker } from './waiting.js';

/** Of all memory, what files under / may take at most: the program must be able to go on and delete some. */
const ROOT_SHARE = 3;
const SHARES = 4;

/** Options of the subsystem; none yet. */
export type LinuxOptions = Record<string, never>;

/** The contract `program`, version 1. */
export interface Program {
  /** Runs the program; the machine ends with it. */
  run(): void;
}

/** Time stamps of files before there is a system. */
class StampClock implements Clock {
  private readonly clock: MachineClock;

  constructor(clock: MachineClock) {
    this.clock = clock;
  }

  realtimeUs(): number {
    return Number(BigInt.asIntN(64, this.clock.realtimeNs() / 1000n));
  }
}

/** What the host says, for the program. */
class ProgramEvents implements HostEvents {
  private readonly system: LinuxSystem;
  private readonly process: Process;
  private readonly streams: StandardStreams;

  constructor(system: LinuxSystem, process: Process, streams: StandardStreams) {
    this.system = system;
    this.process = process;
    this.streams = streams;
  }

  bytes(bytes: Uint8Array): void {
    // A terminal takes what is typed at once; a stream reports what the program has read.
    if (this.streams.input === undefined) this.streams.credit(bytes.length);
    this.streams.receive(bytes);
  }

  end(): void {
    this.streams.end();
  }

  signal(signal: number): void {
    this.system.signalProcess(this.process, signal);
  }

  window(rows: number, columns: number): void {
    this.streams.terminal.rows = rows;
    this.streams.terminal.columns = columns;
    this.system.signalProcess(this.process, SIGWINCH);
  }
}

class LinuxProgram implements Program {
  private readonly bootAddress: number;
  private readonly link: ConsoleLink = new ConsoleLink();
  /** Head of the boot stack, which becomes the idle thread. */
  private readonly bootHead: Uint8Array = new Uint8Array(STACK_HEAD_BYTES);

  constructor(bootAddress: number) {
    this.bootAddress = bootAddress;
  }

  run(): void {
    clockStart();
    const information = readBootInformation(this.bootAddress, virtualToPhysical(this.bootAddress));
    if (information === undefined) panic('no PVH start information');
    powerFind(information.rsdp);
    localApicStart(VECTOR_TIMER);
    fpuStart();
    this.link.console.hello();
    const allocator = createAllocator(information);
    const table = new PageTable(readPageTableRoot(), new DirectMemory(), allocator);
    growHeapFrom(allocator, table);
    const module = information.modules.length > 0 ? information.modules[0] : undefined;
    if (module === undefined) {
      this.link.broken('no program: the boot module is missing');
      return;
    }
    const image = viewAt(physicalToVirtual(module.start), module.bytes);
    const parsed = readBootConfiguration(image);
    if (parsed === undefined) {
      this.link.broken('the boot module is damaged');
      return;
    }
    const packed = PackedFileSystem.open(image.subarray(parsed.rootOffset, module.bytes));
    if (typeof packed === 'string') {
      this.link.broken('the root file system is ' + packed);
      return;
    }
    clockCalibrate(0n);
    this.start(parsed.configuration, packed, allocator, table);
  }

  private start(
    configuration: BootConfiguration,
    packed: PackedFileSystem,
    allocator: PageAllocator,
    table: PageTable,
  ): void {
    const link = this.link;
    link.verbose = (configuration.flags & BOOT_VERBOSE) !== 0;
    link.errorIsTerminal = (configuration.flags & BOOT_TTY_ERROR) !== 0;
    const clock = new MachineClock(BigInt.asIntN(64, configuration.wallClockNs));
    const scheduler = new Scheduler(new PageStacks(allocator), addressOf(this.bootHead));
    const blocker = new ThreadBlocker(scheduler);
    const threads = new ProgramThreads(scheduler, link, clock);
    const random = new ChaChaRandom(configuration.seed);
    const stamp = new StampClock(clock);
    const pool = new KernelPagePool(allocator);
    const root = new RamFileSystem(
      stamp,
      pool,
      packed.root(),
      Math.trunc((allocator.totalPages * ROOT_SHARE) / SHARES),
    );
    const namespace = new Namespace(root, 'overlay');
    const place = new Place(namespace.root, new Credentials(0, 0));
    const space = new AddressSpace(new DirectMemory(), allocator, table, new LocalCaches());
    const system = new LinuxSystem({
      namespace: namespace,
      clock: clock,
      blocker: blocker,
      pagers: new KernelPagers(allocator),
      random: random,
      hardware: new KernelHardware(allocator),
      log: link,
      host: threads,
    });
    system.tracing = (configuration.flags & BOOT_STRACE) !== 0;
    threads.connect(system);
    const main: () => void = () => this.main(system, scheduler, threads, configuration);
    const thread = scheduler.createProgramThread('program', main);
    const context = thread === undefined ? undefined : scheduler.programOf(thread);
    if (thread === undefined || context === undefined) {
      link.broken('too little memory');
      return;
    }
    const registers = new FrameRegisters();
    const task = system.createProcess(
      place,
      space,
      new KernelUserMemory(),
      registers,
      new KernelProcessor(context),
    );
    threads.adopt(system, thread, task, registers);
    const streams = addStandardFiles(
      system,
      task.process,
      new DeviceFileSystem(system.fileClock, random),
      new RamFileSystem(stamp, pool, undefined, Math.trunc(allocator.totalPages / 2)),
      link,
      (configuration.flags & BOOT_TTY_INPUT) !== 0,
      (configuration.flags & BOOT_TTY_OUTPUT) !== 0,
      (configuration.flags & BOOT_TTY_ERROR) !== 0,
      link,
    );
    if (configuration.rows > 0 && configuration.columns > 0) {
      streams.terminal.rows = configuration.rows;
      streams.terminal.columns = configuration.columns;
    }
    scheduler.onAttention(link);
    installTrapHandlers(new ProgramTraps(system, threads, scheduler, space, link));
    link.connect(new ProgramEvents(system, task.process, streams), blocker);
    serialInterruptsStart();
    interruptsOn();
    scheduler.start(thread);
    scheduler.idle();
  }

  /** The first thread: loads the program and becomes it. */
  private main(
    system: LinuxSystem,
    scheduler: Scheduler,
    threads: ProgramThreads,
    configuration: BootConfiguration,
  ): void {
    const own = threads.current();
    const place = own.task.process.place;
    const namespace = system.namespace;
    if (configuration.workingDirectory.length > 0) {
      const found = namespace.find(place, place.root, configuration.workingDirectory, FOLLOW);
      if (!(found instanceof Failure)) namespace.changeDirectory(place, found);
    }
    const status = system.start(
      own.task,
      configuration.program,
      configuration.argv,
      configuration.environment,
    );
    if (status > 0) {
      this.link.refused(status);
      return;
    }
    this.link.console.started(readTsc());
    const frame = own.registers.frame;
    scheduler.enterProgram(loadInt(frame + FRAME_RIP), loadInt(frame + FRAME_RSP));
  }
}

/** The constructor that the generated entry calls. */
export function constructLinux(_options: LinuxOptions, bootAddress: number): Program {
  return new LinuxProgram(bootAddress);
}
