/**
 * What the hypervisor says at PVH entry: `hvm_start_info` (xen/include/public/arch-x86/hvm/start_info.h), read through the
 * direct map.
 */
import { physicalToVirtual } from './layout.js';
import { load8, load32, loadInt } from './memory.unsafe.js';
import type { bytestr } from './numbers.js';

const MAGIC = 0x336e_c578;
const FIELD_VERSION = 4;
const FIELD_MODULE_COUNT = 12;
const FIELD_MODULES = 16;
const FIELD_COMMAND_LINE = 24;
const FIELD_RSDP = 32;
const FIELD_MAP = 40;
const FIELD_MAP_COUNT = 48;
const MODULE_BYTES = 32;
const MAP_ENTRY_BYTES = 24;
const MODULES_MAX = 16;
const MAP_ENTRIES_MAX = 128;
const COMMAND_LINE_MAX = 4096;
export const MEMORY_RAM = 1;

export interface MemoryRange {
  readonly start: number;
  readonly bytes: number;
  /** 1 is RAM; others are the firmware's. */
  readonly type: number;
}

export interface BootModule {
  readonly start: number;
  readonly bytes: number;
}

export interface BootInformation {
  readonly memory: readonly MemoryRange[];
  readonly modules: readonly BootModule[];
  readonly commandLine: bytestr;
  /** Physical address of ACPI's root pointer, or 0. */
  readonly rsdp: number;
  /** Physical address and length of start_info itself and what hangs on it: not free memory. */
  readonly start: number;
}

/** Undefined when this is no start_info or it has no memory map. `address` is in the direct map. */
export function readBootInformation(
  address: number,
  physical: number,
): BootInformation | undefined {
  if (load32(address) !== MAGIC) return undefined;
  if (load32(address + FIELD_VERSION) < 1) return undefined;
  const mapCount = Math.min(load32(address + FIELD_MAP_COUNT), MAP_ENTRIES_MAX);
  const map = physicalToVirtual(loadInt(address + FIELD_MAP));
  if (mapCount === 0) return undefined;
  const memory: MemoryRange[] = [];
  for (let index = 0; index < mapCount; index++) {
    const entry = map + index * MAP_ENTRY_BYTES;
    memory.push({ start: loadInt(entry), bytes: loadInt(entry + 8), type: load32(entry + 16) });
  }
  const modules: BootModule[] = [];
  const moduleCount = Math.min(load32(address + FIELD_MODULE_COUNT), MODULES_MAX);
  const list = physicalToVirtual(loadInt(address + FIELD_MODULES));
  for (let index = 0; index < moduleCount; index++) {
    const entry = list + index * MODULE_BYTES;
    modules.push({ start: loadInt(entry), bytes: loadInt(entry + 8) });
  }
  return {
    memory,
    modules,
    commandLine: readText(loadInt(address + FIELD_COMMAND_LINE)),
    rsdp: loadInt(address + FIELD_RSDP),
    start: physical,
  };
}

function readText(physical: number): bytestr {
  let text = '';
  if (physical === 0) return text;
  for (let index = 0; index < COMMAND_LINE_MAX; index++) {
    const byte = load8(physicalToVirtual(physical + index));
    if (byte === 0) break;
    text += String.fromCharCode(byte);
  }
  return text;
}

/** A half-open range of physical memory. */
export interface PhysicalRange {
  readonly start: number;
  readonly end: number;
}

/**
 * RAM that nobody uses, page aligned, in order: the map's RAM below `limit` without the first MiB (firmware tables, start
 * information), the kernel image and the modules.
 */
export function freeMemory(
  information: BootInformation,
  imageEnd: number,
  limit: number,
): PhysicalRange[] {
  const taken: PhysicalRange[] = [
    { start: 0, end: 0x10_0000 },
    { start: 0x10_0000, end: imageEnd },
  ];
  for (const module of information.modules)
    taken.push({ start: module.start, end: module.start + module.bytes });
  taken.push({ start: information.start, end: information.start + 4096 });
  const free: PhysicalRange[] = [];
  for (const range of information.memory) {
    if (range.type !== MEMORY_RAM) continue;
    let pieces: PhysicalRange[] = [
      { start: roundUp(range.start), end: Math.min(roundDown(range.start + range.bytes), limit) },
    ];
    for (const hole of taken) {
      const rest: PhysicalRange[] = [];
      for (const piece of pieces) {
        const start = roundDown(hole.start);
        const end = roundUp(hole.end);
        if (end <= piece.start || start >= piece.end) {
          rest.push(piece);
          continue;
        }
        if (piece.start < start) rest.push({ start: piece.start, end: start });
        if (end < piece.end) rest.push({ start: end, end: piece.end });
      }
      pieces = rest;
    }
    for (const piece of pieces) if (piece.end > piece.start) free.push(piece);
  }
  return free;
}

function roundUp(value: number): number {
  return Math.trunc((value + 4095) / 4096) * 4096;
}

function roundDown(value: number): number {
  return Math.trunc(value / 4096) * 4096;
}
