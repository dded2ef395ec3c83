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
  timerArm,
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
import type { Call } from '../call.js';
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
import type { FrameRegisters } from './processor.js';
import { WATCH_NS } from './waiting.js';

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
  private readonly task: Task;
  private readonly call: Call;
  private readonly space: AddressSpace;
  private readonly registers: FrameRegisters;
  private readonly link: ConsoleLink;
  /** A timer interrupt is to come. */
  private watching = false;
  /** An interrupt came since the console was looked at: reading the port costs an exit to the hypervisor. */
  private attention = true;

  constructor(
    system: LinuxSystem,
    task: Task,
    call: Call,
    space: AddressSpace,
    registers: FrameRegisters,
    link: ConsoleLink,
  ) {
    this.system = system;
    this.task = task;
    this.call = call;
    this.space = space;
    this.registers = registers;
    this.link = link;
  }

  systemCall(frame: number): void {
    this.registers.frame = frame;
    this.system.dispatch(this.task, this.call);
  }

  pageFault(frame: number, address: number, access: number, fromProgram: boolean): boolean {
    const wanted = access & (ACCESS_WRITE | ACCESS_EXECUTE | ACCESS_PRESENT);
    const result = address < 0 ? FAULT_NO_MAPPING : this.space.fault(address, wanted);
    if (result === FAULT_RESOLVED) return true;
    if (!fromProgram) return false;
    this.registers.frame = frame;
    if (result === FAULT_NO_MEMORY) {
      this.system.log.fatal(this.task.process.executablePath + ': out of memory');
      this.system.endBySignal(this.task.process, SIGKILL);
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
    this.system.forceSignal(this.task, info);
    return false;
  }

  exception(frame: number, vector: number): void {
    this.registers.frame = frame;
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
    this.system.forceSignal(this.task, info);
  }

  interrupt(vector: number): void {
    this.attention = true;
    if (vector === VECTOR_SERIAL) this.link.console.onInterrupt();
    else if (vector === VECTOR_TIMER) this.watching = false;
  }

  returnToProgram(frame: number): void {
    this.registers.frame = frame;
    if (this.attention) {
      this.attention = false;
      this.link.console.poll();
      if (load32(frame + FRAME_VECTOR) === VECTOR_TIMER) this.noticeHalt(frame);
    }
    if (!this.watching) {
      this.watching = true;
      timerArm(WATCH_NS);
    }
    this.system.beforeReturn(this.task);
  }

  /** `hlt` does not fault in ring 0: an interrupt that finds the program in its halting loop says what Linux says. */
  private noticeHalt(frame: number): void {
    const rip = loadInt(frame + FRAME_RIP);
    if (userLoad8(rip - 1) !== HALT || userLoad8(rip) !== JUMP || userLoad8(rip + 1) !== BACK_THREE)
      return;
    this.system.forceSignal(this.task, new SignalInfo(SIGSEGV, SI_KERNEL));
  }

  /** The program is about to run for the first time. */
  beforeFirst(): void {
    this.watching = true;
    timerArm(WATCH_NS);
  }

  threadMain(_argument: number): void {}
}
