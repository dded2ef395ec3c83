/** What the device sides of split and packed rings share: checking one descriptor, walking an indirect table. */
import type { DeviceChain } from './device-chain.js';
import { VirtioFaultKind } from './fault.js';
import { type GuestMemory, loadAddress } from './memory.js';
import {
  DESCRIPTOR_BYTES,
  DESCRIPTOR_INDIRECT,
  DESCRIPTOR_NEXT,
  DESCRIPTOR_WRITE,
} from './queue.js';

/** Longest chain a device accepts, indirect ones included (2.7.5.3.1 allows the queue size; some drivers use more). */
export const CHAIN_SEGMENTS_MAX = 1024;

/** Adds one checked segment; the fault, or undefined. */
export function addSegment(
  memory: GuestMemory,
  chain: DeviceChain,
  address: number,
  bytes: number,
  flags: number,
): VirtioFaultKind | undefined {
  if (chain.count >= CHAIN_SEGMENTS_MAX) return VirtioFaultKind.ChainTooLong;
  const isWritable = (flags & DESCRIPTOR_WRITE) !== 0;
  if (!isWritable && chain.count > chain.readableCount)
    return VirtioFaultKind.ReadableAfterWritable;
  if (address < 0 || !memory.contains(address, bytes)) return VirtioFaultKind.AddressOutOfBounds;
  chain.add(address, bytes, isWritable);
  return undefined;
}

/** Reads a table of the driver's: linked by `next` in split rings, in order in packed ones. */
export function addIndirect(
  memory: GuestMemory,
  chain: DeviceChain,
  table: number,
  bytes: number,
  isPacked: boolean,
): VirtioFaultKind | undefined {
  const entries = Math.trunc(bytes / DESCRIPTOR_BYTES);
  if (bytes % DESCRIPTOR_BYTES !== 0 || entries === 0) return VirtioFaultKind.IndirectMalformed;
  if (table < 0 || !memory.contains(table, bytes)) return VirtioFaultKind.AddressOutOfBounds;
  let index = 0;
  for (let steps = 0; steps < entries; steps += 1) {
    const at = table + index * DESCRIPTOR_BYTES;
    const address = loadAddress(memory, at);
    const length = memory.load32(at + 8);
    const flags = memory.load16(at + (isPacked ? 14 : 12));
    if ((flags & DESCRIPTOR_INDIRECT) !== 0) return VirtioFaultKind.IndirectMalformed;
    const fault = addSegment(memory, chain, address, length, flags);
    if (fault !== undefined) return fault;
    if (isPacked) {
      index += 1;
      continue;
    }
    if ((flags & DESCRIPTOR_NEXT) === 0) return undefined;
    index = memory.load16(at + 14);
    if (index >= entries) return VirtioFaultKind.IndirectMalformed;
  }
  return isPacked ? undefined : VirtioFaultKind.ChainTooLong;
}
