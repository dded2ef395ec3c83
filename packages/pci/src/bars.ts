/**
 * Base address registers: where a function's windows are and how large.
 *
 * Sizing (PCI 3.0, 6.2.5.1) writes all ones, reads back which address bits stick, and restores the old
 * value; decoding is switched off meanwhile, so that the window never answers at a wrong address.
 */
import type { FunctionConfig } from './config-access.js';
import { type PciFault, PciFaultKind, pciFault } from './fault.js';
import { BAR0, COMMAND, COMMAND_IO, COMMAND_MEMORY } from './registers.js';

export enum BarKind {
  Memory32 = 'memory32',
  Memory64 = 'memory64',
  Io = 'io',
}

export interface Bar {
  /** Index of the (first) register, 0..5. */
  readonly index: number;
  readonly kind: BarKind;
  /** 0 means firmware assigned nothing. */
  readonly address: number;
  readonly sizeBytes: number;
  readonly prefetchable: boolean;
}

export interface BarList {
  readonly bars: readonly Bar[];
  readonly faults: readonly PciFault[];
}

const ADDRESS_LIMIT = 0x800000000000;

/** Preconditions: nobody uses the function's windows while this runs. `count` is 6, or 2 for a bridge. */
export function readBars(config: FunctionConfig, count: number): BarList {
  const bars: Bar[] = [];
  const faults: PciFault[] = [];
  const command = config.read16(COMMAND);
  config.write16(COMMAND, command & ~(COMMAND_IO | COMMAND_MEMORY) & 0xffff);
  let index = 0;
  while (index < count) {
    const low = config.read32(BAR0 + index * 4);
    if ((low & 1) === 1) {
      addIoBar(config, index, low, bars, faults);
      index += 1;
      continue;
    }
    const type = (low >> 1) & 3;
    if (type === 2 && index + 1 < count) {
      addMemory64Bar(config, index, low, bars, faults);
      index += 2;
      continue;
    }
    if (type !== 0) faults.push(pciFault(PciFaultKind.BarType, config.id, index));
    else addMemory32Bar(config, index, low, bars, faults);
    index += 1;
  }
  config.write16(COMMAND, command);
  return { bars, faults };
}

/** Write a new address. Preconditions: decoding is off or the address is not yet in use. */
export function writeBarAddress(config: FunctionConfig, bar: Bar, address: number): void {
  const register = BAR0 + bar.index * 4;
  config.write32(register, address % 0x100000000);
  if (bar.kind === BarKind.Memory64) {
    config.write32(register + 4, Math.trunc(address / 0x100000000));
  }
}

function probe(config: FunctionConfig, register: number, old: number): number {
  config.write32(register, 0xffffffff);
  const mask = config.read32(register);
  config.write32(register, old);
  return mask;
}

function addIoBar(
  config: FunctionConfig,
  index: number,
  low: number,
  bars: Bar[],
  faults: PciFault[],
): void {
  let mask = (probe(config, BAR0 + index * 4, low) & 0xfffffffc) >>> 0;
  // Devices may leave the upper 16 bits of an I/O BAR unimplemented.
  if (mask !== 0 && mask < 0x10000) mask += 0xffff0000;
  add(config, index, BarKind.Io, (low & 0xfffffffc) >>> 0, mask, 1, false, bars, faults);
}

function addMemory32Bar(
  config: FunctionConfig,
  index: number,
  low: number,
  bars: Bar[],
  faults: PciFault[],
): void {
  const mask = (probe(config, BAR0 + index * 4, low) & 0xfffffff0) >>> 0;
  const address = (low & 0xfffffff0) >>> 0;
  add(config, index, BarKind.Memory32, address, mask, 1, (low & 8) !== 0, bars, faults);
}

function addMemory64Bar(
  config: FunctionConfig,
  index: number,
  low: number,
  bars: Bar[],
  faults: PciFault[],
): void {
  const register = BAR0 + index * 4;
  const high = config.read32(register + 4);
  const maskLow = (probe(config, register, low) & 0xfffffff0) >>> 0;
  const maskHigh = probe(config, register + 4, high);
  if (high >= 0x8000) {
    faults.push(pciFault(PciFaultKind.BarAddress, config.id, index));
    return;
  }
  const address = high * 0x100000000 + ((low & 0xfffffff0) >>> 0);
  const prefetchable = (low & 8) !== 0;
  // A window of 4 GiB and more has no sticky bits in the low half.
  if (maskLow === 0) {
    add(
      config,
      index,
      BarKind.Memory64,
      address,
      maskHigh,
      0x100000000,
      prefetchable,
      bars,
      faults,
    );
    return;
  }
  add(config, index, BarKind.Memory64, address, maskLow, 1, prefetchable, bars, faults);
}

/** `mask` holds the sticky address bits in units of `unitBytes`; 0 means that there is no BAR. */
function add(
  config: FunctionConfig,
  index: number,
  kind: BarKind,
  address: number,
  mask: number,
  unitBytes: number,
  prefetchable: boolean,
  bars: Bar[],
  faults: PciFault[],
): void {
  if (mask === 0) return;
  const units = (~mask >>> 0) + 1;
  if ((units & (units - 1)) !== 0) {
    faults.push(pciFault(PciFaultKind.BarSize, config.id, index));
    return;
  }
  const sizeBytes = units * unitBytes;
  const limit = kind === BarKind.Memory64 ? ADDRESS_LIMIT : 0x100000000;
  if (address + sizeBytes > limit || address % sizeBytes !== 0) {
    faults.push(pciFault(PciFaultKind.BarAddress, config.id, index));
    return;
  }
  bars.push({ index, kind, address, sizeBytes, prefetchable });
}
