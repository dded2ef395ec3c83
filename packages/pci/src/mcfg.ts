import type { EcamRegion } from './config-access.js';
import { type PciFault, PciFaultKind, pciFault } from './fault.js';

const HEADER_BYTES = 44;
const ENTRY_BYTES = 16;

export interface McfgResult {
  readonly regions: readonly EcamRegion[];
  readonly fault: PciFault | undefined;
}

/**
 * ECAM windows from the ACPI table "MCFG" (PCI Firmware 3.2, 4.1.2): 36 bytes of ACPI header,
 * 8 reserved, then entries of base (u64), segment (u16), first and last bus (u8), 4 reserved.
 * Entries that make no sense are dropped and reported; the rest are kept.
 */
export function parseMcfg(table: Uint8Array): McfgResult {
  const regions: EcamRegion[] = [];
  if (table.length < HEADER_BYTES) return broken(regions, table.length);
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  if (view.getUint32(0, true) !== 0x4746434d) return broken(regions, 0);
  const length = view.getUint32(4, true);
  if (length < HEADER_BYTES || length > table.length) return broken(regions, length);
  let fault: PciFault | undefined;
  for (let at = HEADER_BYTES; at + ENTRY_BYTES <= length; at += ENTRY_BYTES) {
    const high = view.getUint32(at + 4, true);
    const firstBus = view.getUint8(at + 10);
    const lastBus = view.getUint8(at + 11);
    if (high >= 0x8000 || firstBus > lastBus) {
      fault = pciFault(PciFaultKind.McfgMalformed, -1, at);
      continue;
    }
    const base = high * 0x100000000 + view.getUint32(at, true);
    regions.push({ base, segment: view.getUint16(at + 8, true), firstBus, lastBus });
  }
  return { regions, fault };
}

function broken(regions: EcamRegion[], detail: number): McfgResult {
  return { regions, fault: pciFault(PciFaultKind.McfgMalformed, -1, detail) };
}
