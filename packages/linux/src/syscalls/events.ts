/** epoll and eventfd. */
import type { i64 } from '@tessera/machine';
import {
  EFAULT,
  EINTR,
  EINVAL,
  EPERM,
  Failure,
  O_CLOEXEC,
  O_NONBLOCK,
  type OpenFile,
  S_IFDIR,
  S_IFREG,
} from '@tessera/vfs';
import { type Call, int32, lengthOf, uint32, userAddress } from '../call.js';
import { NEVER_NS, WAIT_INTERRUPTED } from '../contract.js';
import { EPOLL_CTL_DEL, EpollFile, EventFile } from '../events.js';
import { SignalSet } from '../signal/signals.js';
import { borrowMask, returnMask } from './signals.js';
import type { SystemCallTable } from './table.js';
import { deadlineAfter } from './time.js';

const EVENT_BYTES = 12;
const EVENTS_MAX = 4096;
const EFD_SEMAPHORE = 1;

function install(call: Call, file: OpenFile, closeOnExec: boolean): number {
  const descriptor = call.process.files.install(file, 0, closeOnExec);
  if (descriptor < 0) file.release();
  return descriptor;
}

function create(call: Call, flags: number): number {
  if ((flags & ~O_CLOEXEC) !== 0) return -EINVAL;
  const file = new EpollFile(call.system.takeAnonymousNode(), call.process.files);
  return install(call, file, (flags & O_CLOEXEC) !== 0);
}

function control(call: Call): number {
  const epoll = call.file(call.a0);
  if (epoll instanceof Failure) return -epoll.errno;
  const file = call.file(call.a2);
  if (file instanceof Failure) return -file.errno;
  if (!(epoll instanceof EpollFile)) return -EINVAL;
  const node = file.vnode();
  // Ordinary files are always ready: epoll refuses them.
  if (node !== undefined && (node.type === S_IFREG || node.type === S_IFDIR)) return -EPERM;
  const operation = int32(call.a1);
  if (operation === EPOLL_CTL_DEL) return epoll.control(operation, int32(call.a2), file, 0, 0n);
  const address = userAddress(call.a3);
  const events = address < 0 ? -1 : call.memory.load32(address);
  if (events < 0) return -EFAULT;
  const data = call.memory.load64(address + 4);
  if (call.memory.faulted()) return -EFAULT;
  return epoll.control(operation, int32(call.a2), file, events, data);
}

function waitEvents(call: Call): number {
  const epoll = call.file(call.a0);
  if (epoll instanceof Failure) return -epoll.errno;
  if (!(epoll instanceof EpollFile)) return -EINVAL;
  const limit = int32(call.a2);
  if (limit <= 0) return -EINVAL;
  const timeoutMs = int32(call.a3);
  let deadline: i64 = NEVER_NS;
  if (timeoutMs >= 0)
    deadline = deadlineAfter(call, BigInt.asIntN(64, BigInt(timeoutMs) * 1000000n));
  if (timeoutMs !== 0 && !epoll.ready()) {
    const why = call.wait([epoll.queue], () => epoll.ready(), deadline);
    if (why === WAIT_INTERRUPTED && !epoll.ready()) return -EINTR;
  }
  const list = epoll.collect(limit > EVENTS_MAX ? EVENTS_MAX : limit);
  const out = new Uint8Array(list.length * EVENT_BYTES);
  const view = new DataView(out.buffer);
  for (let index = 0; index < list.length; index++) {
    view.setUint32(index * EVENT_BYTES, list[index].events, true);
    view.setBigUint64(index * EVENT_BYTES + 4, list[index].data, true);
  }
  const status = call.put(userAddress(call.a1), out, out.length);
  return status < 0 ? status : list.length;
}

function waitMasked(call: Call): number {
  if (call.a4 !== 0n) {
    if (lengthOf(call.a5) !== 8) return -EINVAL;
    const address = userAddress(call.a4);
    const set = new SignalSet();
    set.low = address < 0 ? -1 : call.memory.load32(address);
    set.high = address < 0 ? -1 : call.memory.load32(address + 4);
    if (set.low < 0 || set.high < 0) return -EFAULT;
    borrowMask(call, set);
  }
  const result = waitEvents(call);
  returnMask(call);
  return result;
}

function createEvent(call: Call, flags: number): number {
  if ((flags & ~(O_CLOEXEC | O_NONBLOCK | EFD_SEMAPHORE)) !== 0) return -EINVAL;
  const initial = BigInt.asUintN(64, BigInt(uint32(call.a0)));
  const semaphore = (flags & EFD_SEMAPHORE) !== 0;
  const file = new EventFile(
    call.system.takeAnonymousNode(),
    initial,
    semaphore,
    flags & O_NONBLOCK,
  );
  return install(call, file, (flags & O_CLOEXEC) !== 0);
}

export function addEventCalls(table: SystemCallTable): void {
  table.done(213, 'd', (c: Call): number => (int32(c.a0) <= 0 ? -EINVAL : create(c, 0)));
  table.done(232, 'fpdd', waitEvents);
  table.done(233, 'fdfp', control);
  table.done(281, 'fpddpn', waitMasked);
  table.done(284, 'u', (c: Call): number => createEvent(c, 0));
  table.done(290, 'ux', (c: Call): number => createEvent(c, int32(c.a1)));
  table.done(291, 'x', (c: Call): number => create(c, int32(c.a0)));
}
