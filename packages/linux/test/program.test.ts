import { existsSync, readFileSync } from 'node:fs';
import { PosixFileSystem } from '@tessera/vfs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseScriptLine, SEGV_MAPERR, SIGSEGV, SignalInfo } from '../src/index.js';
import { FakeMachine } from '../src/testing/index.js';

const BUSYBOX = '/bin/busybox';

function install(m: FakeMachine, path: string, content: Uint8Array, mode = 0o755): void {
  const fs = new PosixFileSystem(m.files);
  fs.mkdirAll(path.slice(0, path.lastIndexOf('/')) || '/');
  fs.writeFile(path, content, mode);
}

const text = (t: string): Uint8Array => new TextEncoder().encode(t);

test('a real static executable is loaded as its headers say', () => {
  if (!existsSync(BUSYBOX)) {
    console.log('SKIP: no /bin/busybox (apt install busybox-static)');
    return;
  }
  const m = new FakeMachine(false);
  const file = readFileSync(BUSYBOX);
  install(m, '/bin/busybox', file);
  assert.is(m.system.start(m.task, 'busybox', ['busybox', 'echo', 'hi'], ['PATH=/bin', 'A=b']), 0);
  const view = new DataView(file.buffer, file.byteOffset);
  assert.is(m.registers.words[16], view.getBigUint64(24, true));
  const sp = Number(m.registers.words[19]);
  assert.is(m.space.load64(sp), 3n);
  assert.is(m.text(Number(m.space.load64(sp + 16)), 4), 'echo');
  assert.equal(m.bytes(0x400000, 4), new Uint8Array([0x7f, 0x45, 0x4c, 0x46]));
  assert.is(m.process.executablePath, '/bin/busybox');
  assert.is(m.task.name, 'busybox');
  const names = m.space.regions().map((region) => region.name);
  assert.ok(names.includes('[stack]') && names.includes('/bin/busybox'));
  // execve in place: the same again.
  const list = (...strings: string[]): number => {
    const at = m.space.map({
      address: 0,
      bytes: 4096,
      protection: 3,
      flags: 0x22,
      pager: undefined,
      offset: 0,
      name: '',
    });
    strings.forEach((one, index) => {
      const where = at + 512 + index * 64;
      m.space.copyOut(
        where,
        Uint8Array.from([...(one + '\0')].map((c) => c.charCodeAt(0))),
        one.length + 1,
      );
      m.space.store64(at + index * 8, BigInt(where));
    });
    return at;
  };
  const args = list('busybox', 'true');
  m.space.map({
    address: 0x10000000,
    bytes: 65536,
    protection: 3,
    flags: 0x12,
    pager: undefined,
    offset: 0,
    name: '',
  });
  m.syscall(59, '/bin/busybox', args, 0);
  assert.is(m.space.load64(Number(m.registers.words[19])), 2n);
  assert.is(m.space.load8(0x10000000), -1, 'the old program is gone');
});

test('failures to start have a message and the status of a shell', () => {
  const m = new FakeMachine(false);
  install(m, '/bin/text', text('just text, no program\n'));
  install(m, '/bin/plain', text('x'), 0o644);
  install(m, '/bin/script', text('#!/bin/none -x\n'));
  install(m, '/bin/cut', Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]));
  const start = (path: string): number => m.system.start(m.task, path, [path], []);
  assert.is(start('/bin/missing'), 127);
  assert.is(start('missing'), 127);
  assert.is(start('/bin/text'), 126);
  assert.is(start('/bin/plain'), 126);
  assert.is(start('/bin/script'), 127);
  assert.is(start('/bin/cut'), 126);
  assert.is(start('/bin'), 126);
  assert.equal(m.fatalLines, [
    '/bin/missing: not found',
    'missing: not found',
    '/bin/text: not an ELF executable',
    '/bin/plain: not executable',
    '/bin/script: its interpreter /bin/none is not found',
    '/bin/cut: truncated ELF header',
    '/bin: not executable',
  ]);
});

test('#! lines', () => {
  const line = parseScriptLine(text('#! /bin/sh  -e x \nrest'))!;
  assert.is(line.interpreter, '/bin/sh');
  assert.is(line.argument, '-e x');
  assert.is(parseScriptLine(text('#!\n')), undefined);
  assert.is(parseScriptLine(text('no')), undefined);
});

test('a fault without handler is reported with registers and ends with 139', () => {
  const m = new FakeMachine(false);
  m.process.executablePath = '/bin/crasher';
  m.registers.words[16] = 0x401234n;
  const info = new SignalInfo(SIGSEGV, SEGV_MAPERR);
  info.address = 0;
  m.system.forceSignal(m.task, info);
  assert.is(m.status, 139);
  assert.ok(
    m.fatalLines[0].startsWith('/bin/crasher: SIGSEGV, null pointer: address 0x0, at rip 0x401234'),
    m.fatalLines[0],
  );
  assert.is(m.fatalLines.length, 6);
});

test.run();
