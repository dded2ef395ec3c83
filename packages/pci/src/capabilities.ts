/**
 * Capability lists. Every pointer comes from the device, so the walk trusts none of them: entries lie in
 * 0x40..0xfc (extended: 0x100..0xffc), each is visited once, and a bad pointer ends the walk with a fault
 * while what was found before it is kept.
 */
import type { FunctionConfig } from './config-access.js';
import { type PciFault, PciFaultKind, pciFault } from './fault.js';
import { CAPABILITY_POINTER, STATUS, STATUS_CAPABILITIES } from './registers.js';

export interface Capability {
  readonly id: number;
  readonly offset: number;
}

export interface CapabilityList {
  readonly capabilities: readonly Capability[];
  readonly fault: PciFault | undefined;
}

export function readCapabilities(config: FunctionConfig): CapabilityList {
  const capabilities: Capability[] = [];
  if ((config.read16(STATUS) & STATUS_CAPABILITIES) === 0) {
    return { capabilities, fault: undefined };
  }
  // One bit for each of the 64 aligned offsets of the space.
  const visited = new Uint8Array(64);
  let pointer = config.read8(CAPABILITY_POINTER) & 0xfc;
  while (pointer !== 0) {
    if (pointer < 0x40) {
      return { capabilities, fault: outOfBounds(config, pointer) };
    }
    if (visited[pointer >> 2] === 1) {
      return { capabilities, fault: pciFault(PciFaultKind.CapabilityLoop, config.id, pointer) };
    }
    visited[pointer >> 2] = 1;
    const header = config.read16(pointer);
    const id = header & 0xff;
    // An id of 0xff is what a function that vanished answers.
    if (id === 0xff) return { capabilities, fault: outOfBounds(config, pointer) };
    capabilities.push({ id, offset: pointer });
    pointer = (header >> 8) & 0xfc;
  }
  return { capabilities, fault: undefined };
}

/** Extended capabilities (PCI Express 5.0, 7.6.3): header is `id:16 version:4 next:12`. */
export function readExtendedCapabilities(config: FunctionConfig): CapabilityList {
  const capabilities: Capability[] = [];
  if (config.spaceBytes() < 4096) return { capabilities, fault: undefined };
  const visited = new Uint8Array(1024);
  let pointer = 0x100;
  while (pointer !== 0) {
    if (pointer < 0x100) return { capabilities, fault: outOfBounds(config, pointer) };
    if (visited[pointer >> 2] === 1) {
      return { capabilities, fault: pciFault(PciFaultKind.CapabilityLoop, config.id, pointer) };
    }
    visited[pointer >> 2] = 1;
    const header = config.read32(pointer);
    if (header === 0 || header === 0xffffffff) break;
    capabilities.push({ id: header & 0xffff, offset: pointer });
    pointer = (header >>> 20) & 0xffc;
  }
  return { capabilities, fault: undefined };
}

export function findCapability(list: readonly Capability[], id: number): Capability | undefined {
  for (const capability of list) {
    if (capability.id === id) return capability;
  }
  return undefined;
}

function outOfBounds(config: FunctionConfig, pointer: number): PciFault {
  return pciFault(PciFaultKind.CapabilityOutOfBounds, config.id, pointer);
}
