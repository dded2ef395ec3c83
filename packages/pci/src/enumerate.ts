/**
 * Finding functions. Breadth first from the root buses: 32 devices of 8 functions each, and the secondary
 * bus of every bridge. A bus is scanned once, whatever bridges claim, so the walk is bounded by 256 buses
 * a segment; `functionsMax` bounds memory against a space that answers everywhere.
 */
import { busOf, type ConfigAccess, functionId, segmentOf } from './config-access.js';
import { type PciFault, PciFaultKind, pciFault } from './fault.js';
import {
  CLASS_REVISION,
  DEVICE_ID,
  HEADER_TYPE,
  HEADER_TYPE_BRIDGE,
  HEADER_TYPE_NORMAL,
  INTERRUPT_LINE,
  INTERRUPT_PIN,
  SECONDARY_BUS,
  SUBSYSTEM_ID,
  SUBSYSTEM_VENDOR_ID,
  VENDOR_ID,
} from './registers.js';

export interface PciFunction {
  readonly id: number;
  readonly vendorId: number;
  readonly deviceId: number;
  readonly subsystemVendorId: number;
  readonly subsystemId: number;
  /** 0..255 each, from the class code. */
  readonly baseClass: number;
  readonly subClass: number;
  readonly programmingInterface: number;
  readonly revision: number;
  readonly isBridge: boolean;
  /** As firmware left it; 0xff means none. */
  readonly interruptLine: number;
  /** 1..4 for INTA..INTD, 0 for none. */
  readonly interruptPin: number;
}

export interface EnumerateOptions {
  /** Segment and first bus of each root, as `functionId(segment, bus, 0, 0)`; usually `[0]`. */
  readonly roots: readonly number[];
  readonly functionsMax: number;
}

export interface Enumeration {
  readonly functions: readonly PciFunction[];
  readonly faults: readonly PciFault[];
}

export function enumerate(access: ConfigAccess, options: EnumerateOptions): Enumeration {
  const functions: PciFunction[] = [];
  const faults: PciFault[] = [];
  const pending: number[] = [];
  const seen = new Set<number>();
  for (const root of options.roots) {
    pending.push(root);
    seen.add(root);
  }
  for (let next = 0; next < pending.length; next += 1) {
    const bus = pending[next];
    for (let device = 0; device < 32; device += 1) {
      const functionCount = countFunctions(access, bus + device * 8);
      for (let func = 0; func < functionCount; func += 1) {
        const found = readFunction(access, bus + device * 8 + func);
        if (found === undefined) continue;
        if (functions.length >= options.functionsMax) {
          faults.push(pciFault(PciFaultKind.TooManyFunctions, found.id, functions.length));
          return { functions, faults };
        }
        functions.push(found);
        if (!found.isBridge) continue;
        const secondary = access.read8(found.id, SECONDARY_BUS);
        // 0 is a bridge that firmware did not set up.
        if (secondary === 0) continue;
        const child = functionId(segmentOf(found.id), secondary, 0, 0);
        if (seen.has(child)) {
          faults.push(pciFault(PciFaultKind.BusLoop, found.id, busOf(child)));
          continue;
        }
        seen.add(child);
        pending.push(child);
      }
    }
  }
  return { functions, faults };
}

function countFunctions(access: ConfigAccess, id: number): number {
  if (isAbsent(access, id)) return 0;
  return (access.read8(id, HEADER_TYPE) & 0x80) !== 0 ? 8 : 1;
}

function isAbsent(access: ConfigAccess, id: number): boolean {
  const vendorId = access.read16(id, VENDOR_ID);
  return vendorId === 0xffff || vendorId === 0;
}

function readFunction(access: ConfigAccess, id: number): PciFunction | undefined {
  if (isAbsent(access, id)) return undefined;
  const classRevision = access.read32(id, CLASS_REVISION);
  const headerType = access.read8(id, HEADER_TYPE) & 0x7f;
  const isNormal = headerType === HEADER_TYPE_NORMAL;
  return {
    id,
    vendorId: access.read16(id, VENDOR_ID),
    deviceId: access.read16(id, DEVICE_ID),
    subsystemVendorId: isNormal ? access.read16(id, SUBSYSTEM_VENDOR_ID) : 0,
    subsystemId: isNormal ? access.read16(id, SUBSYSTEM_ID) : 0,
    baseClass: classRevision >>> 24,
    subClass: (classRevision >>> 16) & 0xff,
    programmingInterface: (classRevision >>> 8) & 0xff,
    revision: classRevision & 0xff,
    isBridge: headerType === HEADER_TYPE_BRIDGE,
    interruptLine: access.read8(id, INTERRUPT_LINE),
    interruptPin: access.read8(id, INTERRUPT_PIN),
  };
}
