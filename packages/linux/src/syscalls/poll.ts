/** poll, ppoll, select, pselect6. */

import type { i64, u64 } from '@tessera/machine';
import {
  dataView,
  EBADF,
  EFAULT,
  EINTR,
  EINVAL,
  type OpenFile,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  type WaitQueue,
} from '@tessera/vfs';
import { type Call, ERESTARTNOHAND, int32, lengthOf, signedOf, userAddress } from '../call.js';
import { NEVER_NS, WAIT_INTERRUPTED } from '../contract.js';
import { POLL_COUNT_MAX } from '../limits.js';
import { SignalSet } from '../signal/signals.js';
import { borrowMask, returnMask } from './signals.js';
import type { SystemCallTable } from './table.js';
import { deadlineAfter, loadTimespec, timespecNs } from './time.js';

class Watched {
  readonly file: OpenFile | undefined;
  readonly wanted: number;
  result = 0;

  constructor(file: OpenFile | undefined, wanted: number) {
    this.file = file;
    this.wanted = wanted;
  }
}

/** Looks at all; answers how many have something to tell. */
function look(watched: readonly Watched[]): number {
  let count = 0;
  for (let index = 0; index < watched.length; index++) {
    const one = watched[index];
    if (one.file !== undefined) one.result = one.file.poll() & (one.wanted | POLLERR | POLLHUP);
    if (one.result !== 0) count++;
  }
  return count;
}

/** Waits until something is ready or the deadline passes; the count, or -errno. */
function waitAny(call: Call, watched: readonly Watched[], deadline: i64): number {
  let count = look(watched);
  if (count > 0 || deadline === 0n) return count;
  const queues: WaitQueue[] = [];
  for (let index = 0; index < watched.length; index++) {
    const file = watched[index].file;
    if (file === undefined) continue;
    const queue = file.waitQueue();
    if (queue !== undefined) queues.push(queue);
  }
  const why = call.wait(queues, () => look(watched) > 0, deadline);
  count = look(watched);
  return count === 0 && why === WAIT_INTERRUPTED ? -EINTR : count;
}

function pollFiles(call: Call, address: number, count: number, deadline: i64): number {
  if (count > POLL_COUNT_MAX) return -EINVAL;
  const bytes = call.take(address, count * 8);
  if (bytes === undefined) return -EFAULT;
  const view = dataView(bytes);
  const watched: Watched[] = [];
  for (let index = 0; index < count; index++) {
    const descriptor = view.getInt32(index * 8, true);
    const file = descriptor < 0 ? undefined : call.process.files.get(descriptor);
    const one = new Watched(file, view.getUint16(index * 8 + 4, true));
    if (descriptor >= 0 && file === undefined) one.result = POLLNVAL;
    watched.push(one);
  }
  const ready = waitAny(call, watched, deadline);
  if (ready < 0) return ready;
  for (let index = 0; index < count; index++)
    view.setUint16(index * 8 + 6, watched[index].result, true);
  const status = call.put(address, bytes, bytes.length);
  return status < 0 ? status : ready;
}

function poll(call: Call): number {
  const timeoutMs = int32(call.a2);
  let deadline: i64 = NEVER_NS;
  if (timeoutMs === 0) deadline = 0n;
  else if (timeoutMs > 0)
    deadline = deadlineAfter(call, BigInt.asIntN(64, BigInt(timeoutMs) * 1000000n));
  return pollFiles(call, userAddress(call.a0), lengthOf(call.a1), deadline);
}

/** A timeout as timespec by address: NEVER without one; below 0 is -errno. */
function timeoutAt(call: Call, argument: u64): i64 {
  if (argument === 0n) return NEVER_NS;
  const ns = loadTimespec(call, userAddress(argument));
  if (ns <= 0n) return ns;
  return deadlineAfter(call, ns);
}

function loadMask(call: Call, argument: u64): SignalSet | undefined {
  const bytes = call.take(userAddress(argument), 8);
  if (bytes === undefined) return undefined;
  const view = dataView(bytes);
  const set = new SignalSet();
  set.low = view.getUint32(0, true);
  set.high = view.getUint32(4, true);
  return set;
}

function pollMasked(call: Call): number {
  const deadline = timeoutAt(call, call.a2);
  if (deadline < 0n) return Number(deadline);
  if (call.a3 !== 0n) {
    const set = loadMask(call, call.a3);
    if (set === undefined) return -EFAULT;
    borrowMask(call, set);
  }
  const result = pollFiles(call, userAddress(call.a0), lengthOf(call.a1), deadline);
  returnMask(call);
  return result === -EINTR ? -ERESTARTNOHAND : result;
}

const READ_BITS = POLLIN | POLLHUP | POLLERR;
const WRITE_BITS = POLLOUT | POLLERR;

function bitSet(set: Uint8Array | undefined, descriptor: number): boolean {
  if (set === undefined) return false;
  return ((set[descriptor >> 3] >> (descriptor & 7)) & 1) !== 0;
}

function selectFiles(call: Call, count: number, deadline: i64): number {
  if (count < 0 || count > 1048576) return -EINVAL;
  const bytes = Math.trunc((count + 63) / 64) * 8;
  const sets: (Uint8Array | undefined)[] = [];
  const addresses: number[] = [];
  for (let which = 0; which < 3; which++) {
    const argument = call.argument(which + 1);
    const address = userAddress(argument);
    addresses.push(address);
    if (argument === 0n) {
      sets.push(undefined);
      continue;
    }
    const set = call.take(address, bytes);
    if (set === undefined) return -EFAULT;
    sets.push(set);
  }
  const watched: Watched[] = [];
  const descriptors: number[] = [];
  for (let descriptor = 0; descriptor < count; descriptor++) {
    let wanted = 0;
    if (bitSet(sets[0], descriptor)) wanted |= POLLIN;
    if (bitSet(sets[1], descriptor)) wanted |= POLLOUT;
    if (bitSet(sets[2], descriptor)) wanted |= POLLPRI;
    if (wanted === 0) continue;
    const file = call.process.files.get(descriptor);
    if (file === undefined) return -EBADF;
    watched.push(new Watched(file, wanted));
    descriptors.push(descriptor);
  }
  const ready = waitAny(call, watched, deadline);
  if (ready < 0) return ready;
  let total = 0;
  for (let which = 0; which < 3; which++) {
    const set = sets[which];
    if (set === undefined) continue;
    const out = new Uint8Array(bytes);
    const bits = which === 0 ? READ_BITS : which === 1 ? WRITE_BITS : POLLPRI;
    for (let index = 0; index < watched.length; index++) {
      const descriptor = descriptors[index];
      if (!bitSet(set, descriptor) || (watched[index].result & bits) === 0) continue;
      out[descriptor >> 3] |= 1 << (descriptor & 7);
      total++;
    }
    const status = call.put(addresses[which], out, bytes);
    if (status < 0) return status;
  }
  return total;
}

function select(call: Call): number {
  let deadline: i64 = NEVER_NS;
  if (call.a4 !== 0n) {
    const bytes = call.take(userAddress(call.a4), 16);
    if (bytes === undefined) return -EFAULT;
    const view = dataView(bytes);
    let seconds = signedOf(view.getBigUint64(0, true));
    let us = signedOf(view.getBigUint64(8, true));
    if (seconds < 0 || us < 0) return -EINVAL;
    if (us > 4000000000000) us = 4000000000000;
    seconds += Math.trunc(us / 1000000);
    const ns = timespecNs(seconds, (us % 1000000) * 1000);
    deadline = ns === 0n ? 0n : deadlineAfter(call, ns);
  }
  const result = selectFiles(call, int32(call.a0), deadline);
  return result === -EINTR ? -ERESTARTNOHAND : result;
}

function selectMasked(call: Call): number {
  const deadline = timeoutAt(call, call.a4);
  if (deadline < 0n) return Number(deadline);
  if (call.a5 !== 0n) {
    const bytes = call.take(userAddress(call.a5), 16);
    if (bytes === undefined) return -EFAULT;
    const view = dataView(bytes);
    const pointer = view.getBigUint64(0, true);
    if (pointer !== 0n) {
      const set = loadMask(call, pointer);
      if (set === undefined) return -EFAULT;
      borrowMask(call, set);
    }
  }
  const result = selectFiles(call, int32(call.a0), deadline);
  returnMask(call);
  return result === -EINTR ? -ERESTARTNOHAND : result;
}

export function addPollCalls(table: SystemCallTable): void {
  table.done(7, 'pnd', poll);
  table.partly(23, 'dpppp', 'the timeout is not written back', select);
  table.partly(270, 'dppppp', 'the timeout is not written back', selectMasked);
  table.partly(271, 'pnppn', 'the timeout is not written back', pollMasked);
}
