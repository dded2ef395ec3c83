/**
 * read, write and their relatives: bytes between files and the program's memory.
 *
 * Data goes through one kernel buffer per task-independent transfer; waiting happens here, never in a file. A call that
 * moved some bytes answers their number, whatever came after.
 */
import {
  Attributes,
  dataView,
  EAGAIN,
  EBADF,
  EFAULT,
  EINVAL,
  EOPNOTSUPP,
  EPIPE,
  ESPIPE,
  Failure,
  O_NONBLOCK,
  type OpenFile,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  S_IFREG,
  VnodeFile,
} from '@tessera/vfs';
import { type Call, ERESTARTSYS, int32, lengthOf, signedOf, uint32, userAddress } from '../call.js';
import { NEVER_NS, WAIT_INTERRUPTED } from '../contract.js';
import { TRANSFER_BYTES_MAX, VECTOR_COUNT_MAX } from '../limits.js';
import { SI_USER, SIGPIPE, SignalInfo } from '../signal/signals.js';
import type { SystemCallTable } from './table.js';

/** Position of transfers that use and move the file's own offset. */
const CURRENT = -1;

/** Waits until `bits` hold; 0, or -ERESTARTSYS. */
export function waitFor(call: Call, file: OpenFile, bits: number): number {
  const queue = file.waitQueue();
  if (queue === undefined) return -EAGAIN;
  const why = call.wait([queue], () => (file.poll() & (bits | POLLHUP | POLLERR)) !== 0, NEVER_NS);
  return why === WAIT_INTERRUPTED ? -ERESTARTSYS : 0;
}

/** Reads up to `bytes` into the program at `address`. */
function readInto(
  call: Call,
  file: OpenFile,
  position: number,
  address: number,
  bytes: number,
): number {
  if (bytes === 0) return file.mayRead() ? 0 : -EBADF;
  if (address < 0) return -EFAULT;
  const wanted = bytes > TRANSFER_BYTES_MAX ? TRANSFER_BYTES_MAX : bytes;
  const buffer = call.system.takeBuffer(wanted);
  let done = 0;
  let result = 0;
  while (done < wanted) {
    const room = wanted - done < buffer.length ? wanted - done : buffer.length;
    const into = buffer.subarray(0, room);
    const count = position === CURRENT ? file.read(into) : file.readAt(position + done, into);
    if (count === -EAGAIN && done === 0 && (file.flags & O_NONBLOCK) === 0) {
      result = waitFor(call, file, POLLIN);
      if (result < 0) break;
      continue;
    }
    result = count;
    if (count <= 0) break;
    if (!call.memory.copyOut(address + done, buffer, count)) {
      result = -EFAULT;
      // What was read but could not be delivered is not lost for a file that can go back.
      if (position === CURRENT && file instanceof VnodeFile) file.offset -= count;
      break;
    }
    done += count;
    // Whoever gave less than asked for has no more now.
    if (count < room) break;
  }
  call.system.giveBuffer(buffer);
  return done > 0 ? done : result;
}

/** Writes `bytes` from the program at `address`. */
function writeFrom(
  call: Call,
  file: OpenFile,
  position: number,
  address: number,
  bytes: number,
): number {
  if (bytes === 0) return file.mayWrite() ? 0 : -EBADF;
  if (address < 0) return -EFAULT;
  const wanted = bytes > TRANSFER_BYTES_MAX ? TRANSFER_BYTES_MAX : bytes;
  const buffer = call.system.takeBuffer(wanted);
  let done = 0;
  let result = 0;
  while (done < wanted) {
    const room = wanted - done < buffer.length ? wanted - done : buffer.length;
    if (!call.memory.copyIn(address + done, buffer, room)) {
      result = -EFAULT;
      break;
    }
    result = writeBuffer(
      call,
      file,
      position === CURRENT ? CURRENT : position + done,
      buffer.subarray(0, room),
    );
    if (result < 0) break;
    done += result;
    if (result < room) break;
  }
  call.system.giveBuffer(buffer);
  if (done === 0 && result === -EPIPE)
    call.system.signalTask(call.task, new SignalInfo(SIGPIPE, SI_USER));
  return done > 0 ? done : result;
}

/** Writes all of `bytes` if the file may block, else what fits. */
function writeBuffer(call: Call, file: OpenFile, position: number, bytes: Uint8Array): number {
  let done = 0;
  while (done < bytes.length) {
    const rest = done === 0 ? bytes : bytes.subarray(done, bytes.length);
    const count = position === CURRENT ? file.write(rest) : file.writeAt(position + done, rest);
    if (count === -EAGAIN && (file.flags & O_NONBLOCK) === 0) {
      const waited = waitFor(call, file, POLLOUT);
      if (waited < 0) return done > 0 ? done : waited;
      continue;
    }
    if (count < 0) return done > 0 ? done : count;
    done += count;
    if (count === 0) break;
  }
  return done;
}

function read(call: Call): number {
  const file = call.file(call.a0);
  if (file instanceof Failure) return -file.errno;
  return readInto(call, file, CURRENT, userAddress(call.a1), lengthOf(call.a2));
}

function write(call: Call): number {
  const file = call.file(call.a0);
  if (file instanceof Failure) return -file.errno;
  return writeFrom(call, file, CURRENT, userAddress(call.a1), lengthOf(call.a2));
}

function readPosition(call: Call): number {
  const file = call.file(call.a0);
  if (file instanceof Failure) return -file.errno;
  const position = signedOf(call.a3);
  if (position < 0) return -EINVAL;
  return readInto(call, file, position, userAddress(call.a1), lengthOf(call.a2));
}

function writePosition(call: Call): number {
  const file = call.file(call.a0);
  if (file instanceof Failure) return -file.errno;
  const position = signedOf(call.a3);
  if (position < 0) return -EINVAL;
  return writeFrom(call, file, position, userAddress(call.a1), lengthOf(call.a2));
}

/** readv and writev: one part after the other, until one comes up short. */
function vector(call: Call, position: number, writes: boolean): number {
  const file = call.file(call.a0);
  if (file instanceof Failure) return -file.errno;
  const count = int32(call.a2);
  if (count < 0 || count > VECTOR_COUNT_MAX) return -EINVAL;
  const parts = call.take(userAddress(call.a1), count * 16);
  if (parts === undefined) return -EFAULT;
  const view = dataView(parts);
  let done = 0;
  for (let index = 0; index < count; index++) {
    const length = signedOf(view.getBigUint64(index * 16 + 8, true));
    if (length < 0) return -EINVAL;
    if (length === 0) continue;
    const address = userAddress(view.getBigUint64(index * 16, true));
    const at = position === CURRENT ? CURRENT : position + done;
    const result = writes
      ? writeFrom(call, file, at, address, length)
      : readInto(call, file, at, address, length);
    if (result < 0) return done > 0 ? done : result;
    done += result;
    if (result < length) break;
    // A terminal or pipe that gave something is not waited for again.
    if (!writes && !(file instanceof VnodeFile)) {
      if ((file.poll() & POLLIN) === 0) break;
    }
  }
  return done;
}

function vectorPosition(call: Call, writes: boolean): number {
  const position = signedOf(call.a3);
  if (position < 0) return position === -1 ? vector(call, CURRENT, writes) : -EINVAL;
  return vector(call, position, writes);
}

function seek(call: Call): number {
  const file = call.file(call.a0);
  if (file instanceof Failure) return -file.errno;
  return file.seek(signedOf(call.a1), int32(call.a2));
}

/** sendfile and copy_file_range: through the kernel's buffer. */
function copyBetween(
  call: Call,
  from: OpenFile,
  fromAt: number,
  to: OpenFile,
  toAt: number,
  bytes: number,
): number {
  const wanted = bytes > TRANSFER_BYTES_MAX ? TRANSFER_BYTES_MAX : bytes;
  const buffer = call.system.takeBuffer(wanted);
  let done = 0;
  let result = 0;
  while (done < wanted) {
    const room = wanted - done < buffer.length ? wanted - done : buffer.length;
    const into = buffer.subarray(0, room);
    const count = fromAt === CURRENT ? from.read(into) : from.readAt(fromAt + done, into);
    result = count;
    if (count <= 0) break;
    result = writeBuffer(
      call,
      to,
      toAt === CURRENT ? CURRENT : toAt + done,
      buffer.subarray(0, count),
    );
    if (result > 0) done += result;
    if (result < count) {
      if (fromAt === CURRENT && from instanceof VnodeFile)
        from.offset -= count - (result > 0 ? result : 0);
      break;
    }
  }
  call.system.giveBuffer(buffer);
  return done > 0 ? done : result;
}

/** An offset given by address: CURRENT if there is none, -EFAULT - 1 as a number that no offset has. */
function offsetAt(call: Call, address: number): number {
  if (address === 0) return CURRENT;
  const value = call.memory.load64(address);
  if (address < 0 || call.memory.faulted()) return -EFAULT - 1;
  const offset = signedOf(value);
  return offset < 0 ? -EINVAL - 1 : offset;
}

function storeOffset(call: Call, address: number, offset: number): number {
  if (address === 0) return 0;
  return call.memory.store64(address, BigInt.asUintN(64, BigInt(offset))) ? 0 : -EFAULT;
}

function sendFile(call: Call): number {
  const to = call.file(call.a0);
  if (to instanceof Failure) return -to.errno;
  const from = call.file(call.a1);
  if (from instanceof Failure) return -from.errno;
  if (!(from instanceof VnodeFile) || from.node.type !== S_IFREG) return -EINVAL;
  if (!from.mayRead() || !to.mayWrite()) return -EBADF;
  const address = userAddress(call.a2);
  const offset = offsetAt(call, address);
  if (offset < CURRENT) return offset + 1;
  const result = copyBetween(call, from, offset, to, CURRENT, lengthOf(call.a3));
  if (result > 0 && offset !== CURRENT && storeOffset(call, address, offset + result) < 0)
    return -EFAULT;
  return result;
}

function copyFileRange(call: Call): number {
  const from = call.file(call.a0);
  if (from instanceof Failure) return -from.errno;
  const to = call.file(call.a2);
  if (to instanceof Failure) return -to.errno;
  if (!(from instanceof VnodeFile) || !(to instanceof VnodeFile) || uint32(call.a5) !== 0)
    return -EINVAL;
  if (from.node.type !== S_IFREG || to.node.type !== S_IFREG) return -EINVAL;
  if (!from.mayRead() || !to.mayWrite()) return -EBADF;
  const fromAddress = userAddress(call.a1);
  const toAddress = userAddress(call.a3);
  const fromAt = offsetAt(call, fromAddress);
  if (fromAt < CURRENT) return fromAt + 1;
  const toAt = offsetAt(call, toAddress);
  if (toAt < CURRENT) return toAt + 1;
  const result = copyBetween(call, from, fromAt, to, toAt, lengthOf(call.a4));
  if (result <= 0) return result;
  if (fromAt !== CURRENT && storeOffset(call, fromAddress, fromAt + result) < 0) return -EFAULT;
  if (toAt !== CURRENT && storeOffset(call, toAddress, toAt + result) < 0) return -EFAULT;
  return result;
}

function synchronise(call: Call): number {
  const file = call.file(call.a0);
  if (file instanceof Failure) return -file.errno;
  return file.sync();
}

function truncateOpen(call: Call): number {
  const file = call.file(call.a0);
  if (file instanceof Failure) return -file.errno;
  const size = signedOf(call.a1);
  return size < 0 ? -EINVAL : file.truncate(size);
}

function allocate(call: Call): number {
  const file = call.file(call.a0);
  if (file instanceof Failure) return -file.errno;
  if (!(file instanceof VnodeFile) || file.node.type !== S_IFREG) return -ESPIPE;
  if (!file.mayWrite()) return -EBADF;
  const mode = int32(call.a1);
  const offset = signedOf(call.a2);
  const length = signedOf(call.a3);
  if (offset < 0 || length <= 0) return -EINVAL;
  // Plain allocation and KEEP_SIZE; pages are made when written.
  if ((mode & ~1) !== 0) return -EOPNOTSUPP;
  if ((mode & 1) !== 0) return 0;
  const attributes = new Attributes();
  file.stat(attributes);
  return offset + length > attributes.size ? file.truncate(offset + length) : 0;
}

export function addTransferCalls(table: SystemCallTable): void {
  table.done(0, 'frn', read);
  table.done(1, 'fwn', write);
  table.done(8, 'fdd', seek);
  table.done(17, 'frnd', readPosition);
  table.done(18, 'fwnd', writePosition);
  table.done(19, 'fpd', (call: Call): number => vector(call, CURRENT, false));
  table.done(20, 'fpd', (call: Call): number => vector(call, CURRENT, true));
  table.done(40, 'ffpn', sendFile);
  table.done(74, 'f', synchronise);
  table.done(75, 'f', synchronise);
  table.done(77, 'fd', truncateOpen);
  table.partly(285, 'fxdd', 'extends the size; no hole punching', allocate);
  table.partly(277, 'fddx', 'whole file', synchronise);
  table.done(295, 'fpdd', (call: Call): number => vectorPosition(call, false));
  table.done(296, 'fpdd', (call: Call): number => vectorPosition(call, true));
  table.done(326, 'fpfpnx', copyFileRange);
  table.partly(221, 'fddd', 'no effect', (call: Call): number => {
    const file = call.file(call.a0);
    return file instanceof Failure ? -file.errno : 0;
  });
}
