/** Device registers: windows of physical addresses, and of ports for legacy PCI devices. */
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
import type { RegisterWindow } from '../transport.js';

export class PhysicalWindow implements RegisterWindow {
  readonly #base: number;

  /** Preconditions: the window is in the direct map. */
  constructor(physical: number) {
    this.#base = physicalToVirtual(physical);
  }

  load8(offset: number): number {
    return vload8(this.#base + offset);
  }

  load16(offset: number): number {
    return vload16(this.#base + offset);
  }

  load32(offset: number): number {
    return vload32(this.#base + offset);
  }

  store8(offset: number, value: number): void {
    vstore8(this.#base + offset, value);
  }

  store16(offset: number, value: number): void {
    vstore16(this.#base + offset, value);
  }

  store32(offset: number, value: number): void {
    vstore32(this.#base + offset, value);
  }
}

export class PortWindow implements RegisterWindow {
  readonly #base: number;

  constructor(port: number) {
    this.#base = port;
  }

  load8(offset: number): number {
    return in8(this.#base + offset);
  }

  load16(offset: number): number {
    return in16(this.#base + offset);
  }

  load32(offset: number): number {
    return in32(this.#base + offset);
  }

  store8(offset: number, value: number): void {
    out8(this.#base + offset, value);
  }

  store16(offset: number, value: number): void {
    out16(this.#base + offset, value);
  }

  store32(offset: number, value: number): void {
    out32(this.#base + offset, value);
  }
}
