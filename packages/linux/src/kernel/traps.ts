/** Traps of the program: system calls, faults, exceptions, and what happens before it runs again. */
import {
  ACCESS_EXECUTE,
  ACCESS_PRESENT,
  ACCESS_WRITE,
  FRAME_ORIG_RAX,
  FRAME_RIP,
  FRAME_VECTOR,
  load32,
  loadInt,
  type TrapHandlers,
  userLoad8,
  VECTOR_SERIAL,
  VECTOR_TIMER,
} from '@tessera/machine';
import {
  type AddressSpace,
  FAULT_BUS,
  FAULT_NO_MAPPING,
  FAULT_NO_MEMORY,
  FAULT_RESOLVED,
} from '@tessera/mm';
import type { Scheduler } from '@tessera/sched/kernel';
import type { Task } from '../process.js';
import {
  BUS_ADRERR,
  FPE_INTDIV,
  ILL_ILLOPN,
  SEGV_ACCERR,
  SEGV_MAPERR,
  SI_KERNEL,
  SIGBUS,
  SIGFPE,
  SIGILL,
  SIGKILL,
  SIGSEGV,
  SIGTRAP,
  SignalInfo,
  TRAP_BRKPT,
} from '../signal/signals.js';
import type { LinuxSystem } from '../system.js';
import type { ConsoleLink } from './console-link.js';
import type { ProgramThreads } from './threads.js';

const VECTOR_DIVIDE = 0;
const VECTOR_DEBUG = 1;
const VECTOR_BREAKPOINT = 3;
const VECTOR_OVERFLOW = 4;
const VECTOR_INVALID = 6;
const VECTOR_PAGE_FAULT = 14;
const VECTOR_X87 = 16;
const VECTOR_ALIGNMENT = 17;
const VECTOR_SIMD = 19;
const HALT = 0xf4;
/** A jump back by three bytes: abort() in C libraries halts in such a loop. */
const JUMP = 0xeb;
const BACK_THREE = 0xfd;

export class ProgramTraps implements TrapHandlers {
  private readonly system: LinuxSystem;
  private readonly threads: ProgramThreads;
  private readonly scheduler: Scheduler;
  private readonly space: AddressSpace;
  private readonly link: ConsoleLink;

  constructor(
    system: LinuxSystem,
    threads: ProgramThreads,
    scheduler: Scheduler,
    space: AddressSpace,
    link: ConsoleLink,
  ) {
    this.system = system;
    this.threads = threads;
    this.scheduler = scheduler;
    this.space = space;
    this.link = link;
  }

  /** The task of the running thread, its registers in `frame`. */
  private enter(frame: number): Task {
    const thread = this.threads.current();
    thread.registers.frame = frame;
    return thread.task;
  }

  systemCall(frame: number): void {
    const thread = this.threads.current();
    thread.registers.frame = frame;
    this.system.dispatch(thread.task, thread.call);
  }

  pageFault(frame: number, address: number, access: number, fromProgram: boolean): boolean {
    const wanted = access & (ACCESS_WRITE | ACCESS_EXECUTE | ACCESS_PRESENT);
    const result = address < 0 ? FAULT_NO_MAPPING : this.space.fault(address, wanted);
    if (result === FAULT_RESOLVED) return true;
    if (!fromProgram) return false;
    const task = this.enter(frame);
    if (result === FAULT_NO_MEMORY) {
      this.system.log.fatal(task.process.executablePath + ': out of memory');
      this.system.endBySignal(task.process, SIGKILL);
      return false;
    }
    let signal = SIGSEGV;
    let code = SEGV_ACCERR;
    if (result === FAULT_BUS) {
      signal = SIGBUS;
      code = BUS_ADRERR;
    } else if (result === FAULT_NO_MAPPING) {
      code = SEGV_MAPERR;
    }
    const info = new SignalInfo(signal, code);
    info.address = address < 0 ? 0 : address;
    info.errorCode = (access & 0x1f) | 4;
    info.trapNumber = VECTOR_PAGE_FAULT;
    this.system.forceSignal(task, info);
    return false;
  }

  exception(frame: number, vector: number): void {
    const task = this.enter(frame);
    const rip = loadInt(frame + FRAME_RIP);
    let signal = SIGSEGV;
    let code = SI_KERNEL;
    switch (vector) {
      case VECTOR_DIVIDE:
      case VECTOR_X87:
      case VECTOR_SIMD:
        signal = SIGFPE;
        code = FPE_INTDIV;
        break;
      case VECTOR_DEBUG:
      case VECTOR_BREAKPOINT:
        signal = SIGTRAP;
        code = TRAP_BRKPT;
        break;
      case VECTOR_INVALID:
        signal = SIGILL;
        code = ILL_ILLOPN;
        break;
      case VECTOR_ALIGNMENT:
        signal = SIGBUS;
        code = 1;
        break;
      case VECTOR_OVERFLOW:
        break;
      default:
        break;
    }
    const info = new SignalInfo(signal, code);
    info.address = signal === SIGFPE || signal === SIGILL ? rip : 0;
    info.trapNumber = vector;
    info.errorCode = load32(frame + FRAME_ORIG_RAX);
    this.system.forceSignal(task, info);
  }

  interrupt(vector: number): void {
    if (vector === VECTOR_SERIAL) this.link.console.onInterrupt();
    this.scheduler.interruptArrived(vector);
  }

  returnToProgram(frame: number): void {
    this.scheduler.beforeProgram();
    const task = this.enter(frame);
    if (load32(frame + FRAME_VECTOR) === VECTOR_TIMER) this.noticeHalt(task, frame);
    this.system.beforeReturn(task);
    // Ended by another thread (execve) or with the process.
    if (task.ended) this.threads.end();
  }

  /** `hlt` does not fault in ring 0: an interrupt that finds the program in its halting loop says what Linux says. */
  private noticeHalt(task: Task, frame: number): void {
    const rip = loadInt(frame + FRAME_RIP);
    if (userLoad8(rip - 1) !== HALT || userLoad8(rip) !== JUMP || userLoad8(rip + 1) !== BACK_THREE)
      return;
    this.system.forceSignal(task, new SignalInfo(SIGSEGV, SI_KERNEL));
  }

  threadMain(id: number): void {
    this.scheduler.threadMain(id);
  }
}
