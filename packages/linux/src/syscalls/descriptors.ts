/** Descriptors: close, dup, fcntl, pipe, and ioctl. */
import {
  dataView,
  EBADF,
  EFAULT,
  EINVAL,
  EMFILE,
  ENOTTY,
  EPERM,
  Failure,
  O_APPEND,
  O_CLOEXEC,
  O_DIRECT,
  O_NOATIME,
  O_NONBLOCK,
  type OpenFile,
  PIPE_BYTES,
  Pipe,
  PipeReader,
  PipeWriter,
} from '@tessera/vfs';
import { type Call, int32, uint32, userAddress } from '../call.js';
import { SIGWINCH } from '../signal/signals.js';
import { type Terminal, TerminalFile } from '../tty/streams.js';
import { TERMIOS_BYTES } from '../tty/termios.js';
import type { SystemCallTable } from './table.js';

const F_DUPFD = 0;
const F_GETFD = 1;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const F_GETLK = 5;
const F_SETLK = 6;
const F_SETLKW = 7;
const F_SETOWN = 8;
const F_GETOWN = 9;
const F_DUPFD_CLOEXEC = 1030;
const F_GETPIPE_SZ = 1032;
const F_UNLCK = 2;

/** Flags that F_SETFL may change. */
const SETTABLE = O_APPEND | O_NONBLOCK | O_NOATIME | O_DIRECT;

const TCGETS = 0x5401;
const TCSETS = 0x5402;
const TCSETSW = 0x5403;
const TCSETSF = 0x5404;
const TCSBRK = 0x5409;
const TCXONC = 0x540a;
const TCFLSH = 0x540b;
const TIOCSCTTY = 0x540e;
const TIOCGPGRP = 0x540f;
const TIOCSPGRP = 0x5410;
const TIOCOUTQ = 0x5411;
const TIOCGWINSZ = 0x5413;
const TIOCSWINSZ = 0x5414;
const FIONREAD = 0x541b;
const FIONBIO = 0x5421;
const TIOCGSID = 0x5429;
const FIONCLEX = 0x5450;
const FIOCLEX = 0x5451;
const FIOASYNC = 0x5452;

function close(call: Call): number {
  return call.process.files.close(int32(call.a0));
}

function duplicate(call: Call): number {
  const file = call.file(call.a0);
  if (file instanceof Failure) return -file.errno;
  return install(call, file, 0, false);
}

function install(call: Call, file: OpenFile, minimum: number, closeOnExec: boolean): number {
  file.hold();
  const descriptor = call.process.files.install(file, minimum, closeOnExec);
  if (descriptor < 0) file.release();
  return descriptor;
}

function duplicateTo(call: Call): number {
  return call.process.files.replace(int32(call.a0), int32(call.a1), false);
}

function duplicateTo3(call: Call): number {
  const flags = int32(call.a2);
  if ((flags & ~O_CLOEXEC) !== 0 || int32(call.a0) === int32(call.a1)) return -EINVAL;
  return call.process.files.replace(int32(call.a0), int32(call.a1), (flags & O_CLOEXEC) !== 0);
}

function closeRange(call: Call): number {
  const first = uint32(call.a0);
  const last = uint32(call.a1);
  const flags = int32(call.a2);
  if (first > last || (flags & ~6) !== 0) return -EINVAL;
  const files = call.process.files;
  for (let descriptor = first; descriptor <= last && descriptor < files.end(); descriptor++) {
    if ((flags & 4) !== 0) files.setCloseOnExec(descriptor, true);
    else files.close(descriptor);
  }
  return 0;
}

function control(call: Call): number {
  const file = call.file(call.a0);
  if (file instanceof Failure) return -file.errno;
  const descriptor = int32(call.a0);
  const value = int32(call.a2);
  switch (int32(call.a1)) {
    case F_DUPFD:
      return install(call, file, value, false);
    case F_DUPFD_CLOEXEC:
      return install(call, file, value, true);
    case F_GETFD:
      return call.process.files.isCloseOnExec(descriptor) ? 1 : 0;
    case F_SETFD:
      return call.process.files.setCloseOnExec(descriptor, (value & 1) !== 0);
    case F_GETFL:
      return file.flags;
    case F_SETFL:
      file.flags = (file.flags & ~SETTABLE) | (value & SETTABLE);
      return 0;
    case F_SETLK:
    case F_SETLKW:
      // One process: a record lock never meets another owner's.
      return file.vnode() === undefined ? -EBADF : 0;
    case F_GETLK: {
      const address = userAddress(call.a2);
      if (
        address < 0 ||
        !call.memory.store8(address, F_UNLCK) ||
        !call.memory.store8(address + 1, 0)
      )
        return -EFAULT;
      return 0;
    }
    case F_SETOWN:
      return 0;
    case F_GETOWN:
      return call.process.pid;
    case F_GETPIPE_SZ:
      return file instanceof PipeReader || file instanceof PipeWriter ? PIPE_BYTES : -EBADF;
    default:
      return -EINVAL;
  }
}

function makePipe(call: Call, flags: number): number {
  if ((flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT)) !== 0) return -EINVAL;
  const address = userAddress(call.a0);
  if (address < 0) return -EFAULT;
  const files = call.process.files;
  const pipe = new Pipe(call.system.takeAnonymousNode());
  const closeOnExec = (flags & O_CLOEXEC) !== 0;
  const status = flags & (O_NONBLOCK | O_DIRECT);
  const reader = new PipeReader(pipe, status);
  const readEnd = files.install(reader, 0, closeOnExec);
  if (readEnd < 0) {
    reader.release();
    return -EMFILE;
  }
  const writer = new PipeWriter(pipe, status);
  const writeEnd = files.install(writer, 0, closeOnExec);
  if (writeEnd < 0) {
    writer.release();
    files.close(readEnd);
    return -EMFILE;
  }
  if (!call.memory.store32(address, readEnd) || !call.memory.store32(address + 4, writeEnd)) {
    files.close(readEnd);
    files.close(writeEnd);
    return -EFAULT;
  }
  return 0;
}

function terminalControl(call: Call, terminal: Terminal, request: number, address: number): number {
  switch (request) {
    case TCGETS:
      return call.put(address, terminal.discipline.termios.encode(), TERMIOS_BYTES);
    case TCSETS:
    case TCSETSW:
    case TCSETSF: {
      const bytes = call.take(address, TERMIOS_BYTES);
      if (bytes === undefined) return -EFAULT;
      if (request === TCSETSF) terminal.discipline.flushInput();
      terminal.discipline.termios.decode(bytes);
      return 0;
    }
    case TCFLSH:
      if (int32(call.a2) !== 1) terminal.discipline.flushInput();
      return 0;
    case TCSBRK:
    case TCXONC:
      return 0;
    case TIOCGWINSZ: {
      const bytes = new Uint8Array(8);
      const view = new DataView(bytes.buffer);
      view.setUint16(0, terminal.rows, true);
      view.setUint16(2, terminal.columns, true);
      return call.put(address, bytes, 8);
    }
    case TIOCSWINSZ: {
      const bytes = call.take(address, 8);
      if (bytes === undefined) return -EFAULT;
      const view = dataView(bytes);
      terminal.rows = view.getUint16(0, true);
      terminal.columns = view.getUint16(2, true);
      call.system.signalProcess(call.process, SIGWINCH);
      return 0;
    }
    case TIOCGPGRP:
      return call.memory.store32(address, terminal.foregroundGroup) ? 0 : -EFAULT;
    case TIOCSPGRP: {
      const group = call.memory.load32(address);
      if (group < 0) return -EFAULT;
      if (group !== call.process.group) return -EPERM;
      terminal.foregroundGroup = group;
      return 0;
    }
    case TIOCGSID:
      return call.memory.store32(address, terminal.session) ? 0 : -EFAULT;
    case TIOCSCTTY:
      terminal.session = call.process.session;
      return 0;
    case TIOCOUTQ:
      return call.memory.store32(address, 0) ? 0 : -EFAULT;
    default:
      return -ENOTTY;
  }
}

function deviceControl(call: Call): number {
  const file = call.file(call.a0);
  if (file instanceof Failure) return -file.errno;
  const request = uint32(call.a1);
  const address = userAddress(call.a2);
  switch (request) {
    case FIONREAD: {
      const available = file.available();
      const shown = available > 0x7fffffff ? 0x7fffffff : available;
      return address >= 0 && call.memory.store32(address, shown) ? 0 : -EFAULT;
    }
    case FIONBIO: {
      const value = address < 0 ? -1 : call.memory.load32(address);
      if (value < 0) return -EFAULT;
      file.flags = value === 0 ? file.flags & ~O_NONBLOCK : file.flags | O_NONBLOCK;
      return 0;
    }
    case FIOCLEX:
      return call.process.files.setCloseOnExec(int32(call.a0), true);
    case FIONCLEX:
      return call.process.files.setCloseOnExec(int32(call.a0), false);
    case FIOASYNC:
      // SIGIO is not raised; programs (nginx) fall back when this fails.
      return -ENOTTY;
    default:
      break;
  }
  if (file instanceof TerminalFile) return terminalControl(call, file.terminal, request, address);
  return -ENOTTY;
}

export function addDescriptorCalls(table: SystemCallTable): void {
  table.done(3, 'f', close);
  table.partly(16, 'fxp', 'terminals, FIONREAD, FIONBIO, FIOCLEX; others ENOTTY', deviceControl);
  table.done(22, 'p', (call: Call): number => makePipe(call, 0));
  table.done(32, 'f', duplicate);
  table.done(33, 'fd', duplicateTo);
  table.partly(
    72,
    'fdx',
    'no leases or signals; record locks always succeed (one process)',
    control,
  );
  table.done(292, 'fdx', duplicateTo3);
  table.done(293, 'px', (call: Call): number => makePipe(call, int32(call.a1)));
  table.partly(436, 'uux', 'CLOSE_RANGE_UNSHARE shares', closeRange);
  table.partly(73, 'fd', 'one process: always granted', (call: Call): number => {
    const file = call.file(call.a0);
    return file instanceof Failure ? -file.errno : 0;
  });
}
