/** What the user sees when a program dies of a fault. */

import {
  REG_R8,
  REG_R9,
  REG_R10,
  REG_R11,
  REG_R12,
  REG_R13,
  REG_R14,
  REG_R15,
  REG_RAX,
  REG_RBP,
  REG_RBX,
  REG_RCX,
  REG_RDI,
  REG_RDX,
  REG_RFLAGS,
  REG_RIP,
  REG_RSI,
  REG_RSP,
  type RegionInfo,
} from './contract.js';
import type { Task } from './process.js';
import {
  SEGV_ACCERR,
  SIGBUS,
  SIGFPE,
  SIGILL,
  SIGSEGV,
  type SignalInfo,
  signalName,
} from './signal/signals.js';
import { hex } from './text.js';

const NAMES: readonly string[] = [
  'rax',
  'rbx',
  'rcx',
  'rdx',
  'rsi',
  'rdi',
  'rbp',
  'rsp',
  'r8 ',
  'r9 ',
  'r10',
  'r11',
  'r12',
  'r13',
  'r14',
  'r15',
];
const REGISTERS: readonly number[] = [
  REG_RAX,
  REG_RBX,
  REG_RCX,
  REG_RDX,
  REG_RSI,
  REG_RDI,
  REG_RBP,
  REG_RSP,
  REG_R8,
  REG_R9,
  REG_R10,
  REG_R11,
  REG_R12,
  REG_R13,
  REG_R14,
  REG_R15,
];

function isFault(info: SignalInfo): boolean {
  const signal = info.signal;
  return (
    info.code > 0 &&
    (signal === SIGSEGV || signal === SIGBUS || signal === SIGFPE || signal === SIGILL)
  );
}

function describe(info: SignalInfo): string {
  if (info.signal === SIGSEGV && info.address < 4096)
    return 'null pointer: address ' + hex(info.address);
  if (info.signal === SIGSEGV && info.code === SEGV_ACCERR)
    return 'access not allowed at ' + hex(info.address);
  if (info.signal === SIGSEGV) return 'nothing mapped at ' + hex(info.address);
  if (info.signal === SIGFPE) return 'arithmetic error';
  if (info.signal === SIGILL) return 'invalid instruction';
  return 'address ' + hex(info.address);
}

function regionAt(regions: readonly RegionInfo[], address: number): string {
  for (let index = 0; index < regions.length; index++) {
    const region = regions[index];
    if (address >= region.start && address < region.end) {
      const name = region.name.length > 0 ? region.name : 'anonymous memory';
      return name + '+' + hex(address - region.start + region.offset);
    }
  }
  return 'no mapping';
}

/** Lines of the report: the first says what happened; registers follow for faults. */
export function crashReport(task: Task, info: SignalInfo): string[] {
  const process = task.process;
  const name = process.executablePath;
  if (!isFault(info)) return [name + ': ended by ' + signalName(info.signal)];
  const registers = task.registers;
  const rip = Number(BigInt.asUintN(52, registers.get(REG_RIP)));
  const lines = [
    name +
      ': ' +
      signalName(info.signal) +
      ', ' +
      describe(info) +
      ', at rip ' +
      hex(rip) +
      ' (' +
      regionAt(process.space.regions(), rip) +
      ')',
  ];
  for (let row = 0; row < 4; row++) {
    let line = ' ';
    for (let column = 0; column < 4; column++) {
      const index = row * 4 + column;
      line +=
        ' ' + NAMES[index] + ' ' + registers.get(REGISTERS[index]).toString(16).padStart(16, '0');
    }
    lines.push(line);
  }
  lines.push(
    '  flags ' + registers.get(REG_RFLAGS).toString(16) + ', fs ' + hex(task.processor.fsBase()),
  );
  return lines;
}
