/** Who and where: process and user ids, limits, names, the machine. */

import type { u64 } from '@tessera/machine';
import {
  bytesToString,
  copyStringTo,
  dataView,
  EFAULT,
  EINVAL,
  ENOSYS,
  EPERM,
  ESRCH,
  Failure,
} from '@tessera/vfs';
import { type Call, int32, lengthOf, uint32, userAddress } from '../call.js';
import { RELEASE, TRANSFER_BYTES, VERSION } from '../limits.js';
import { RLIMIT_COUNT, RLIMIT_NOFILE, UNLIMITED } from '../process.js';
import type { SystemCallTable } from './table.js';

const NAME_FIELD = 65;
const ARCH_SET_GS = 0x1001;
const ARCH_SET_FS = 0x1002;
const ARCH_GET_FS = 0x1003;
const ARCH_GET_GS = 0x1004;

function systemName(call: Call): number {
  const out = new Uint8Array(NAME_FIELD * 6);
  copyStringTo('Linux', out, 0);
  copyStringTo(call.system.hostName, out, NAME_FIELD);
  copyStringTo(RELEASE, out, NAME_FIELD * 2);
  copyStringTo(VERSION, out, NAME_FIELD * 3);
  copyStringTo('x86_64', out, NAME_FIELD * 4);
  copyStringTo(call.system.domainName, out, NAME_FIELD * 5);
  return call.put(userAddress(call.a0), out, out.length);
}

function setHostName(call: Call, domain: boolean): number {
  const length = lengthOf(call.a1);
  if (length > 64) return -EINVAL;
  if (call.process.place.credentials.uid !== 0) return -EPERM;
  const bytes = call.take(userAddress(call.a0), length);
  if (bytes === undefined) return -EFAULT;
  const name = bytesToString(bytes, 0, length);
  if (domain) call.system.domainName = name;
  else call.system.hostName = name;
  return 0;
}

function setUser(call: Call, uid: number): number {
  const who = call.process.place.credentials;
  if (uid === -1) return 0;
  if (who.uid !== 0 && who.uid !== uid) return -EPERM;
  who.uid = uid;
  return 0;
}

function setGroup(call: Call, gid: number): number {
  const who = call.process.place.credentials;
  if (gid === -1) return 0;
  if (who.uid !== 0 && who.gid !== gid) return -EPERM;
  who.gid = gid;
  return 0;
}

/** The id that a three-argument setter means; effective before real before saved. */
function effective(call: Call): number {
  const second = int32(call.a1);
  return second === -1 ? int32(call.a0) : second;
}

function getThree(call: Call, id: number): number {
  for (let index = 0; index < 3; index++) {
    const address = userAddress(call.argument(index));
    if (address < 0 || !call.memory.store32(address, id)) return -EFAULT;
  }
  return 0;
}

function getGroups(call: Call): number {
  const groups = call.process.place.credentials.groups;
  const size = int32(call.a0);
  if (size < 0) return -EINVAL;
  if (size === 0) return groups.length;
  if (size < groups.length) return -EINVAL;
  const address = userAddress(call.a1);
  for (let index = 0; index < groups.length; index++) {
    if (address < 0 || !call.memory.store32(address + index * 4, groups[index])) return -EFAULT;
  }
  return groups.length;
}

function setGroups(call: Call): number {
  const size = int32(call.a0);
  if (size < 0 || size > 65536) return -EINVAL;
  const who = call.process.place.credentials;
  if (who.uid !== 0) return -EPERM;
  const bytes = call.take(userAddress(call.a1), size * 4);
  if (bytes === undefined) return -EFAULT;
  const view = dataView(bytes);
  const groups: number[] = [];
  for (let index = 0; index < size; index++) groups.push(view.getUint32(index * 4, true));
  who.groups = groups;
  return 0;
}

function limitWord(value: number): u64 {
  return value === UNLIMITED ? 0xffffffffffffffffn : BigInt.asUintN(64, BigInt(value));
}

function limitOf(word: u64): number {
  // Everything above what we can count is as good as unlimited.
  return word >= 0x10000000000000n ? UNLIMITED : Number(word);
}

function limit(call: Call, resource: number, change: number, out: number): number {
  if (resource < 0 || resource >= RLIMIT_COUNT) return -EINVAL;
  const process = call.process;
  const old = new Uint8Array(16);
  const oldView = new DataView(old.buffer);
  oldView.setBigUint64(0, limitWord(process.softLimits[resource]), true);
  oldView.setBigUint64(8, limitWord(process.hardLimits[resource]), true);
  if (change !== 0) {
    const bytes = call.take(change, 16);
    if (bytes === undefined) return -EFAULT;
    const view = dataView(bytes);
    const soft = limitOf(view.getBigUint64(0, true));
    const hard = limitOf(view.getBigUint64(8, true));
    if (hard !== UNLIMITED && (soft === UNLIMITED || soft > hard)) return -EINVAL;
    const present = process.hardLimits[resource];
    const raises = present !== UNLIMITED && (hard === UNLIMITED || hard > present);
    if (raises && (process.place.credentials.uid !== 0 || resource === RLIMIT_NOFILE))
      return -EPERM;
    process.softLimits[resource] = soft;
    process.hardLimits[resource] = hard;
    if (resource === RLIMIT_NOFILE) process.files.limit = soft === UNLIMITED ? 1048576 : soft;
  }
  if (out !== 0) return call.put(out, old, 16);
  return 0;
}

function limitOfProcess(call: Call): number {
  const pid = int32(call.a0);
  if (pid !== 0 && pid !== call.process.pid) return -ESRCH;
  return limit(call, int32(call.a1), userAddress(call.a2), userAddress(call.a3));
}

function systemInformation(call: Call): number {
  const out = new Uint8Array(112);
  const view = new DataView(out.buffer);
  const hardware = call.system.hardware;
  const uptime = BigInt.asUintN(64, call.system.clock.monotonicNs() / 1000000000n);
  view.setBigUint64(0, uptime, true);
  view.setBigUint64(32, BigInt.asUintN(64, BigInt(hardware.totalBytes())), true);
  view.setBigUint64(40, BigInt.asUintN(64, BigInt(hardware.freeBytes())), true);
  view.setUint16(80, call.process.tasks.length, true);
  view.setUint32(104, 1, true);
  return call.put(userAddress(call.a0), out, 112);
}

function architecture(call: Call): number {
  const address = userAddress(call.a1);
  switch (int32(call.a0)) {
    case ARCH_SET_FS:
      if (address < 0) return -EPERM;
      call.task.processor.setFsBase(address);
      return 0;
    case ARCH_GET_FS: {
      const base = BigInt.asUintN(64, BigInt(call.task.processor.fsBase()));
      return address >= 0 && call.memory.store64(address, base) ? 0 : -EFAULT;
    }
    case ARCH_SET_GS:
    case ARCH_GET_GS:
      // GS belongs to the kernel, which shares the ring with the program.
      return -EPERM;
    default:
      return -EINVAL;
  }
}

const PR_SET_PDEATHSIG = 1;
const PR_GET_PDEATHSIG = 2;
const PR_GET_DUMPABLE = 3;
const PR_SET_DUMPABLE = 4;
const PR_SET_NAME = 15;
const PR_GET_NAME = 16;
const PR_CAPBSET_READ = 23;
const PR_GET_SECUREBITS = 27;
const PR_SET_TIMERSLACK = 29;
const PR_GET_TIMERSLACK = 30;
const PR_SET_NO_NEW_PRIVS = 38;
const PR_GET_NO_NEW_PRIVS = 39;
const PR_SET_THP_DISABLE = 41;
const PR_GET_THP_DISABLE = 42;
const CAP_LAST = 40;

function processControl(call: Call): number {
  const address = userAddress(call.a1);
  switch (int32(call.a0)) {
    case PR_SET_NAME: {
      const name = call.string(address, 16);
      if (!(name instanceof Failure)) {
        call.task.name = name;
        return 0;
      }
      const bytes = call.take(address, 15);
      if (bytes === undefined) return -EFAULT;
      call.task.name = bytesToString(bytes, 0, 15);
      return 0;
    }
    case PR_GET_NAME: {
      const out = new Uint8Array(16);
      copyStringTo(call.task.name, out, 0);
      return call.put(address, out, 16);
    }
    case PR_SET_PDEATHSIG:
      call.task.parentDeathSignal = int32(call.a1);
      return 0;
    case PR_GET_PDEATHSIG:
      return address >= 0 && call.memory.store32(address, call.task.parentDeathSignal)
        ? 0
        : -EFAULT;
    case PR_GET_DUMPABLE:
      return call.process.dumpable ? 1 : 0;
    case PR_SET_DUMPABLE:
      call.process.dumpable = int32(call.a1) !== 0;
      return 0;
    case PR_CAPBSET_READ:
      return lengthOf(call.a1) > CAP_LAST ? -EINVAL : 1;
    case PR_GET_SECUREBITS:
    case PR_GET_THP_DISABLE:
    case PR_SET_THP_DISABLE:
    case PR_SET_TIMERSLACK:
      return 0;
    case PR_GET_TIMERSLACK:
      return 50000;
    case PR_SET_NO_NEW_PRIVS:
      call.system.noNewPrivileges = true;
      return 0;
    case PR_GET_NO_NEW_PRIVS:
      return call.system.noNewPrivileges ? 1 : 0;
    default:
      return -EINVAL;
  }
}

function randomBytes(call: Call): number {
  const wanted = lengthOf(call.a1);
  if ((uint32(call.a2) & ~7) !== 0) return -EINVAL;
  const length = wanted > 33554431 ? 33554431 : wanted;
  const address = userAddress(call.a0);
  let done = 0;
  const chunk = new Uint8Array(length < TRANSFER_BYTES ? length : TRANSFER_BYTES);
  while (done < length) {
    const room = length - done < chunk.length ? length - done : chunk.length;
    const part = chunk.subarray(0, room);
    call.system.random.fill(part);
    if (call.put(address < 0 ? -1 : address + done, part, room) < 0)
      return done > 0 ? done : -EFAULT;
    done += room;
  }
  return done;
}

function affinity(call: Call): number {
  const pid = int32(call.a0);
  const size = lengthOf(call.a1);
  if (pid !== 0 && !isTask(call, pid)) return -ESRCH;
  const cpus = call.system.hardware.cpuCount();
  const bytes = Math.trunc((cpus + 63) / 64) * 8;
  if (size < bytes || size % 8 !== 0) return -EINVAL;
  const out = new Uint8Array(bytes);
  for (let cpu = 0; cpu < cpus; cpu++) out[cpu >> 3] |= 1 << (cpu & 7);
  const status = call.put(userAddress(call.a2), out, bytes);
  return status < 0 ? status : bytes;
}

function setAffinity(call: Call): number {
  const pid = int32(call.a0);
  if (pid !== 0 && !isTask(call, pid)) return -ESRCH;
  const size = lengthOf(call.a1);
  const bytes = call.take(userAddress(call.a2), size > 128 ? 128 : size);
  if (bytes === undefined) return -EFAULT;
  const cpus = call.system.hardware.cpuCount();
  for (let cpu = 0; cpu < cpus && cpu >> 3 < bytes.length; cpu++) {
    if (((bytes[cpu >> 3] >> (cpu & 7)) & 1) !== 0) return 0;
  }
  return -EINVAL;
}

function isTask(call: Call, tid: number): boolean {
  for (let index = 0; index < call.process.tasks.length; index++) {
    if (call.process.tasks[index].tid === tid) return true;
  }
  return false;
}

/** getpriority answers 20 - nice. */
const NICE_ZERO = 20;

function capabilities(call: Call): number {
  const header = userAddress(call.a0);
  const version = header < 0 ? -1 : call.memory.load32(header);
  if (version < 0) return -EFAULT;
  const three = 0x20080522;
  if (version !== three) {
    if (!call.memory.store32(header, three)) return -EFAULT;
    return call.a1 === 0n ? 0 : -EINVAL;
  }
  if (call.a1 === 0n) return 0;
  const out = new Uint8Array(24);
  const view = new DataView(out.buffer);
  if (call.process.place.credentials.uid === 0) {
    for (let half = 0; half < 2; half++) {
      const bits = half === 0 ? 0xffffffff : 0x1ff;
      view.setUint32(half * 12, bits, true);
      view.setUint32(half * 12 + 4, bits, true);
    }
  }
  return call.put(userAddress(call.a1), out, 24);
}

export function addIdentityCalls(table: SystemCallTable): void {
  const one = 'one id: real, effective and saved are the same';
  const uid = (c: Call): number => c.process.place.credentials.uid;
  const gid = (c: Call): number => c.process.place.credentials.gid;
  table.done(39, '', (c: Call): number => c.process.pid);
  table.done(63, 'p', systemName);
  table.done(97, 'dp', (c: Call): number => limit(c, int32(c.a0), 0, userAddress(c.a1)));
  table.done(99, 'p', systemInformation);
  table.done(102, '', uid);
  table.done(104, '', gid);
  table.partly(105, 'd', one, (c: Call): number => setUser(c, int32(c.a0)));
  table.partly(106, 'd', one, (c: Call): number => setGroup(c, int32(c.a0)));
  table.done(107, '', uid);
  table.done(108, '', gid);
  table.partly(109, 'dd', 'one process', (c: Call): number => {
    const pid = int32(c.a0);
    const group = int32(c.a1);
    if (pid !== 0 && pid !== c.process.pid) return -ESRCH;
    if (group !== 0 && group !== c.process.pid) return -EPERM;
    if (c.process.session === c.process.pid && c.process.group === c.process.pid) return 0;
    c.process.group = c.process.pid;
    return 0;
  });
  table.done(110, '', (c: Call): number => c.process.parentPid);
  table.done(111, '', (c: Call): number => c.process.group);
  table.partly(112, '', 'one process', (c: Call): number =>
    c.process.group === c.process.pid ? -EPERM : c.process.pid,
  );
  table.partly(113, 'dd', one, (c: Call): number => setUser(c, effective(c)));
  table.partly(114, 'dd', one, (c: Call): number => setGroup(c, effective(c)));
  table.done(115, 'dp', getGroups);
  table.done(116, 'dp', setGroups);
  table.partly(117, 'ddd', one, (c: Call): number => setUser(c, effective(c)));
  table.partly(118, 'ppp', one, (c: Call): number => getThree(c, uid(c)));
  table.partly(119, 'ddd', one, (c: Call): number => setGroup(c, effective(c)));
  table.partly(120, 'ppp', one, (c: Call): number => getThree(c, gid(c)));
  table.done(121, 'd', (c: Call): number =>
    int32(c.a0) === 0 || int32(c.a0) === c.process.pid ? c.process.group : -ESRCH,
  );
  table.partly(122, 'd', one, (c: Call): number => {
    const old = uid(c);
    setUser(c, int32(c.a0));
    return old;
  });
  table.partly(123, 'd', one, (c: Call): number => {
    const old = gid(c);
    setGroup(c, int32(c.a0));
    return old;
  });
  table.done(124, 'd', (c: Call): number =>
    int32(c.a0) === 0 || int32(c.a0) === c.process.pid ? c.process.session : -ESRCH,
  );
  table.partly(125, 'pp', 'all for user 0, none for others', capabilities);
  table.partly(140, 'dd', 'always 0', (_c: Call): number => NICE_ZERO);
  table.partly(141, 'ddd', 'no effect', (_c: Call): number => 0);
  table.partly(157, 'dxxxx', 'names, dumpable, death signal, no-new-privileges', processControl);
  table.partly(158, 'xp', 'FS only; GS is refused', architecture);
  table.done(160, 'dp', (c: Call): number => limit(c, int32(c.a0), userAddress(c.a1), 0));
  table.done(170, 'pn', (c: Call): number => setHostName(c, false));
  table.done(171, 'pn', (c: Call): number => setHostName(c, true));
  table.done(186, '', (c: Call): number => c.task.tid);
  table.partly(203, 'dnp', 'checked, not enforced', setAffinity);
  table.done(204, 'dnp', affinity);
  table.done(302, 'ddpp', limitOfProcess);
  table.done(309, 'ppp', (c: Call): number => {
    const cpu = userAddress(c.a0);
    const node = userAddress(c.a1);
    if (cpu !== 0 && (cpu < 0 || !c.memory.store32(cpu, 0))) return -EFAULT;
    return node !== 0 && (node < 0 || !c.memory.store32(node, 0)) ? -EFAULT : 0;
  });
  table.done(318, 'pnx', randomBytes);
  table.partly(135, 'x', 'PER_LINUX', (c: Call): number =>
    uint32(c.a0) === 0xffffffff || uint32(c.a0) === 0 ? 0 : -EINVAL,
  );
  table.refused(
    334,
    'pnxx',
    'registering obliges the kernel to abort sequences on preemption; C libraries carry on without',
    (_c: Call): number => -ENOSYS,
  );
}
