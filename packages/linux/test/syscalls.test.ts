import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SIGINT } from '../src/index.js';
import { DeadlockError, FakeMachine } from '../src/testing/index.js';

const AT_FDCWD = -100;
const O_CREAT = 0o100;
const O_RDWR = 2;

function machine(terminal = false): FakeMachine {
  return new FakeMachine(terminal);
}

test('write, read and seek in a file', () => {
  const m = machine();
  const fd = m.syscall(257, AT_FDCWD, '/tmp/f', O_CREAT | O_RDWR, 0o644);
  assert.is(fd, 3);
  assert.is(m.syscall(1, fd, 'hello world', 11), 11);
  assert.is(m.syscall(8, fd, 6, 0), 6);
  const buffer = m.room(64);
  assert.is(m.syscall(0, fd, buffer, 64), 5);
  assert.is(m.text(buffer, 5), 'world');
  assert.is(m.syscall(17, fd, buffer, 5, 0), 5);
  assert.is(m.text(buffer, 5), 'hello');
  assert.is(m.syscall(3, fd), 0);
  assert.is(m.syscall(3, fd), -9);
});

test('bad addresses are EFAULT, whatever their size', () => {
  const m = machine();
  const fd = m.syscall(257, AT_FDCWD, '/tmp/f', O_CREAT | O_RDWR, 0o644);
  for (const address of [0n, 1n, 0x7fffffffffffn, 0xffffffffffffffffn, 0x8000000000000000n]) {
    assert.is(m.syscall(1, fd, address, 10), -14, address.toString(16));
    assert.is(m.syscall(257, AT_FDCWD, address, 0), -14, address.toString(16));
    assert.is(m.syscall(63, address), -14);
    assert.is(m.syscall(228, 1, address), -14);
  }
  assert.is(m.syscall(0, fd, 0xffffffffffffffffn, 0xffffffffffffffffn), -14);
});

test('writev and readv', () => {
  const m = machine();
  const vector = m.room(32);
  m.space.store64(vector, BigInt(m.place('abc')));
  m.space.store64(vector + 8, 3n);
  m.space.store64(vector + 16, BigInt(m.place('defg')));
  m.space.store64(vector + 24, 4n);
  assert.is(m.syscall(20, 1, vector, 2), 7);
  assert.is(m.out[1], 'abcdefg');
  assert.is(m.syscall(20, 1, vector, 1025), -22);
});

test('stat, statx, getdents', () => {
  const m = machine();
  m.syscall(83, '/d', 0o750);
  for (const name of ['a', 'bb', 'ccc'])
    m.syscall(3, m.syscall(2, '/d/' + name, O_CREAT | 1, 0o600));
  const st = m.room(144);
  assert.is(m.syscall(4, '/d', st), 0);
  assert.is(m.space.load32(st + 24), 0o40750);
  assert.is(m.syscall(262, AT_FDCWD, '/none', st, 0), -2);
  const x = m.room(256);
  assert.is(m.syscall(332, AT_FDCWD, '/d', 0, 0x7ff, x), 0);
  assert.is(m.space.load32(x + 28) & 0xffff, 0o40750);
  const fd = m.syscall(2, '/d', 0o200000, 0);
  const out = m.room(1024);
  const names: string[] = [];
  for (;;) {
    const count = m.syscall(217, fd, out, 64);
    assert.ok(count >= 0, String(count));
    if (count === 0) break;
    for (let at = 0; at < count; ) {
      const length = m.space.load32(out + at + 16) & 0xffff;
      names.push(m.text(out + at + 19, m.space.stringLength(out + at + 19, 255)));
      at += length;
    }
  }
  assert.equal(names, ['.', '..', 'a', 'bb', 'ccc']);
  assert.is(m.syscall(5, fd, st), 0);
  assert.is(m.syscall(262, fd, '', st, 0x1000), 0);
});

test('names: rename, link, symlink, readlink, unlink, getcwd', () => {
  const m = machine();
  const out = m.room(200);
  assert.is(m.syscall(83, '/w', 0o755), 0);
  assert.is(m.syscall(80, '/w'), 0);
  assert.is(m.syscall(79, out, 200), 3);
  assert.is(m.text(out, 2), '/w');
  assert.is(m.syscall(79, out, 2), -34);
  m.syscall(3, m.syscall(2, 'f', O_CREAT | 1, 0o600));
  assert.is(m.syscall(86, 'f', 'g'), 0);
  assert.is(m.syscall(88, 'g', 'h'), 0);
  assert.is(m.syscall(89, 'h', out, 200), 1);
  assert.is(m.syscall(82, 'g', 'i'), 0);
  assert.is(m.syscall(21, 'h', 0), -2);
  assert.is(m.syscall(87, 'f'), 0);
  assert.is(m.syscall(21, '/w/i', 4), 0);
  assert.is(m.syscall(90, 'i', 0o400), 0);
  assert.is(m.syscall(280, AT_FDCWD, 'i', 0, 0), 0);
});

test('descriptors: dup, fcntl, pipe', () => {
  const m = machine();
  const pair = m.room(8);
  assert.is(m.syscall(293, pair, 0o2000000), 0);
  const [r, w] = [m.space.load32(pair), m.space.load32(pair + 4)];
  assert.is(m.syscall(72, r, 1), 1);
  assert.is(m.syscall(33, w, 9), 9);
  assert.is(m.syscall(72, 9, 1), 0);
  assert.is(m.syscall(1, 9, 'x', 1), 1);
  const out = m.room(8);
  assert.is(m.syscall(16, r, 0x541b, out), 0);
  assert.is(m.space.load32(out), 1);
  assert.is(m.syscall(0, r, out, 8), 1);
  m.syscall(72, r, 4, 0o4000);
  assert.is(m.syscall(0, r, out, 8), -11);
  m.syscall(72, r, 4, 0);
  assert.throws(
    () => m.syscall(0, r, out, 8),
    (error: Error) => error instanceof DeadlockError,
  );
  m.syscall(3, w);
  m.syscall(3, 9);
  assert.is(m.syscall(0, r, out, 8), 0);
  assert.is(m.syscall(72, r, 1030, 20), 20);
});

test('a write to a pipe without reader is SIGPIPE', () => {
  const m = machine();
  const pair = m.room(8);
  m.syscall(22, pair);
  m.syscall(3, m.space.load32(pair));
  m.syscall(1, m.space.load32(pair + 4), 'x', 1);
  assert.is(m.status, 128 + 13);
});

test('mmap, mprotect, brk, munmap', () => {
  const m = machine();
  const at = m.syscall(9, 0, 8192, 3, 0x22, -1, 0);
  assert.ok(at > 0 && at % 4096 === 0);
  assert.ok(m.space.store8(at + 8191, 7));
  assert.is(m.syscall(10, at, 4096, 1), 0);
  assert.is(m.space.store8(at, 7), false);
  assert.is(m.syscall(11, at, 8192), 0);
  assert.is(m.space.load8(at), -1);
  assert.is(m.syscall(9, 0, 0, 3, 0x22, -1, 0), -22);
  assert.is(m.syscall(9, 0, 0xffffffffffffffffn, 3, 0x22, -1, 0), -12);
  assert.is(m.syscall(9, 0, 4096, 3, 2, 77, 0), -9);
  m.syscall(3, m.syscall(2, '/tmp/file', O_CREAT | O_RDWR, 0o644));
  const fd = m.syscall(2, '/tmp/file', O_RDWR, 0);
  m.syscall(1, fd, 'mapped', 6);
  const file = m.syscall(9, 0, 4096, 1, 2, fd, 0);
  assert.is(m.text(file, 6), 'mapped');
  assert.is(m.syscall(12, 0), m.space.breakNow);
});

test('uname, clocks, random, limits, sysinfo', () => {
  const m = machine();
  const out = m.room(400);
  assert.is(m.syscall(63, out), 0);
  const field = (index: number): string =>
    m.text(out + index * 65, m.space.stringLength(out + index * 65, 65));
  assert.is(field(0), 'Linux');
  assert.ok(/^[6-9]\.\d+\.\d+/.test(field(2)));
  assert.is(field(4), 'x86_64');
  assert.is(m.syscall(228, 0, out), 0);
  assert.is(m.space.load64(out), 1700000001n);
  assert.is(m.syscall(228, 99, out), -22);
  assert.is(m.syscall(318, out, 16, 0), 16);
  assert.is(m.syscall(302, 0, 7, 0, out), 0);
  assert.is(m.space.load64(out), 1024n);
  assert.is(m.syscall(99, out), 0);
  assert.is(m.space.load64(out + 32), 268435456n);
  assert.is(m.syscall(158, 0x1002, 0x12345000), 0);
  assert.is(m.processor.base, 0x12345000);
  assert.is(m.syscall(158, 0x1001, 0x12345000), -1);
  assert.is(m.syscall(204, 0, 128, out), 8);
  assert.is(m.space.load32(out), 3);
});

test('nanosleep moves the clock; a signal cuts it short and tells the rest', () => {
  const m = machine();
  const request = m.room(16);
  m.space.store64(request, 5n);
  const before = m.nowNs;
  assert.is(m.syscall(35, request, 0), 0);
  assert.is(m.nowNs - before, 5000000000n);
  const remaining = m.room(16);
  setHandler(m, SIGINT, 0);
  m.events.push(() => {
    m.nowNs += 2000000000n;
    m.system.signalProcess(m.process, SIGINT);
  });
  m.system.dispatch(m.task, m.call);
  m.syscall(35, request, remaining);
  assert.is(m.space.load64(remaining), 3n);
});

function setHandler(m: FakeMachine, signal: number, flags: number, handler = 0x11110000n): void {
  const action = m.room(32);
  m.space.store64(action, handler);
  m.space.store64(action + 8, BigInt(flags | 0x04000000));
  m.space.store64(action + 16, 0x22220000n);
  m.space.store64(action + 24, 0n);
  assert.is(m.syscall(13, signal, action, 0, 8), 0);
}

const RIP = 16;
const RSP = 19;
const RDI = 14;

test('a signal enters its handler, and sigreturn brings everything back', () => {
  const m = machine();
  const stack = m.syscall(9, 0, 65536, 3, 0x22, -1, 0) + 60000;
  setHandler(m, 10, 4);
  m.registers.words[RSP] = BigInt(stack);
  m.registers.words[RIP] = 0x401234n;
  m.registers.words[3] = 77n;
  m.syscall(62, 1, 10);
  assert.is(m.registers.words[RIP], 0x11110000n);
  assert.is(m.registers.words[RDI], 10n);
  const sp = Number(m.registers.words[RSP]);
  assert.is(sp % 16, 8);
  assert.ok(sp < stack - 128, 'below the red zone');
  assert.is(m.space.load64(sp), 0x22220000n);
  assert.is(m.space.load64(Number(m.registers.words[13]) + 16), 1n, 'si_pid');
  assert.ok(m.task.blocked.has(10));
  // The handler changes the saved rip, as a JIT does, and returns.
  const context = Number(m.registers.words[12]) + 40;
  m.space.store64(context + 16 * 8, 0x405678n);
  m.registers.words[3] = 0n;
  m.registers.words[RSP] = BigInt(sp + 8);
  m.registers.words[15] = 15n;
  m.system.dispatch(m.task, m.call);
  m.system.beforeReturn(m.task);
  assert.is(m.registers.words[RIP], 0x405678n);
  assert.is(m.registers.words[RSP], BigInt(stack));
  assert.is(m.registers.words[3], 77n);
  assert.not(m.task.blocked.has(10));
});

test('default actions end the process with 128 + n; ignored signals do nothing', () => {
  for (const [signal, status] of [
    [15, 143],
    [2, 130],
    [6, 134],
    [9, 137],
    [17, -1],
    [28, -1],
    [18, -1],
  ]) {
    const m = machine();
    m.syscall(62, 1, signal);
    assert.is(m.status, status, 'signal ' + signal);
  }
  const m = machine();
  setHandler(m, 15, 0, 1n);
  m.syscall(62, 1, 15);
  assert.is(m.status, -1);
});

test('blocked signals wait; SIGKILL cannot be blocked', () => {
  const m = machine();
  const set = m.room(8);
  m.space.store64(set, 0xffffffffffffffffn);
  m.syscall(14, 0, set, 0, 8);
  m.syscall(62, 1, 15);
  assert.is(m.status, -1);
  const pending = m.room(8);
  m.syscall(127, pending, 8);
  assert.is(m.space.load64(pending), 1n << 14n);
  m.syscall(62, 1, 9);
  assert.is(m.status, 137);
});

test('a read on the terminal: line, ^C with and without SA_RESTART', () => {
  const m = machine(true);
  const buffer = m.room(64);
  const typed = (text: string) => () =>
    m.streams.receive(Uint8Array.from([...text].map((c) => c.charCodeAt(0))));
  m.events.push(typed('ab'), typed('c\n'));
  assert.is(m.syscall(0, 0, buffer, 64), 4);
  assert.is(m.text(buffer, 4), 'abc\n');
  assert.is(m.out[1], 'abc\r\n');
  const stack = m.syscall(9, 0, 65536, 3, 0x22, -1, 0) + 60000;
  m.registers.words[RSP] = BigInt(stack);
  setHandler(m, SIGINT, 0x10000000);
  m.registers.words[RIP] = 0x401002n;
  m.events.push(typed('\x03'));
  m.syscall(0, 0, buffer, 64);
  assert.is(m.registers.words[RIP], 0x11110000n);
  const saved = Number(m.registers.words[12]) + 40;
  assert.is(m.space.load64(saved + 16 * 8), 0x401000n, 'rip goes back to the syscall instruction');
  assert.is(m.space.load64(saved + 13 * 8), 0n, 'rax is the call number again');
  m.task.blocked.low = 0;
  m.registers.words[RSP] = BigInt(stack);
  setHandler(m, SIGINT, 0);
  m.events.push(typed('\x03'));
  m.syscall(0, 0, buffer, 64);
  assert.is(m.space.load64(Number(m.registers.words[12]) + 40 + 13 * 8), BigInt.asUintN(64, -4n));
});

test('terminal settings and window size', () => {
  const m = machine(true);
  const out = m.room(64);
  assert.is(m.syscall(16, 0, 0x5401, out), 0);
  m.space.store32(out + 12, 0);
  assert.is(m.syscall(16, 0, 0x5402, out), 0);
  assert.is(m.streams.terminal.discipline.termios.canonical(), false);
  assert.is(m.syscall(16, 1, 0x5413, out), 0);
  assert.is(m.space.load32(out), 24 | (80 << 16));
  const plain = machine(false);
  assert.is(plain.syscall(16, 0, 0x5401, plain.room(64)), -25);
});

test('standard input that is no terminal', () => {
  const m = machine();
  const buffer = m.room(64);
  m.events.push(() => m.streams.receive(new Uint8Array([65, 66])));
  assert.is(m.syscall(0, 0, buffer, 64), 2);
  m.events.push(() => m.streams.end());
  assert.is(m.syscall(0, 0, buffer, 64), 0);
  assert.is(m.syscall(1, 2, 'err', 3), 3);
  assert.is(m.out[2], 'err');
});

test('poll and select', () => {
  const m = machine();
  const fds = m.room(16);
  m.space.store32(fds, 0);
  m.space.store32(fds + 4, 1);
  m.space.store32(fds + 8, 77);
  m.space.store32(fds + 12, 1);
  assert.is(m.syscall(7, fds, 2, 0), 1);
  assert.is(m.space.load32(fds + 12) >>> 16, 32, 'POLLNVAL');
  m.events.push(() => m.streams.receive(new Uint8Array([65])));
  assert.is(m.syscall(7, fds, 1, -1), 1);
  assert.is(m.space.load32(fds + 4) >>> 16, 1);
  const set = m.room(8);
  m.space.store64(set, 1n);
  assert.is(m.syscall(23, 1, set, 0, 0, 0), 1);
  m.space.store64(set, 1n << 40n);
  assert.is(m.syscall(23, 41, set, 0, 0, 0), -9);
  const before = m.nowNs;
  assert.is(m.syscall(7, 0, 0, 250), 0);
  assert.is(m.nowNs - before, 250000000n);
});

test('futex: value, timeout, wake', () => {
  const m = machine();
  const word = m.room(4);
  m.space.store32(word, 5);
  assert.is(m.syscall(202, word, 128, 4, 0), -11);
  const timeout = m.room(16);
  m.space.store64(timeout + 8, 1000n);
  assert.is(m.syscall(202, word, 128, 5, timeout), -110);
  m.events.push(() => void m.system.futexes.wake(word, 1, -1));
  assert.is(m.syscall(202, word, 128, 5, 0), 0);
  assert.is(m.syscall(202, word, 129, 1), 0);
  assert.is(m.syscall(202, word + 1, 128, 5, 0), -22);
});

test('epoll: level, edge, one-shot, closed descriptors; eventfd', () => {
  const m = machine();
  const ep = m.syscall(291, 0);
  const pair = m.room(8);
  m.syscall(293, pair, 0o4000);
  const [r, w] = [m.space.load32(pair), m.space.load32(pair + 4)];
  const ev = m.syscall(290, 0, 0o4000);
  const event = (bits: number, data: bigint): number => {
    const at = m.room(12);
    m.space.store32(at, bits);
    m.space.store64(at + 4, data);
    return at;
  };
  const out = m.room(120);
  assert.is(m.syscall(233, ep, 1, r, event(1, 7n)), 0);
  assert.is(m.syscall(233, ep, 1, r, event(1, 7n)), -17);
  assert.is(m.syscall(233, ep, 1, ev, event(0x80000001, 0xfedcba9876543210n)), 0);
  assert.is(m.syscall(232, ep, out, 10, 0), 0);
  m.syscall(1, w, 'x', 1);
  const one = m.place(Uint8Array.from([1, 0, 0, 0, 0, 0, 0, 0]));
  assert.is(m.syscall(1, ev, one, 8), 8);
  assert.is(m.syscall(232, ep, out, 10, 0), 2);
  assert.is(m.space.load64(out + 4), 7n);
  assert.is(m.space.load64(out + 16), 0xfedcba9876543210n);
  assert.is(m.syscall(232, ep, out, 10, 0), 1, 'the edge is reported once, the level again');
  m.syscall(1, ev, one, 8);
  assert.is(m.syscall(232, ep, out, 1, 0), 1);
  assert.is(m.syscall(232, ep, out, 1, 0), 1, 'one at a time, in turn');
  assert.is(m.syscall(0, ev, out, 8), 8);
  assert.is(m.space.load64(out), 2n);
  assert.is(m.syscall(0, ev, out, 8), -11);
  m.syscall(0, r, out, 8);
  m.events.push(() => void m.process.files.get(w)!.write(new Uint8Array(3)));
  assert.is(m.syscall(232, ep, out, 10, -1), 1, 'waits for the writer');
  assert.is(m.syscall(233, ep, 3, r, event(0x40000001, 9n)), 0);
  assert.is(m.syscall(232, ep, out, 10, 0), 1);
  assert.is(m.syscall(232, ep, out, 10, 0), 0, 'one-shot');
  m.syscall(3, r);
  assert.is(m.syscall(232, ep, out, 10, 5), 0);
  assert.is(m.syscall(233, ep, 2, ev, 0), 0);
  assert.is(m.syscall(233, ep, 1, m.syscall(2, '/tmp', 0, 0), event(1, 0n)), -1);
});

test('clone makes threads of the right shape, and refuses processes', () => {
  const m = machine();
  const tid = m.room(8);
  const stack = m.room(256) + 256;
  assert.is(m.syscall(56, 0x3d0f00, stack, tid, tid + 4, 0x12345000), 2);
  const task = m.started[0];
  assert.is(m.space.load32(tid), 2);
  assert.is(task.clearChildTid, tid + 4);
  assert.is(task.processor.fsBase(), 0x12345000);
  assert.is(task.registers.get(10), 0n);
  assert.is(task.registers.get(19), BigInt(stack));
  assert.is(m.syscall(56, 0x11, 0), -38);
  assert.ok(m.fatalLines[0].startsWith('clone: a second process'));
  m.space.store32(tid + 4, 2);
  m.system.exitTask(task, 0);
  assert.is(m.space.load32(tid + 4), 0, 'cleared for pthread_join');
  assert.is(m.process.tasks.length, 1);
  const args = m.room(88);
  for (let at = 0; at < 88; at += 8) m.space.store64(args + at, 0n);
  m.space.store64(args, 0x10f00n);
  m.space.store64(args + 40, 0x5000n);
  m.space.store64(args + 48, 0x1000n);
  assert.is(m.syscall(435, args, 88), 3);
  assert.is(m.started[1].registers.get(19), 0x6000n);
});

test('exit statuses', () => {
  const m = machine();
  m.syscall(231, 263);
  assert.is(m.status, 7);
});

test('what is missing says so once, and answers ENOSYS', () => {
  const m = machine();
  assert.is(m.syscall(253, 1), -38);
  assert.is(m.syscall(253, 1), -38);
  assert.is(m.syscall(9999), -38);
  assert.equal(m.lines, [
    'system call 253 (inotify_init) is not implemented',
    'system call 9999 is not implemented',
  ]);
  assert.is(m.syscall(57), -38);
  assert.ok(m.fatalLines[0].startsWith('fork: '));
});

test('/proc and /sys have Linux formats', () => {
  const m = machine();
  const read = (path: string): string => {
    const fd = m.syscall(2, path, 0, 0);
    assert.ok(fd >= 0, path + ' ' + fd);
    const out = m.room(8192);
    const count = m.syscall(0, fd, out, 8192);
    m.syscall(3, fd);
    return m.text(out, count);
  };
  assert.ok(/^Linux version \d+\.\d+\.\S+ \(.*\) \(.*\) #1/.test(read('/proc/version')));
  assert.ok(
    /^MemTotal: +262144 kB\nMemFree: +131072 kB\nMemAvailable:/.test(read('/proc/meminfo')),
  );
  assert.ok(/^cpu {2}\d+ 0 0 \d+/.test(read('/proc/stat')));
  assert.ok(/^\d+\.\d\d \d+\.\d\d\n$/.test(read('/proc/uptime')));
  assert.is(read('/proc/self/stat').split(' ').length, 52);
  assert.ok(/\nSigCgt:\t[0-9a-f]{16}\n/.test(read('/proc/self/status')));
  assert.ok(/^[0-9a-f]{8}-[0-9a-f]{8} rw-p 00000000 00:00 0 \n/.test(read('/proc/self/maps')));
  assert.ok(read('/proc/mounts').includes('proc /proc proc rw,relatime 0 0\n'));
  assert.is(read('/sys/devices/system/cpu/online'), '0-1\n');
  assert.is(read('/proc/sys/kernel/osrelease'), '6.1.0-tessera\n');
  const out = m.room(64);
  assert.is(m.syscall(89, '/proc/self', out, 64), 1);
  const fd = m.syscall(2, '/tmp', 0, 0);
  assert.is(m.text(out, m.syscall(89, '/proc/self/fd/' + fd, out, 64)), '/tmp');
  assert.is(m.syscall(80, '/proc/self/fd/' + fd), 0);
  assert.is(m.syscall(79, out, 64), 5);
});

test('strace lines', () => {
  const m = machine();
  m.system.tracing = true;
  m.syscall(1, 1, 'hi\n', 3);
  m.syscall(257, AT_FDCWD, '/none', 0o2000000, 0);
  m.syscall(12, 0);
  assert.is(m.traceLines[0], 'write(1, "hi\\n", 3) = 3');
  assert.is(m.traceLines[1], 'openat(AT_FDCWD, "/none", O_RDONLY|O_CLOEXEC, 00) = -1 ENOENT');
  assert.is(m.traceLines[2], 'brk(NULL) = 0');
});

test.run();
