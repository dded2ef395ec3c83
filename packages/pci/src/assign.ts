/**
 * Giving addresses to BARs that firmware left at 0 (PVH and microvm boots run no firmware). First fit from
 * windows that the platform names; each BAR is aligned to its own size, as the hardware demands.
 */
import { type Bar, BarKind, readBars, writeBarAddress } from './bars.js';
import { type ConfigAccess, FunctionConfig } from './config-access.js';
import type { PciFunction } from './enumerate.js';
import { type PciFault, PciFaultKind, pciFault } from './fault.js';

export class AddressWindow {
  readonly endAddress: number;
  #next: number;

  constructor(address: number, sizeBytes: number) {
    this.#next = address;
    this.endAddress = address + sizeBytes;
  }

  /** Aligned start of `sizeBytes` free bytes, or -1. */
  take(sizeBytes: number): number {
    const start = Math.trunc((this.#next + sizeBytes - 1) / sizeBytes) * sizeBytes;
    if (start + sizeBytes > this.endAddress) return -1;
    this.#next = start + sizeBytes;
    return start;
  }
}

export interface Windows {
  readonly io: AddressWindow;
  readonly memory32: AddressWindow;
  /** Where 64-bit BARs go; `undefined` puts them below 4 GiB too. */
  readonly memory64: AddressWindow | undefined;
}

/** Returns the BARs with their final addresses; a BAR without room is left out and reported. */
export function assignBars(
  access: ConfigAccess,
  target: PciFunction,
  windows: Windows,
): { readonly bars: readonly Bar[]; readonly faults: readonly PciFault[] } {
  const config = new FunctionConfig(access, target.id);
  const list = readBars(config, target.isBridge ? 2 : 6);
  const bars: Bar[] = [];
  const faults: PciFault[] = [...list.faults];
  for (const bar of list.bars) {
    if (bar.address !== 0) {
      bars.push(bar);
      continue;
    }
    const address = windowFor(bar, windows).take(bar.sizeBytes);
    if (address < 0) {
      faults.push(pciFault(PciFaultKind.NoWindow, target.id, bar.index));
      continue;
    }
    writeBarAddress(config, bar, address);
    bars.push({ ...bar, address });
  }
  return { bars, faults };
}

function windowFor(bar: Bar, windows: Windows): AddressWindow {
  if (bar.kind === BarKind.Io) return windows.io;
  if (bar.kind === BarKind.Memory64 && windows.memory64 !== undefined) return windows.memory64;
  return windows.memory32;
}
