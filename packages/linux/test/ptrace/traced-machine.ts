/**
 * Real programs under our system calls, without a kernel of our own: program code runs in a traced process (`tracer.c`),
 * and every system call and fault comes here. Memory is mapped in the traced process; what is mapped is booked in a
 * `FakeSpace`'s manner by regions, so that protections hold for our own accesses too.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { u64 } from '@tessera/machine';
import type { Vnode } from '@tessera/vfs';
import type {
  AddressSpace,
  FilePager,
  MappingRequest,
  PagerSource,
  Processor,
  RegionInfo,
  RegisterFile,
  UserMemory,
} from '../../src/index.js';

const STUB = 0x600000000000;
const PAGE = 4096;
const SYS_MMAP = 9;
const SYS_MPROTECT = 10;
const SYS_MUNMAP = 11;
const SYS_MREMAP = 25;

/** Builds the tracer once; undefined with the reason if this host cannot run it. */
export function buildTracer(): { path: string } | { reason: string } {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return { reason: 'needs Linux on x86-64' };
  const folder = mkdtempSync(join(tmpdir(), 'tessera-tracer-'));
  const path = join(folder, 'tracer');
  const source = fileURLToPath(new URL('./tracer.c', import.meta.url));
  try {
    execFileSync('cc', ['-O1', '-o', path, source], { stdio: 'pipe' });
  } catch (error) {
    return { reason: 'no C compiler: ' + String(error) };
  }
  return { path };
}

class NodePager implements FilePager {
  readonly node: Vnode;
  readonly bytes = 0;
  constructor(node: Vnode) {
    this.node = node;
  }
  page(): number {
    return -22;
  }
  retain(): void {
    this.node.opened();
  }
  release(): void {}
}

export class TracedMachine
  implements AddressSpace, UserMemory, PagerSource, Processor, RegisterFile
{
  private readonly child: ChildProcess;
  private readonly commands: number;
  private readonly answers: number;
  private readonly memory: number;
  private readonly folder: string;
  readonly words = new BigUint64Array(27);
  private list: {
    start: number;
    end: number;
    protection: number;
    flags: number;
    offset: number;
    name: string;
  }[] = [];
  private breakStart = 0;
  private breakNow = 0;
  private fault = false;

  constructor(tracer: string) {
    this.folder = mkdtempSync(join(tmpdir(), 'tessera-traced-'));
    const [commands, answers] = [join(this.folder, 'c'), join(this.folder, 'a')];
    execFileSync('mkfifo', [commands, answers]);
    this.child = spawn('/bin/sh', ['-c', `exec ${tracer} 3<${commands} 4>${answers}`], {
      stdio: ['ignore', 'inherit', 'inherit'],
      // The C library's rseq area goes away with the rest of its memory; the host kernel would kill the process for it.
      env: { GLIBC_TUNABLES: 'glibc.pthread.rseq=0' },
    });
    this.commands = openSync(commands, 'w');
    this.answers = openSync(answers, 'r');
    const pid = Number(this.answer(1)[0]);
    this.memory = openSync(`/proc/${pid}/mem`, 'r+');
    for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
      const match = /^([0-9a-f]+)-([0-9a-f]+)/.exec(line);
      if (match === null) continue;
      const start = Number.parseInt(match[1], 16);
      const end = Number.parseInt(match[2], 16);
      if (start !== STUB && end <= 0x7fffffffffff)
        this.inject(SYS_MUNMAP, start, end - start, 0, 0, 0, 0);
    }
    this.load();
  }

  close(): void {
    closeSync(this.memory);
    closeSync(this.commands);
    closeSync(this.answers);
    this.child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true });
  }

  // ---- the tracer ----

  private command(name: string, words: bigint[]): void {
    const out = new BigUint64Array(1 + words.length);
    out[0] = BigInt(name.charCodeAt(0));
    words.forEach((word, index) => {
      out[index + 1] = BigInt.asUintN(64, word);
    });
    writeSync(this.commands, new Uint8Array(out.buffer));
  }

  private answer(count: number): BigInt64Array {
    const bytes = new Uint8Array(count * 8);
    for (let done = 0; done < bytes.length; ) {
      const got = readSync(this.answers, bytes, done, bytes.length - done, null);
      if (got === 0) throw new Error('the tracer is gone');
      done += got;
    }
    return new BigInt64Array(bytes.buffer);
  }

  private inject(...words: number[]): number {
    this.command(
      'I',
      words.map((word) => BigInt(word)),
    );
    return Number(this.answer(1)[0]);
  }

  /** Registers from and to the traced process. */
  load(): void {
    this.command('G', []);
    this.words.set(new BigUint64Array(this.answer(27).buffer));
  }

  store(): void {
    this.command('S', [...this.words]);
  }

  /** Runs program code until something happens: kind 0 is a system call, 1 a signal. */
  resume(): { kind: number; signal: number; address: number; code: number } {
    this.store();
    this.command('C', [0n]);
    const [kind, signal, address, code] = this.answer(4);
    this.load();
    return {
      kind: Number(kind),
      signal: Number(signal),
      address: Number(BigInt.asUintN(52, address)),
      code: Number(code),
    };
  }

  // ---- registers and processor ----

  get(index: number): u64 {
    return this.words[index];
  }
  set(index: number, value: u64): void {
    this.words[index] = value;
  }
  changed(): void {
    // rt_sigreturn and execve: the host kernel must not think that it restarts a call.
    this.words[15] = 0xffffffffffffffffn;
  }
  setFsBase(address: number): void {
    this.words[21] = BigInt(address);
  }
  fsBase(): number {
    return Number(this.words[21]);
  }
  fpuAreaBytes(): number {
    return 0;
  }
  fpuSave(): boolean {
    return true;
  }
  fpuRestore(): boolean {
    return true;
  }
  fpuReset(): void {}
  inherit(): void {}

  // ---- address space ----

  regions(): readonly RegionInfo[] {
    return this.list;
  }

  private cut(start: number, end: number): void {
    const kept: typeof this.list = [];
    for (const region of this.list) {
      if (region.end <= start || region.start >= end) kept.push(region);
      else {
        if (region.start < start) kept.push({ ...region, end: start });
        if (region.end > end)
          kept.push({ ...region, start: end, offset: region.offset + end - region.start });
      }
    }
    this.list = kept.sort((a, b) => a.start - b.start);
  }

  private free(start: number, end: number): boolean {
    return this.list.every((region) => region.end <= start || region.start >= end);
  }

  map(request: MappingRequest): number {
    const bytes = Math.ceil(request.bytes / PAGE) * PAGE;
    const fixed = (request.flags & 0x100010) !== 0;
    let address = request.address;
    if ((request.flags & 0x100000) !== 0 && !this.free(address, address + bytes)) return -17;
    if (!fixed && (address === 0 || !this.free(address, address + bytes))) {
      address = 0x3ffffffff000 - bytes;
      for (const region of [...this.list].reverse()) {
        if (region.end > address && region.start < address + bytes) address = region.start - bytes;
      }
    }
    this.cut(address, address + bytes);
    const result = this.inject(SYS_MMAP, address, bytes, 3, 0x4032, -1, 0);
    if (result !== address) return result < 0 ? result : -12;
    const pager = request.pager;
    if (pager instanceof NodePager) {
      const buffer = new Uint8Array(bytes);
      let done = 0;
      for (let got = 1; got > 0 && done < bytes; done += got)
        got = pager.node.read(request.offset + done, buffer.subarray(done));
      if (done > 0) writeSync(this.memory, buffer, 0, bytes, address);
    }
    if (request.protection !== 3)
      this.inject(SYS_MPROTECT, address, bytes, request.protection, 0, 0, 0);
    this.list.push({
      start: address,
      end: address + bytes,
      protection: request.protection,
      flags: request.flags,
      offset: request.offset,
      name: request.name,
    });
    this.list.sort((a, b) => a.start - b.start);
    return address;
  }

  unmap(address: number, bytes: number): number {
    this.cut(address, address + bytes);
    return this.inject(SYS_MUNMAP, address, bytes, 0, 0, 0, 0);
  }

  protect(address: number, bytes: number, protection: number): number {
    for (let at = address; at < address + bytes; at += PAGE) if (this.free(at, at + 1)) return -12;
    const inside = this.list.filter(
      (region) => region.start < address + bytes && region.end > address,
    );
    this.cut(address, address + bytes);
    for (const region of inside) {
      const start = Math.max(region.start, address);
      const end = Math.min(region.end, address + bytes);
      this.list.push({
        ...region,
        start,
        end,
        offset: region.offset + start - region.start,
        protection,
      });
    }
    this.list.sort((a, b) => a.start - b.start);
    return this.inject(SYS_MPROTECT, address, bytes, protection, 0, 0, 0);
  }

  remap(oldAddress: number, oldBytes: number, newBytes: number, flags: number): number {
    if ((flags & 1) === 0 && newBytes > oldBytes) return -12;
    const to = this.map({
      address: 0,
      bytes: newBytes,
      protection: 3,
      flags: 0x22,
      pager: undefined,
      offset: 0,
      name: '',
    });
    if (to < 0) return to;
    const result = this.inject(SYS_MREMAP, oldAddress, oldBytes, newBytes, 3, to, 0);
    this.cut(oldAddress, oldAddress + oldBytes);
    return result;
  }

  advise(address: number, bytes: number, advice: number): number {
    return this.inject(28, address, bytes, advice, 0, 0, 0);
  }

  initialiseBreak(start: number): void {
    this.breakStart = this.breakNow = Math.ceil(start / PAGE) * PAGE;
  }

  setBreak(address: number): number {
    if (address < this.breakStart || address > 0x70000000) return this.breakNow;
    const from = Math.ceil(this.breakNow / PAGE) * PAGE;
    const to = Math.ceil(address / PAGE) * PAGE;
    if (to > from)
      this.map({
        address: from,
        bytes: to - from,
        protection: 3,
        flags: 0x32,
        pager: undefined,
        offset: 0,
        name: '[heap]',
      });
    else if (to < from) this.unmap(to, from - to);
    this.breakNow = address;
    return address;
  }

  reset(): void {
    for (const region of this.list)
      this.inject(SYS_MUNMAP, region.start, region.end - region.start, 0, 0, 0, 0);
    this.list = [];
  }

  pagerFor(node: Vnode): FilePager {
    return new NodePager(node);
  }

  // ---- memory ----

  private allowed(address: number, bytes: number, need: number): boolean {
    let at = address;
    for (const region of this.list) {
      if (region.end <= at || region.start > at) continue;
      if ((region.protection & need) === 0) return false;
      at = region.end;
      if (at >= address + bytes) return true;
    }
    return bytes === 0;
  }

  copyIn(address: number, into: Uint8Array, bytes: number): boolean {
    if (!this.allowed(address, bytes, 1)) return false;
    return bytes === 0 || readSync(this.memory, into, 0, bytes, address) === bytes;
  }

  copyOut(address: number, from: Uint8Array, bytes: number): boolean {
    if (!this.allowed(address, bytes, 2)) return false;
    return bytes === 0 || writeSync(this.memory, from, 0, bytes, address) === bytes;
  }

  fill(address: number, byte: number, bytes: number): boolean {
    return this.copyOut(address, new Uint8Array(bytes).fill(byte), bytes);
  }

  private number(address: number, bytes: number): bigint {
    const raw = new Uint8Array(8);
    this.fault = !this.copyIn(address, raw, bytes);
    return new DataView(raw.buffer).getBigUint64(0, true);
  }
  load8(address: number): number {
    const value = this.number(address, 1);
    return this.fault ? -1 : Number(value);
  }
  load32(address: number): number {
    const value = this.number(address, 4);
    return this.fault ? -1 : Number(value);
  }
  load64(address: number): u64 {
    return this.number(address, 8);
  }
  faulted(): boolean {
    return this.fault;
  }
  private put(address: number, value: bigint, bytes: number): boolean {
    const raw = new Uint8Array(8);
    new DataView(raw.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
    return this.copyOut(address, raw, bytes);
  }
  store8(address: number, value: number): boolean {
    return this.put(address, BigInt(value), 1);
  }
  store32(address: number, value: number): boolean {
    return this.put(address, BigInt(value), 4);
  }
  store64(address: number, value: u64): boolean {
    return this.put(address, value, 8);
  }
  compareExchange32(address: number, expected: number, replacement: number): number {
    const old = this.load32(address);
    if (old === expected) this.store32(address, replacement);
    return old;
  }
  stringLength(address: number, maxBytes: number): number {
    for (let length = 0; length < maxBytes; length++) {
      const byte = this.load8(address + length);
      if (byte < 0) return -1;
      if (byte === 0) return length;
    }
    return -2;
  }
}
