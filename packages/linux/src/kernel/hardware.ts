/** What CPUID and the page allocator say, in the words of /proc/cpuinfo. */
import {
  CPUID_EAX,
  CPUID_EBX,
  CPUID_ECX,
  CPUID_EDX,
  cpuid,
  tscFrequencyHz,
} from '@tessera/machine';
import type { PageAllocator } from '@tessera/mm';
import { PAGE_BYTES } from '@tessera/vfs';
import type { HardwareInfo } from '../contract.js';

const FEATURES_EDX: readonly string[] = [
  'fpu',
  'vme',
  'de',
  'pse',
  'tsc',
  'msr',
  'pae',
  'mce',
  'cx8',
  'apic',
  '',
  'sep',
  'mtrr',
  'pge',
  'mca',
  'cmov',
  'pat',
  'pse36',
  'pn',
  'clflush',
  '',
  'dts',
  'acpi',
  'mmx',
  'fxsr',
  'sse',
  'sse2',
  'ss',
  'ht',
  'tm',
  'ia64',
  'pbe',
];
const FEATURES_ECX: readonly string[] = [
  'pni',
  'pclmulqdq',
  'dtes64',
  'monitor',
  'ds_cpl',
  'vmx',
  'smx',
  'est',
  'tm2',
  'ssse3',
  'cid',
  'sdbg',
  'fma',
  'cx16',
  'xtpr',
  'pdcm',
  '',
  'pcid',
  'dca',
  'sse4_1',
  'sse4_2',
  'x2apic',
  'movbe',
  'popcnt',
  'tsc_deadline_timer',
  'aes',
  'xsave',
  'osxsave',
  'avx',
  'f16c',
  'rdrand',
  'hypervisor',
];

/** The four characters of a register. */
function letters(word: number): string {
  let out = '';
  for (let index = 0; index < 4; index++) {
    const code = (word >>> (index * 8)) & 0xff;
    if (code !== 0) out += String.fromCharCode(code);
  }
  return out;
}

function names(word: number, list: readonly string[]): string {
  let out = '';
  for (let bit = 0; bit < 32; bit++) {
    if (((word >>> bit) & 1) !== 0 && list[bit].length > 0)
      out += (out.length > 0 ? ' ' : '') + list[bit];
  }
  return out;
}

export class KernelHardware implements HardwareInfo {
  private readonly allocator: PageAllocator;

  constructor(allocator: PageAllocator) {
    this.allocator = allocator;
  }

  cpuCount(): number {
    return 1;
  }

  cpuVendor(): string {
    return (
      letters(cpuid(0, 0, CPUID_EBX)) +
      letters(cpuid(0, 0, CPUID_EDX)) +
      letters(cpuid(0, 0, CPUID_ECX))
    );
  }

  cpuModel(): string {
    if (cpuid(0x80000000, 0, CPUID_EAX) < 0x80000004) return 'unknown';
    let out = '';
    for (let leaf = 0x80000002; leaf <= 0x80000004; leaf++) {
      for (let register = CPUID_EAX; register <= CPUID_EDX; register++)
        out += letters(cpuid(leaf, 0, register));
    }
    return out.trim();
  }

  cpuFlags(): string {
    return (
      names(cpuid(1, 0, CPUID_EDX), FEATURES_EDX) +
      ' ' +
      names(cpuid(1, 0, CPUID_ECX), FEATURES_ECX)
    );
  }

  cpuMhz(): number {
    return Number(BigInt.asUintN(53, tscFrequencyHz() / 1000000n));
  }

  totalBytes(): number {
    return this.allocator.totalPages * PAGE_BYTES;
  }

  freeBytes(): number {
    return this.allocator.freePages * PAGE_BYTES;
  }

  hardwareCapabilities(): number {
    return cpuid(1, 0, CPUID_EDX);
  }
}
