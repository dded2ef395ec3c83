/** Signal calls. */
import { dataView, EAGAIN, EFAULT, EINTR, EINVAL, ENOMEM, EPERM, ESRCH } from '@tessera/vfs';
import {
  type Call,
  ERESTARTNOHAND,
  int32,
  lengthOf,
  NO_RESULT,
  uint32,
  userAddress,
} from '../call.js';
import { NEVER_NS, REG_RSP, WAIT_INTERRUPTED } from '../contract.js';
import {
  FRAME_BYTES,
  frameAlternateStack,
  restoreSignalFrame,
  writeSignalInfo,
} from '../signal/frame.js';
import {
  DEFAULT_IGNORE,
  defaultAction,
  SI_KERNEL,
  SI_TKILL,
  SI_USER,
  SIG_DFL,
  SIG_IGN,
  SIGKILL,
  SIGNAL_MAX,
  SIGSEGV,
  SIGSTOP,
  SignalInfo,
  SignalSet,
} from '../signal/signals.js';
import type { SystemCallTable } from './table.js';
import { deadlineAfter, loadTimespec } from './time.js';

const SET_BYTES = 8;
const ACTION_BYTES = 32;
const SS_ONSTACK = 1;
const SS_DISABLE = 2;
const MINSIGSTKSZ = 2048;

function loadSet(call: Call, address: number): SignalSet | undefined {
  const bytes = call.take(address, SET_BYTES);
  if (bytes === undefined) return undefined;
  const view = dataView(bytes);
  const set = new SignalSet();
  set.low = view.getUint32(0, true);
  set.high = view.getUint32(4, true);
  return set;
}

function storeSet(call: Call, address: number, set: SignalSet): number {
  if (address < 0 || !call.memory.store32(address, set.low)) return -EFAULT;
  return call.memory.store32(address + 4, set.high) ? 0 : -EFAULT;
}

function setAction(call: Call): number {
  const signal = int32(call.a0);
  if (lengthOf(call.a3) !== SET_BYTES || signal < 1 || signal > SIGNAL_MAX) return -EINVAL;
  const action = call.process.actions[signal];
  const change = userAddress(call.a1);
  let bytes: Uint8Array | undefined;
  if (change !== 0) {
    bytes = call.take(change, ACTION_BYTES);
    if (bytes === undefined) return -EFAULT;
    if (signal === SIGKILL || signal === SIGSTOP) return -EINVAL;
  }
  if (call.a2 !== 0n) {
    const old = new Uint8Array(ACTION_BYTES);
    const view = new DataView(old.buffer);
    view.setBigUint64(0, BigInt.asUintN(64, BigInt(action.handler)), true);
    view.setBigUint64(8, BigInt.asUintN(64, BigInt(action.flags)), true);
    view.setBigUint64(16, BigInt.asUintN(64, BigInt(action.restorer)), true);
    view.setUint32(24, action.mask.low, true);
    view.setUint32(28, action.mask.high, true);
    const status = call.put(userAddress(call.a2), old, ACTION_BYTES);
    if (status < 0) return status;
  }
  if (bytes === undefined) return 0;
  const view = dataView(bytes);
  const handler = userAddress(view.getBigUint64(0, true));
  const restorer = userAddress(view.getBigUint64(16, true));
  if (handler < 0 || restorer < 0) return -EFAULT;
  action.handler = handler;
  action.flags = uint32(view.getBigUint64(8, true));
  action.restorer = restorer;
  action.mask.low = view.getUint32(24, true);
  action.mask.high = view.getUint32(28, true);
  action.mask.dropUnblockable();
  if (handler === SIG_IGN || (handler === SIG_DFL && defaultAction(signal) === DEFAULT_IGNORE)) {
    call.process.pending.discard(signal);
    for (let index = 0; index < call.process.tasks.length; index++)
      call.process.tasks[index].pending.discard(signal);
  }
  return 0;
}

function changeMask(call: Call): number {
  if (lengthOf(call.a3) !== SET_BYTES) return -EINVAL;
  const blocked = call.task.blocked;
  const old = new SignalSet();
  old.copyFrom(blocked);
  if (call.a1 !== 0n) {
    const set = loadSet(call, userAddress(call.a1));
    if (set === undefined) return -EFAULT;
    set.dropUnblockable();
    const how = int32(call.a0);
    if (how === 0) blocked.union(set);
    else if (how === 1) blocked.subtract(set);
    else if (how === 2) blocked.copyFrom(set);
    else return -EINVAL;
  }
  return call.a2 === 0n ? 0 : storeSet(call, userAddress(call.a2), old);
}

function pendingSet(call: Call): number {
  const all = new SignalSet();
  call.task.pending.addTo(all);
  call.process.pending.addTo(all);
  const set = new SignalSet();
  for (let signal = 1; signal <= SIGNAL_MAX; signal++) {
    if (all.has(signal) && call.task.blocked.has(signal)) set.add(signal);
  }
  return storeSet(call, userAddress(call.a0), set);
}

/** Swaps the mask for the duration of a wait; the old one comes back when a handler returns. */
export function borrowMask(call: Call, set: SignalSet): void {
  const task = call.task;
  task.savedBlocked.copyFrom(task.blocked);
  task.restoreBlocked = true;
  task.blocked.copyFrom(set);
  task.blocked.dropUnblockable();
}

/** Undoes `borrowMask` when no signal is to be delivered. */
export function returnMask(call: Call): void {
  const task = call.task;
  if (!task.restoreBlocked || task.signalled()) return;
  task.blocked.copyFrom(task.savedBlocked);
  task.restoreBlocked = false;
}

function suspend(call: Call): number {
  if (lengthOf(call.a1) !== SET_BYTES) return -EINVAL;
  const set = loadSet(call, userAddress(call.a0));
  if (set === undefined) return -EFAULT;
  borrowMask(call, set);
  call.wait([], () => false, NEVER_NS);
  return -ERESTARTNOHAND;
}

function pause(call: Call): number {
  call.wait([], () => false, NEVER_NS);
  return -ERESTARTNOHAND;
}

function timedWait(call: Call): number {
  if (lengthOf(call.a3) !== SET_BYTES) return -EINVAL;
  const wanted = loadSet(call, userAddress(call.a0));
  if (wanted === undefined) return -EFAULT;
  wanted.dropUnblockable();
  let deadline = NEVER_NS;
  if (call.a2 !== 0n) {
    const ns = loadTimespec(call, userAddress(call.a2));
    if (ns < 0n) return Number(ns);
    deadline = deadlineAfter(call, ns);
  }
  // Everything else stays blocked as it was; what is wanted is let through to us, not to a handler.
  const others = new SignalSet();
  others.low = ~wanted.low >>> 0;
  others.high = ~wanted.high >>> 0;
  const before = new SignalSet();
  before.copyFrom(call.task.blocked);
  call.task.blocked.subtract(wanted);
  let info = takePending(call, others);
  let why = 0;
  if (info === undefined) {
    why = call.wait([], () => false, deadline);
    info = takePending(call, others);
  }
  call.task.blocked.copyFrom(before);
  if (info === undefined) return why === WAIT_INTERRUPTED ? -EINTR : -EAGAIN;
  if (call.a1 !== 0n) {
    const out = new Uint8Array(128);
    writeSignalInfo(new DataView(out.buffer), 0, info);
    const status = call.put(userAddress(call.a1), out, 128);
    if (status < 0) return status;
  }
  return info.signal;
}

function takePending(call: Call, blocked: SignalSet): SignalInfo | undefined {
  const own = call.task.pending.take(blocked);
  return own === undefined ? call.process.pending.take(blocked) : own;
}

/** The information of a signal that this process sends. */
function sent(call: Call, signal: number, code: number): SignalInfo {
  const info = new SignalInfo(signal, code);
  info.senderPid = call.process.pid;
  info.senderUid = call.process.place.credentials.uid;
  return info;
}

function kill(call: Call): number {
  const pid = int32(call.a0);
  const signal = int32(call.a1);
  if (signal < 0 || signal > SIGNAL_MAX) return -EINVAL;
  const process = call.process;
  const meant = pid === process.pid || pid === 0 || pid === -1 || pid === -process.group;
  if (!meant) return pid === 1 ? -EPERM : -ESRCH;
  if (signal !== 0) call.system.sendToProcess(process, sent(call, signal, SI_USER));
  return 0;
}

function killTask(call: Call, group: number, tid: number, signal: number): number {
  if (signal < 0 || signal > SIGNAL_MAX || tid <= 0 || group === 0) return -EINVAL;
  if (group !== -1 && group !== call.process.pid) return -ESRCH;
  for (let index = 0; index < call.process.tasks.length; index++) {
    const task = call.process.tasks[index];
    if (task.tid !== tid) continue;
    if (signal !== 0) call.system.signalTask(task, sent(call, signal, SI_TKILL));
    return 0;
  }
  return -ESRCH;
}

function alternateStack(call: Call): number {
  const stack = call.task.alternate;
  const pointer = Number(BigInt.asUintN(47, call.task.registers.get(REG_RSP)));
  const on = stack.contains(pointer);
  if (call.a1 !== 0n) {
    const old = new Uint8Array(24);
    const view = new DataView(old.buffer);
    view.setBigUint64(0, BigInt.asUintN(64, BigInt(stack.address)), true);
    view.setInt32(8, stack.bytes === 0 ? SS_DISABLE : on ? SS_ONSTACK : 0, true);
    view.setBigUint64(16, BigInt.asUintN(64, BigInt(stack.bytes)), true);
    const status = call.put(userAddress(call.a1), old, 24);
    if (status < 0) return status;
  }
  if (call.a0 === 0n) return 0;
  if (on) return -EPERM;
  const bytes = call.take(userAddress(call.a0), 24);
  if (bytes === undefined) return -EFAULT;
  const view = dataView(bytes);
  const flags = view.getInt32(8, true);
  if ((flags & ~(SS_ONSTACK | SS_DISABLE)) !== 0) return -EINVAL;
  if ((flags & SS_DISABLE) !== 0) {
    stack.address = 0;
    stack.bytes = 0;
    return 0;
  }
  const size = lengthOf(view.getBigUint64(16, true));
  const address = userAddress(view.getBigUint64(0, true));
  if (size < MINSIGSTKSZ) return -ENOMEM;
  if (address < 0) return -EFAULT;
  stack.address = address;
  stack.bytes = size;
  return 0;
}

function signalReturn(call: Call): number {
  const task = call.task;
  const pointer = userAddress(task.registers.get(REG_RSP));
  // The handler's `ret` has taken the restorer's address from the frame.
  const bytes = pointer < 8 ? undefined : call.take(pointer - 8, FRAME_BYTES);
  if (bytes === undefined) {
    call.system.forceSignal(task, new SignalInfo(SIGSEGV, SI_KERNEL));
    return NO_RESULT;
  }
  const fpState = restoreSignalFrame(bytes, task.registers, task.blocked);
  task.blocked.dropUnblockable();
  frameAlternateStack(bytes, task.alternate);
  if (fpState < 0 || (fpState > 0 && !task.processor.fpuRestore(fpState))) {
    call.system.forceSignal(task, new SignalInfo(SIGSEGV, SI_KERNEL));
    return NO_RESULT;
  }
  if (fpState === 0) task.processor.fpuReset();
  task.registers.changed();
  return NO_RESULT;
}

export function addSignalCalls(table: SystemCallTable): void {
  table.done(13, 'Sppn', setAction);
  table.done(14, 'dppn', changeMask);
  table.done(15, '', signalReturn);
  table.done(34, '', pause);
  table.partly(62, 'dS', 'this process only', kill);
  table.done(127, 'pn', pendingSet);
  table.done(128, 'pppn', timedWait);
  table.done(130, 'pn', suspend);
  table.done(131, 'pp', alternateStack);
  table.done(200, 'dS', (c: Call): number => killTask(c, -1, int32(c.a0), int32(c.a1)));
  table.done(234, 'ddS', (c: Call): number => killTask(c, int32(c.a0), int32(c.a1), int32(c.a2)));
}
