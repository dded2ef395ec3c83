/** Ports and registers of the machine this kernel runs on. Physical addresses below 4 GiB are in the direct map. */
import {
  in8,
  in16,
  in32,
  out8,
  out16,
  out32,
  physicalToVirtual,
  vload8,
  vload16,
  vload32,
  vstore8,
  vstore16,
  vstore32,
} from '@tessera/machine';
import { PortConfigAccess, type PortIo, type RegisterIo } from '../config-access.js';

export class MachinePorts implements PortIo {
  in8(port: number): number {
    return in8(port);
  }

  in16(port: number): number {
    return in16(port);
  }

  in32(port: number): number {
    return in32(port);
  }

  out8(port: number, value: number): void {
    out8(port, value);
  }

  out16(port: number, value: number): void {
    out16(port, value);
  }

  out32(port: number, value: number): void {
    out32(port, value);
  }
}

/** Registers at physical addresses. Preconditions: the address is in the direct map. */
export class MachineRegisters implements RegisterIo {
  load8(address: number): number {
    return vload8(physicalToVirtual(address));
  }

  load16(address: number): number {
    return vload16(physicalToVirtual(address));
  }

  load32(address: number): number {
    return vload32(physicalToVirtual(address));
  }

  store8(address: number, value: number): void {
    vstore8(physicalToVirtual(address), value);
  }

  store16(address: number, value: number): void {
    vstore16(physicalToVirtual(address), value);
  }

  store32(address: number, value: number): void {
    vstore32(physicalToVirtual(address), value);
  }
}

/** Configuration space through ports 0xcf8 and 0xcfc; reads all ones where there is no PCI. */
export function portConfigAccess(): PortConfigAccess {
  return new PortConfigAccess(new MachinePorts());
}
