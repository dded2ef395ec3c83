/**
 * Message-signalled interrupts. A message is one 32-bit store to an address that names a CPU; the device
 * makes it, so no pin is shared and no register is read in the handler. MSI-X (PCI 3.0, 6.8.2) keeps its
 * table in a BAR: 16 bytes an entry `address low, address high, data, control (bit 0 masks)`.
 */
import type { Bar } from './bars.js';
import type { FunctionConfig, RegisterIo } from './config-access.js';
import { type PciFault, PciFaultKind, pciFault } from './fault.js';

const CONTROL_ENABLE = 0x8000;
const CONTROL_MASK_ALL = 0x4000;
const ENTRY_BYTES = 16;
const ENTRY_MASKED = 1;

export interface InterruptMessage {
  readonly address: number;
  readonly data: number;
}

/** Where x86 local APICs listen: fixed delivery, edge, physical destination. */
export function apicMessage(apicId: number, vector: number): InterruptMessage {
  return { address: 0xfee00000 + (apicId & 0xff) * 0x1000, data: vector & 0xff };
}

export interface MsixCapability {
  readonly offset: number;
  readonly entryCount: number;
  readonly tableBar: number;
  readonly tableOffset: number;
  readonly pendingBar: number;
  readonly pendingOffset: number;
}

export function readMsixCapability(config: FunctionConfig, offset: number): MsixCapability {
  const table = config.read32(offset + 4);
  const pending = config.read32(offset + 8);
  return {
    offset,
    entryCount: (config.read16(offset + 2) & 0x7ff) + 1,
    tableBar: table & 7,
    tableOffset: (table & 0xfffffff8) >>> 0,
    pendingBar: pending & 7,
    pendingOffset: (pending & 0xfffffff8) >>> 0,
  };
}

export interface MsixOpenResult {
  readonly table: MsixTable | undefined;
  readonly fault: PciFault | undefined;
}

/** Checks that table and pending bits lie inside their BARs before anything is mapped or written. */
export function openMsix(
  config: FunctionConfig,
  capability: MsixCapability,
  bars: readonly Bar[],
  registers: RegisterIo,
): MsixOpenResult {
  const tableBar = barOf(bars, capability.tableBar);
  const pendingBar = barOf(bars, capability.pendingBar);
  const tableEnd = capability.tableOffset + capability.entryCount * ENTRY_BYTES;
  const pendingEnd = capability.pendingOffset + Math.trunc((capability.entryCount + 63) / 64) * 8;
  if (tableBar === undefined || pendingBar === undefined) {
    return bad(config, capability.tableBar);
  }
  if (tableBar.address === 0 || tableEnd > tableBar.sizeBytes) {
    return bad(config, capability.tableOffset);
  }
  if (pendingEnd > pendingBar.sizeBytes) return bad(config, capability.pendingOffset);
  const base = tableBar.address + capability.tableOffset;
  return { table: new MsixTable(config, capability, base, registers), fault: undefined };
}

export class MsixTable {
  readonly entryCount: number;
  readonly #config: FunctionConfig;
  readonly #control: number;
  readonly #base: number;
  readonly #registers: RegisterIo;

  constructor(
    config: FunctionConfig,
    capability: MsixCapability,
    base: number,
    registers: RegisterIo,
  ) {
    this.entryCount = capability.entryCount;
    this.#config = config;
    this.#control = capability.offset + 2;
    this.#base = base;
    this.#registers = registers;
  }

  /** Mask every entry, then switch the function from its pin to messages. */
  enable(): void {
    const control = this.#config.read16(this.#control);
    this.#config.write16(this.#control, control | CONTROL_ENABLE | CONTROL_MASK_ALL);
    for (let entry = 0; entry < this.entryCount; entry += 1) this.mask(entry);
    this.#config.write16(this.#control, (control | CONTROL_ENABLE) & ~CONTROL_MASK_ALL & 0xffff);
  }

  disable(): void {
    const control = this.#config.read16(this.#control);
    this.#config.write16(this.#control, control & ~CONTROL_ENABLE & 0xffff);
  }

  /** Point an entry at a CPU and unmask it. False when there is no such entry. */
  route(entry: number, message: InterruptMessage): boolean {
    if (entry < 0 || entry >= this.entryCount) return false;
    const at = this.#base + entry * ENTRY_BYTES;
    // Masked while half written: a torn address could name another CPU.
    this.mask(entry);
    this.#registers.store32(at, message.address % 0x100000000);
    this.#registers.store32(at + 4, Math.trunc(message.address / 0x100000000));
    this.#registers.store32(at + 8, message.data);
    this.unmask(entry);
    return true;
  }

  mask(entry: number): void {
    const at = this.#base + entry * ENTRY_BYTES + 12;
    this.#registers.store32(at, (this.#registers.load32(at) | ENTRY_MASKED) >>> 0);
  }

  unmask(entry: number): void {
    const at = this.#base + entry * ENTRY_BYTES + 12;
    this.#registers.store32(at, (this.#registers.load32(at) & ~ENTRY_MASKED) >>> 0);
  }
}

function barOf(bars: readonly Bar[], index: number): Bar | undefined {
  for (const bar of bars) {
    if (bar.index === index) return bar;
  }
  return undefined;
}

function bad(config: FunctionConfig, detail: number): MsixOpenResult {
  return { table: undefined, fault: pciFault(PciFaultKind.MsixBounds, config.id, detail) };
}
