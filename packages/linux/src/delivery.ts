/**
 * Signals: sending, and delivery on the way back to the program.
 *
 * A signal is delivered only when its thread is about to run program code: either the process ends, or a frame is built on
 * the program's stack and the registers are pointed at the handler. Interrupted calls are restarted or answer EINTR as
 * SA_RESTART says.
 */
import type { u64 } from '@tessera/machine';
import { EINTR } from '@tessera/vfs';
import { ERESTARTSYS, userAddress } from './call.js';
import {
  REG_CS,
  REG_ORIG_RAX,
  REG_RAX,
  REG_RDI,
  REG_RDX,
  REG_RFLAGS,
  REG_RIP,
  REG_RSI,
  REG_RSP,
  REG_SS,
} from './contract.js';
import type { Process, Task } from './process.js';
import { buildSignalFrame, FRAME_BYTES, FRAME_INFO, FRAME_UCONTEXT } from './signal/frame.js';
import {
  DEFAULT_CONTINUE,
  DEFAULT_CORE,
  DEFAULT_IGNORE,
  DEFAULT_STOP,
  defaultAction,
  SA_NODEFER,
  SA_ONSTACK,
  SA_RESETHAND,
  SA_RESTART,
  SA_RESTORER,
  SIG_DFL,
  SIG_IGN,
  SIGKILL,
  SIGSEGV,
  SIGSTOP,
  type SignalAction,
  type SignalInfo,
  SignalSet,
} from './signal/signals.js';
import type { LinuxSystem } from './system.js';

const RED_ZONE_BYTES = 128;
/** Length of the `syscall` instruction, which a restart executes again. */
const SYSCALL_BYTES = 2n;
/** Direction, trap and resume flags are off in a handler. */
const HANDLER_FLAGS_CLEARED: u64 = 0xfffffffffffefaffn;

function word(value: number): u64 {
  return BigInt.asUintN(64, BigInt(value));
}

/** Nothing would happen: such a signal is dropped when it is sent. */
function ignored(process: Process, signal: number): boolean {
  const handler = process.actions[signal].handler;
  if (handler === SIG_IGN) return true;
  if (handler !== SIG_DFL) return false;
  const action = defaultAction(signal);
  return action === DEFAULT_IGNORE || action === DEFAULT_CONTINUE;
}

export class SignalDelivery {
  private readonly system: LinuxSystem;

  constructor(system: LinuxSystem) {
    this.system = system;
  }

  /** To one task. */
  sendToTask(task: Task, info: SignalInfo): void {
    if (!task.blocked.has(info.signal) && ignored(task.process, info.signal)) return;
    task.pending.add(info);
    task.signalQueue.wakeAll();
  }

  /** To whichever task does not block it. */
  sendToProcess(process: Process, info: SignalInfo): void {
    let anyOpen = false;
    for (let index = 0; index < process.tasks.length; index++) {
      if (!process.tasks[index].blocked.has(info.signal)) anyOpen = true;
    }
    if (anyOpen && ignored(process, info.signal)) return;
    process.pending.add(info);
    for (let index = 0; index < process.tasks.length; index++)
      process.tasks[index].signalQueue.wakeAll();
  }

  /** A fault of the task itself: cannot be blocked or ignored. */
  force(task: Task, info: SignalInfo): void {
    const action = task.process.actions[info.signal];
    if (task.blocked.has(info.signal) || action.handler === SIG_IGN) {
      action.handler = SIG_DFL;
      task.blocked.remove(info.signal);
    }
    // In front of everything else: the faulting instruction would otherwise run a handler of another signal first.
    this.deliver(task, info);
  }

  /** Before the task runs program code again. */
  beforeReturn(task: Task): void {
    for (;;) {
      if (task.process.ended || task.ended) return;
      let info = task.pending.take(task.blocked);
      if (info === undefined) info = task.process.pending.take(task.blocked);
      if (info === undefined) break;
      if (this.deliver(task, info)) return;
    }
    if (task.restart !== 0) this.restartCall(task);
    if (task.restoreBlocked) {
      task.blocked.copyFrom(task.savedBlocked);
      task.restoreBlocked = false;
    }
  }

  private restartCall(task: Task): void {
    const registers = task.registers;
    registers.set(REG_RAX, registers.get(REG_ORIG_RAX));
    registers.set(REG_RIP, BigInt.asUintN(64, registers.get(REG_RIP) - SYSCALL_BYTES));
    registers.changed();
    task.restart = 0;
  }

  /** True if a handler is set up or the process has ended. */
  private deliver(task: Task, info: SignalInfo): boolean {
    const process = task.process;
    const action = process.actions[info.signal];
    if (action.handler === SIG_IGN && info.signal !== SIGKILL && info.signal !== SIGSTOP)
      return false;
    if (action.handler === SIG_DFL || info.signal === SIGKILL || info.signal === SIGSTOP) {
      return this.byDefault(task, info);
    }
    this.enterHandler(task, info, action);
    return true;
  }

  private byDefault(task: Task, info: SignalInfo): boolean {
    const action = defaultAction(info.signal);
    if (action === DEFAULT_IGNORE || action === DEFAULT_CONTINUE) return false;
    if (action === DEFAULT_STOP) {
      this.system.log.line(
        'a stop signal is ignored: there is nobody who could continue the program',
      );
      return false;
    }
    if (action === DEFAULT_CORE) this.system.crash(task, info);
    this.system.endBySignal(task.process, info.signal);
    return true;
  }

  private enterHandler(task: Task, info: SignalInfo, action: SignalAction): void {
    const registers = task.registers;
    if (task.restart !== 0) {
      if (task.restart === ERESTARTSYS && (action.flags & SA_RESTART) !== 0) {
        this.restartCall(task);
      } else {
        registers.set(REG_RAX, word(-EINTR));
        task.restart = 0;
      }
    }
    const pointer = userAddress(registers.get(REG_RSP));
    const alternate = task.alternate;
    const wasOn = alternate.contains(pointer);
    let top = pointer - RED_ZONE_BYTES;
    if ((action.flags & SA_ONSTACK) !== 0 && alternate.bytes > 0 && !wasOn)
      top = alternate.address + alternate.bytes;
    const fpBytes = task.processor.fpuAreaBytes();
    let fpState = top - fpBytes;
    fpState -= fpState % 64;
    let frame = fpState - FRAME_BYTES;
    frame = frame - (frame % 16) - 8;
    const before = new SignalSet();
    before.copyFrom(task.restoreBlocked ? task.savedBlocked : task.blocked);
    const bytes = buildSignalFrame(
      registers,
      info,
      before,
      alternate,
      action.restorer,
      fpBytes > 0 ? fpState : 0,
      wasOn,
    );
    const stored =
      pointer > 0 &&
      frame > 0 &&
      (action.flags & SA_RESTORER) !== 0 &&
      task.process.memory.copyOut(frame, bytes, FRAME_BYTES) &&
      (fpBytes === 0 || task.processor.fpuSave(fpState));
    if (!stored) {
      // No room for the frame: nothing can run any more.
      this.system.crash(task, info);
      this.system.endBySignal(task.process, SIGSEGV);
      return;
    }
    registers.set(REG_RSP, word(frame));
    registers.set(REG_RIP, word(action.handler));
    registers.set(REG_RAX, 0n);
    registers.set(REG_RDI, word(info.signal));
    registers.set(REG_RSI, word(frame + FRAME_INFO));
    registers.set(REG_RDX, word(frame + FRAME_UCONTEXT));
    registers.set(
      REG_RFLAGS,
      BigInt.asUintN(64, registers.get(REG_RFLAGS) & HANDLER_FLAGS_CLEARED),
    );
    registers.set(REG_CS, 0x33n);
    registers.set(REG_SS, 0x2bn);
    registers.changed();
    task.blocked.union(action.mask);
    if ((action.flags & SA_NODEFER) === 0) task.blocked.add(info.signal);
    task.blocked.dropUnblockable();
    task.restoreBlocked = false;
    if ((action.flags & SA_RESETHAND) !== 0) action.handler = SIG_DFL;
  }
}
