/** One line per system call, generated from the table: `write(1, "hi\n", 3) = 3`. */
import { bytesToString, errnoName, Failure } from '@tessera/vfs';
import {
  AT_FDCWD,
  type Call,
  int32,
  lengthOf,
  NO_RESULT,
  signedOf,
  uint32,
  userAddress,
} from './call.js';
import { signalName } from './signal/signals.js';
import { syscallName } from './syscalls/names.js';
import type { SystemCallEntry } from './syscalls/table.js';

const SHOWN_BYTES = 32;

/** Bytes in C notation. */
export function quote(text: string, cut: boolean): string {
  let out = '"';
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 34) out += '\\"';
    else if (code === 92) out += '\\\\';
    else if (code === 10) out += '\\n';
    else if (code === 13) out += '\\r';
    else if (code === 9) out += '\\t';
    else if (code < 32 || code > 126) out += '\\' + code.toString(8);
    else out += text.charAt(index);
  }
  return out + (cut ? '"...' : '"');
}

const OPEN_NAMES: readonly string[] = [
  'O_CREAT',
  'O_EXCL',
  'O_NOCTTY',
  'O_TRUNC',
  'O_APPEND',
  'O_NONBLOCK',
  'O_DIRECTORY',
  'O_NOFOLLOW',
  'O_CLOEXEC',
  'O_PATH',
];
const OPEN_BITS: readonly number[] = [
  0o100, 0o200, 0o400, 0o1000, 0o2000, 0o4000, 0o200000, 0o400000, 0o2000000, 0o10000000,
];

function openFlags(flags: number): string {
  const access = flags & 3;
  let out = access === 0 ? 'O_RDONLY' : access === 1 ? 'O_WRONLY' : 'O_RDWR';
  let rest = flags & ~3;
  for (let index = 0; index < OPEN_BITS.length; index++) {
    if ((rest & OPEN_BITS[index]) === 0) continue;
    out += '|' + OPEN_NAMES[index];
    rest &= ~OPEN_BITS[index];
  }
  return rest === 0 ? out : out + '|0x' + rest.toString(16);
}

function pointer(address: number): string {
  return address === 0 ? 'NULL' : '0x' + address.toString(16);
}

function buffer(call: Call, address: number, length: number): string {
  const shown = length > SHOWN_BYTES ? SHOWN_BYTES : length;
  const bytes = call.take(address, shown);
  if (bytes === undefined) return pointer(address);
  return quote(bytesToString(bytes, 0, bytes.length), length > shown);
}

function argument(call: Call, entry: SystemCallEntry, index: number, result: number): string {
  const raw = call.argument(index);
  switch (entry.format.charAt(index)) {
    case 'd':
      return signedOf(raw) === int32(raw) ? int32(raw).toString() : signedOf(raw).toString();
    case 'f':
      return int32(raw).toString();
    case 'u':
      return uint32(raw).toString();
    case 'n':
      return lengthOf(raw).toString();
    case 'p':
      return pointer(userAddress(raw));
    case 'o':
      return '0' + uint32(raw).toString(8);
    case 'A':
      return int32(raw) === AT_FDCWD ? 'AT_FDCWD' : int32(raw).toString();
    case 'F':
      return openFlags(int32(raw));
    case 'S':
      return signalName(int32(raw));
    case 's': {
      const text = call.path(raw);
      return text instanceof Failure ? pointer(userAddress(raw)) : quote(text, false);
    }
    case 'w':
      return buffer(call, userAddress(raw), lengthOf(call.argument(index + 1)));
    case 'r':
      return result > 0 ? buffer(call, userAddress(raw), result) : pointer(userAddress(raw));
    default:
      return '0x' + raw.toString(16);
  }
}

/** The call with its arguments, as text; made before the call so that what it overwrites is still there. */
export function formatCall(call: Call, entry: SystemCallEntry | undefined, result: number): string {
  if (entry === undefined) {
    const name = syscallName(call.number);
    return (name.length > 0 ? name : 'syscall_' + call.number.toString()) + '(...)';
  }
  let out = entry.name + '(';
  for (let index = 0; index < entry.format.length; index++) {
    if (index > 0) out += ', ';
    out += argument(call, entry, index, result);
  }
  return out + ')';
}

/** " = 3", " = -1 ENOENT", " = 0x7f...". */
export function formatResult(result: number): string {
  if (result === NO_RESULT) return ' = ?';
  if (result < 0 && result > -512) return ' = -1 ' + errnoName(-result);
  if (result <= -512) return ' = ? ERESTART';
  return result > 1048576 ? ' = 0x' + result.toString(16) : ' = ' + result.toString();
}

/** True if an argument is only readable after the call. */
export function readsAfter(entry: SystemCallEntry): boolean {
  return entry.format.indexOf('r') >= 0;
}
