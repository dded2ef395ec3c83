/**
 * The virtio devices of this machine: those that the command line names (MMIO), and those on PCI, modern before legacy.
 * What is found is a transport and how its interrupt arrives; which driver takes it is the caller's choice by type.
 */
import {
  type Bar,
  BarKind,
  CapabilityId,
  COMMAND,
  COMMAND_BUS_MASTER,
  COMMAND_IO,
  COMMAND_MEMORY,
  type ConfigAccess,
  enumerate,
  FunctionConfig,
  type PciFunction,
  readBars,
  readCapabilities,
} from '@tessera/pci';
import type { FaultSink } from '../fault.js';
import { parseMmioCommandLine } from '../mmio-command-line.js';
import { MmioTransport } from '../mmio-transport.js';
import { pciDeviceType } from '../pci-layout.js';
import { PciLegacyTransport } from '../pci-legacy-transport.js';
import { type PciAccess, PciModernTransport } from '../pci-modern-transport.js';
import type { RegisterWindow, Transport } from '../transport.js';
import { PhysicalWindow, PortWindow } from './registers.unsafe.js';

export interface FoundDevice {
  readonly transport: Transport;
  readonly deviceType: number;
  readonly name: string;
  /** Line of the I/O interrupt controller; 0xff for none. */
  readonly interruptLine: number;
}

const FUNCTIONS_MAX = 256;
/** The boot page tables map this much. */
const DIRECT_LIMIT = 0x100000000;

export function findMmioDevices(commandLine: string, sink: FaultSink): FoundDevice[] {
  const found: FoundDevice[] = [];
  for (const slot of parseMmioCommandLine(commandLine)) {
    if (slot.address + slot.sizeBytes > DIRECT_LIMIT) continue;
    const name = `virtio-mmio@${slot.address.toString(16)}`;
    const transport = MmioTransport.open(new PhysicalWindow(slot.address), name, sink);
    if (transport === undefined) continue;
    const deviceType = transport.deviceType();
    found.push({ transport, deviceType, name, interruptLine: slot.interrupt });
  }
  return found;
}

export function findPciDevices(access: ConfigAccess, sink: FaultSink): FoundDevice[] {
  const found: FoundDevice[] = [];
  const list = enumerate(access, { roots: [0], functionsMax: FUNCTIONS_MAX });
  for (const candidate of list.functions) {
    const device = openPciDevice(access, candidate, sink);
    if (device !== undefined) found.push(device);
  }
  return found;
}

function openPciDevice(
  access: ConfigAccess,
  candidate: PciFunction,
  sink: FaultSink,
): FoundDevice | undefined {
  const { vendorId, deviceId, subsystemId } = candidate;
  const deviceType = pciDeviceType(vendorId, deviceId, subsystemId);
  if (deviceType === 0) return undefined;
  const config = new FunctionConfig(access, candidate.id);
  const { bars } = readBars(config, 6);
  const enabled = COMMAND_IO | COMMAND_MEMORY | COMMAND_BUS_MASTER;
  config.write16(COMMAND, config.read16(COMMAND) | enabled);
  const name = `virtio-pci@${candidate.id.toString(16)}`;
  const transport = openTransport(config, bars, deviceType, name, sink);
  if (transport === undefined) return undefined;
  return { transport, deviceType, name, interruptLine: candidate.interruptLine };
}

function openTransport(
  config: FunctionConfig,
  bars: readonly Bar[],
  deviceType: number,
  name: string,
  sink: FaultSink,
): Transport | undefined {
  const vendorCapabilities: number[] = [];
  for (const capability of readCapabilities(config).capabilities) {
    if (capability.id === CapabilityId.VendorSpecific) vendorCapabilities.push(capability.offset);
  }
  if (vendorCapabilities.length > 0) {
    const access = new FunctionAccess(config, bars, vendorCapabilities);
    return PciModernTransport.open(access, deviceType, name, sink);
  }
  for (const bar of bars) {
    if (bar.index !== 0 || bar.kind !== BarKind.Io || bar.address === 0) continue;
    return new PciLegacyTransport(new PortWindow(bar.address), deviceType, false);
  }
  return undefined;
}

class FunctionAccess implements PciAccess {
  readonly vendorCapabilities: readonly number[];
  readonly #config: FunctionConfig;
  readonly #bars: readonly Bar[];

  constructor(config: FunctionConfig, bars: readonly Bar[], vendorCapabilities: readonly number[]) {
    this.#config = config;
    this.#bars = bars;
    this.vendorCapabilities = vendorCapabilities;
  }

  read8(offset: number): number {
    return this.#config.read8(offset);
  }

  read32(offset: number): number {
    return this.#config.read32(offset);
  }

  window(bar: number, offset: number, bytes: number): RegisterWindow | undefined {
    for (const candidate of this.#bars) {
      if (candidate.index !== bar || candidate.address === 0) continue;
      if (offset + bytes > candidate.sizeBytes) return undefined;
      if (candidate.kind === BarKind.Io) return new PortWindow(candidate.address + offset);
      if (candidate.address + candidate.sizeBytes > DIRECT_LIMIT) return undefined;
      return new PhysicalWindow(candidate.address + offset);
    }
    return undefined;
  }
}
