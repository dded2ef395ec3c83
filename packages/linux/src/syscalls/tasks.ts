/** Tasks: exit, execve, futex, scheduling, and the refusals of what would need a second process. */

import type { i64, u64 } from '@tessera/machine';
import {
  type bytestr,
  dataView,
  E2BIG,
  EAGAIN,
  ECHILD,
  EFAULT,
  EINTR,
  EINVAL,
  ENOSYS,
  EPERM,
  ETIMEDOUT,
  Failure,
  failure,
  WaitQueue,
} from '@tessera/vfs';
import {
  type Call,
  ERESTARTSYS,
  int32,
  lengthOf,
  NO_RESULT,
  uint32,
  userAddress,
} from '../call.js';
import { NEVER_NS, REG_RAX, REG_RSP, WAIT_INTERRUPTED, WAIT_TIMEOUT } from '../contract.js';
import { ARGUMENT_BYTES_MAX, ARGUMENT_COUNT_MAX } from '../limits.js';
import type { SystemCallTable } from './table.js';
import { deadlineAfter, loadTimespec } from './time.js';

function exitTask(call: Call): number {
  call.system.exitTask(call.task, int32(call.a0) & 0xff);
  return NO_RESULT;
}

function exitProcess(call: Call): number {
  call.system.exitProcess(call.process, int32(call.a0) & 0xff);
  return NO_RESULT;
}

/** A null-terminated array of strings. */
function strings(call: Call, argument: u64, budget: number): bytestr[] | Failure {
  const list: bytestr[] = [];
  if (argument === 0n) return list;
  const base = userAddress(argument);
  if (base < 0) return failure(EFAULT);
  let total = 0;
  for (let index = 0; index < ARGUMENT_COUNT_MAX; index++) {
    const pointer = call.memory.load64(base + index * 8);
    if (call.memory.faulted()) return failure(EFAULT);
    if (pointer === 0n) return list;
    const text = call.string(userAddress(pointer), 131072);
    if (text instanceof Failure) return text.errno === EFAULT ? text : failure(E2BIG);
    total += text.length + 9;
    if (total > budget) return failure(E2BIG);
    list.push(text);
  }
  return failure(E2BIG);
}

function execute(call: Call): number {
  const path = call.path(call.a0);
  if (path instanceof Failure) return -path.errno;
  const argv = strings(call, call.a1, ARGUMENT_BYTES_MAX);
  if (argv instanceof Failure) return -argv.errno;
  const envp = strings(call, call.a2, ARGUMENT_BYTES_MAX);
  if (envp instanceof Failure) return -envp.errno;
  const status = call.system.execute(call.task, path, argv, envp);
  return status < 0 ? status : NO_RESULT;
}

const FUTEX_WAIT = 0;
const FUTEX_WAKE = 1;
const FUTEX_REQUEUE = 3;
const FUTEX_CMP_REQUEUE = 4;
const FUTEX_WAKE_OP = 5;
const FUTEX_WAIT_BITSET = 9;
const FUTEX_WAKE_BITSET = 10;
const FUTEX_CLOCK_REALTIME = 256;

/** One waiter on one address; in the order of arrival. */
export class FutexWaiter {
  address: number;
  readonly bits: number;
  woken = false;
  readonly queue: WaitQueue = new WaitQueue();

  constructor(address: number, bits: number) {
    this.address = address;
    this.bits = bits;
  }
}

export class FutexTable {
  private readonly waiters: FutexWaiter[] = [];

  add(waiter: FutexWaiter): void {
    this.waiters.push(waiter);
  }

  remove(waiter: FutexWaiter): void {
    const index = this.waiters.indexOf(waiter);
    if (index >= 0) this.waiters.splice(index, 1);
  }

  wake(address: number, count: number, bits: number): number {
    let woken = 0;
    let index = 0;
    while (index < this.waiters.length && woken < count) {
      const waiter = this.waiters[index];
      if (waiter.address !== address || (waiter.bits & bits) === 0) {
        index++;
        continue;
      }
      this.waiters.splice(index, 1);
      waiter.woken = true;
      waiter.queue.wakeAll();
      woken++;
    }
    return woken;
  }

  requeue(address: number, to: number, count: number): number {
    let moved = 0;
    for (let index = 0; index < this.waiters.length && moved < count; index++) {
      if (this.waiters[index].address !== address) continue;
      this.waiters[index].address = to;
      moved++;
    }
    return moved;
  }
}

function futexWait(
  call: Call,
  address: number,
  expected: number,
  deadline: i64,
  bits: number,
): number {
  if (bits === 0) return -EINVAL;
  const waiter = new FutexWaiter(address, bits);
  const table = call.system.futexes;
  // On the list before the value is read: a wake between the two finds the waiter.
  table.add(waiter);
  const value = call.memory.load32(address);
  if (value < 0 || value !== expected) {
    table.remove(waiter);
    return value < 0 ? -EFAULT : -EAGAIN;
  }
  const why = call.wait([waiter.queue], () => waiter.woken, deadline);
  if (waiter.woken) return 0;
  table.remove(waiter);
  if (why === WAIT_TIMEOUT) return -ETIMEDOUT;
  return why === WAIT_INTERRUPTED ? (deadline === NEVER_NS ? -ERESTARTSYS : -EINTR) : 0;
}

/** The deadline of a futex wait: relative for WAIT, absolute for WAIT_BITSET. Below 0: -errno. */
function futexDeadline(call: Call, operation: number, realtime: boolean): i64 {
  if (call.a3 === 0n) return NEVER_NS;
  const ns = loadTimespec(call, userAddress(call.a3));
  if (ns < 0n) return ns;
  if (operation === FUTEX_WAIT) return deadlineAfter(call, ns);
  if (!realtime) return ns;
  const ahead = BigInt.asIntN(64, ns - call.system.clock.realtimeNs());
  return ahead < 0n ? 0n : deadlineAfter(call, ahead);
}

function futex(call: Call): number {
  const address = userAddress(call.a0);
  if (address < 0) return -EFAULT;
  if (address % 4 !== 0) return -EINVAL;
  const code = uint32(call.a1);
  const operation = code & 127;
  const value = uint32(call.a2);
  switch (operation) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET: {
      const deadline = futexDeadline(call, operation, (code & FUTEX_CLOCK_REALTIME) !== 0);
      if (deadline < 0n) return Number(deadline);
      return futexWait(
        call,
        address,
        value,
        deadline,
        operation === FUTEX_WAIT ? -1 : uint32(call.a5),
      );
    }
    case FUTEX_WAKE:
      return call.system.futexes.wake(address, int32(call.a2), -1);
    case FUTEX_WAKE_BITSET:
      return uint32(call.a5) === 0
        ? -EINVAL
        : call.system.futexes.wake(address, int32(call.a2), uint32(call.a5));
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE: {
      if (operation === FUTEX_CMP_REQUEUE) {
        const present = call.memory.load32(address);
        if (present < 0) return -EFAULT;
        if (present !== uint32(call.a5)) return -EAGAIN;
      }
      const to = userAddress(call.a4);
      if (to < 0) return -EFAULT;
      const woken = call.system.futexes.wake(address, int32(call.a2), -1);
      return woken + call.system.futexes.requeue(address, to, int32(call.a3));
    }
    case FUTEX_WAKE_OP:
      return -ENOSYS;
    default:
      return -ENOSYS;
  }
}

function needsProcess(call: Call, name: string): number {
  call.system.log.fatal(
    name +
      ': a second process is not possible here (one program per machine); the call answers ENOSYS',
  );
  return -ENOSYS;
}

const CLONE_VM = 0x100;
const CLONE_FS = 0x200;
const CLONE_FILES = 0x400;
const CLONE_SIGHAND = 0x800;
const CLONE_THREAD = 0x10000;
const CLONE_SETTLS = 0x80000;
const CLONE_PARENT_SETTID = 0x100000;
const CLONE_CHILD_CLEARTID = 0x200000;
const CLONE_CHILD_SETTID = 0x1000000;
/** What makes a thread and not a process. */
const CLONE_AS_THREAD = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
/** struct clone_args, first version. */
const CLONE_ARGS_BYTES = 64;

/** A thread: the caller's registers but for the result, the stack and the thread-local base. */
function cloneTask(
  call: Call,
  flags: number,
  stack: u64,
  parentTid: u64,
  childTid: u64,
  tls: u64,
): number {
  if ((flags & CLONE_AS_THREAD) !== CLONE_AS_THREAD) return needsProcess(call, 'clone');
  const base = userAddress(tls);
  if ((flags & CLONE_SETTLS) !== 0 && base < 0) return -EPERM;
  const task = call.system.createTask(call.task);
  if (task === undefined) return -EAGAIN;
  const parentAddress = userAddress(parentTid);
  const childAddress = userAddress(childTid);
  if ((flags & CLONE_PARENT_SETTID) !== 0) call.memory.store32(parentAddress, task.tid);
  if ((flags & CLONE_CHILD_SETTID) !== 0) call.memory.store32(childAddress, task.tid);
  if ((flags & CLONE_CHILD_CLEARTID) !== 0) task.clearChildTid = childAddress;
  task.processor.inherit((flags & CLONE_SETTLS) !== 0 ? base : call.task.processor.fsBase());
  task.registers.set(REG_RAX, 0n);
  if (stack !== 0n) task.registers.set(REG_RSP, stack);
  call.system.host.startTask(task);
  return task.tid;
}

function clone3(call: Call): number {
  const size = lengthOf(call.a1);
  if (size < CLONE_ARGS_BYTES) return -EINVAL;
  if (size > 4096) return -E2BIG;
  const bytes = call.take(userAddress(call.a0), size);
  if (bytes === undefined) return -EFAULT;
  const view = dataView(bytes);
  const flags = view.getBigUint64(0, true);
  if (flags > 0xffffffffn) return -EINVAL;
  const stack = view.getBigUint64(40, true);
  const top = BigInt.asUintN(64, stack + view.getBigUint64(48, true));
  return cloneTask(
    call,
    uint32(flags),
    top,
    view.getBigUint64(24, true),
    view.getBigUint64(16, true),
    view.getBigUint64(56, true),
  );
}

function reboot(call: Call): number {
  if (uint32(call.a0) !== 0xfee1dead) return -EINVAL;
  if (call.process.place.credentials.uid !== 0) return -EPERM;
  switch (uint32(call.a2)) {
    case 0x4321fedc:
    case 0xcdef0123:
    case 0x01234567:
      call.system.host.powerOff(0);
      return NO_RESULT;
    case 0:
    case 0x89abcdef:
      return 0;
    default:
      return -EINVAL;
  }
}

export function addTaskCalls(table: SystemCallTable): void {
  const noFork =
    'a second process is not possible: one program per machine; said in words to the user';
  table.done(24, '', (c: Call): number => {
    c.system.blocker.yield();
    return 0;
  });
  table.partly(56, 'xpppx', 'threads only: a second process is not possible', (c: Call): number =>
    cloneTask(c, uint32(c.a0), c.a1, c.a2, c.a3, c.a4),
  );
  table.refused(57, '', noFork, (c: Call): number => needsProcess(c, 'fork'));
  table.refused(58, '', noFork, (c: Call): number => needsProcess(c, 'vfork'));
  table.partly(435, 'pn', 'threads only: a second process is not possible', clone3);
  table.partly(59, 'spp', 'replaces the program in place; other threads end', execute);
  table.done(60, 'd', exitTask);
  table.partly(61, 'dpxp', 'there are no children', (_c: Call): number => -ECHILD);
  table.partly(247, 'ddpxp', 'there are no children', (_c: Call): number => -ECHILD);
  table.partly(169, 'xxxp', 'halt, power off and restart all end the machine', reboot);
  table.partly(202, 'pxdpp', 'no FUTEX_WAKE_OP, no priority inheritance', futex);
  table.done(218, 'p', (c: Call): number => {
    c.task.clearChildTid = userAddress(c.a0);
    return c.task.tid;
  });
  table.done(231, 'd', exitProcess);
  table.done(273, 'pn', (c: Call): number => {
    if (c.a1 !== 24n) return -EINVAL;
    c.task.robustList = userAddress(c.a0);
    return 0;
  });
  table.partly(144, 'ddp', 'no effect; SCHED_OTHER only', (c: Call): number =>
    int32(c.a1) === 0 ? 0 : -EPERM,
  );
  table.done(145, 'd', (_c: Call): number => 0);
  table.done(143, 'dp', (c: Call): number =>
    c.memory.store32(userAddress(c.a1), 0) ? 0 : -EFAULT,
  );
  table.done(146, 'd', (_c: Call): number => 0);
  table.done(147, 'd', (_c: Call): number => 0);
}
