/**
 * Physical memory as page tables and the allocator see it. The default reaches it through machine's direct map, which is
 * real memory in an image and simulated memory in Node; a test may pass its own.
 */
import {
  copy,
  fill,
  load64,
  loadInt,
  PAGE_BYTES,
  physicalToVirtual,
  store64,
  storeInt,
  type u64,
} from '@tessera/machine';

export interface PhysicalMemory {
  load64(physical: number): u64;
  store64(physical: number, value: u64): void;
  /** For words known to be safe integers. */
  loadInt(physical: number): number;
  storeInt(physical: number, value: number): void;
  clear(physical: number, byteLength: number): void;
  copyPage(target: number, source: number): void;
}

export class DirectMemory implements PhysicalMemory {
  load64(physical: number): u64 {
    return load64(physicalToVirtual(physical));
  }

  store64(physical: number, value: u64): void {
    store64(physicalToVirtual(physical), value);
  }

  loadInt(physical: number): number {
    return loadInt(physicalToVirtual(physical));
  }

  storeInt(physical: number, value: number): void {
    storeInt(physicalToVirtual(physical), value);
  }

  clear(physical: number, byteLength: number): void {
    fill(physicalToVirtual(physical), 0, byteLength);
  }

  copyPage(target: number, source: number): void {
    copy(physicalToVirtual(target), physicalToVirtual(source), PAGE_BYTES);
  }
}
