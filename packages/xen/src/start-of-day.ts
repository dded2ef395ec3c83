/**
 * What a domain knows when it starts: the PVH start info (`hvm_start_info`, pointed to by EBX) and the CPUID leaves
 * of the hypervisor. Both are read with every pointer and count checked: the loader may be anybody's.
 */
import { load53, type SharedMemory } from './memory.js';

export const PVH_MAGIC = 0x336ec578;
const MODULES_MAX = 16;
const MEMORY_ENTRIES_MAX = 128;
const COMMAND_LINE_BYTES_MAX = 4096;

export interface PvhModule {
  readonly address: number;
  readonly sizeBytes: number;
  readonly commandLine: string;
}

export interface MemoryRange {
  readonly address: number;
  readonly sizeBytes: number;
  /** E820: 1 RAM, 2 reserved, 3 ACPI, 4 NVS, 5 unusable. */
  readonly type: number;
}

export interface PvhStartInfo {
  readonly version: number;
  readonly commandLine: string;
  /** 0: none. */
  readonly rsdpAddress: number;
  readonly modules: readonly PvhModule[];
  /** Empty before version 1: ask the hypervisor. */
  readonly memoryMap: readonly MemoryRange[];
}

/** Undefined when the magic is wrong or the structure lies outside memory. */
export function parsePvhStartInfo(memory: SharedMemory, at: number): PvhStartInfo | undefined {
  if (!memory.contains(at, 40) || memory.load32(at) !== PVH_MAGIC) return undefined;
  const version = memory.load32(at + 4);
  const moduleCount = Math.min(memory.load32(at + 12), MODULES_MAX);
  const moduleList = load53(memory, at + 16);
  const modules: PvhModule[] = [];
  for (let i = 0; i < moduleCount; i += 1) {
    const entry = moduleList + i * 32;
    if (moduleList <= 0 || !memory.contains(entry, 32)) break;
    const address = load53(memory, entry);
    const sizeBytes = load53(memory, entry + 8);
    if (address < 0 || sizeBytes < 0) continue;
    const commandLine = textAt(memory, load53(memory, entry + 16));
    modules.push({ address, sizeBytes, commandLine });
  }
  return {
    version,
    commandLine: textAt(memory, load53(memory, at + 24)),
    rsdpAddress: Math.max(0, load53(memory, at + 32)),
    modules,
    memoryMap: version >= 1 ? readMemoryMap(memory, at) : [],
  };
}

function readMemoryMap(memory: SharedMemory, at: number): MemoryRange[] {
  const ranges: MemoryRange[] = [];
  if (!memory.contains(at, 56)) return ranges;
  const list = load53(memory, at + 40);
  const count = Math.min(memory.load32(at + 48), MEMORY_ENTRIES_MAX);
  for (let i = 0; i < count; i += 1) {
    const entry = list + i * 24;
    if (list <= 0 || !memory.contains(entry, 24)) break;
    const address = load53(memory, entry);
    const sizeBytes = load53(memory, entry + 8);
    if (address < 0 || sizeBytes < 0) continue;
    ranges.push({ address, sizeBytes, type: memory.load32(entry + 16) });
  }
  return ranges;
}

function textAt(memory: SharedMemory, at: number): string {
  let text = '';
  if (at <= 0) return text;
  for (let i = 0; i < COMMAND_LINE_BYTES_MAX && memory.contains(at + i, 1); i += 1) {
    const code = memory.load8(at + i);
    if (code === 0) break;
    text += String.fromCharCode(code);
  }
  return text;
}

/** Result of one CPUID instruction; values are unsigned. */
export interface CpuidResult {
  readonly eax: number;
  readonly ebx: number;
  readonly ecx: number;
  readonly edx: number;
}

export interface Cpuid {
  read(leaf: number): CpuidResult;
}

export interface XenCpuid {
  /** First leaf: 0x40000000, or higher when the hypervisor also shows others' leaves. */
  readonly baseLeaf: number;
  readonly majorVersion: number;
  readonly minorVersion: number;
  readonly hypercallPages: number;
  readonly hypercallMsr: number;
  readonly hasVcpuId: boolean;
  readonly domainId: number;
}

/** Undefined when this is not Xen. */
export function findXen(cpuid: Cpuid): XenCpuid | undefined {
  for (let base = 0x40000000; base < 0x40010000; base += 0x100) {
    const signature = cpuid.read(base);
    const isXen =
      signature.ebx === 0x566e6558 && signature.ecx === 0x65584d4d && signature.edx === 0x4d4d566e;
    if (!isXen || signature.eax < base + 2) continue;
    const version = cpuid.read(base + 1);
    const pages = cpuid.read(base + 2);
    const extra = signature.eax >= base + 4 ? cpuid.read(base + 4) : undefined;
    const hasDomain = extra !== undefined && (extra.eax & 16) !== 0;
    return {
      baseLeaf: base,
      majorVersion: version.eax >>> 16,
      minorVersion: version.eax & 0xffff,
      hypercallPages: pages.eax,
      hypercallMsr: pages.ebx,
      hasVcpuId: extra !== undefined && (extra.eax & 8) !== 0,
      domainId: hasDomain ? extra.ecx : -1,
    };
  }
  return undefined;
}
