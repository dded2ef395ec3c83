/** The serial port's interrupt: the bytes themselves go through `serialWrite` and `serialRead`. */
import { ioApicRoute } from './apic.js';
import { out8 } from './cpu.unsafe.js';
import { VECTOR_SERIAL } from './layout.js';

const INTERRUPT_ENABLE = 0x3f9;
const SERIAL_LINE = 4;

/** Interrupts for received bytes arrive as VECTOR_SERIAL. */
export function serialInterruptsStart(): void {
  ioApicRoute(SERIAL_LINE, VECTOR_SERIAL, 'edge');
  serialInterrupts(true);
}

export function serialInterrupts(on: boolean): void {
  out8(INTERRUPT_ENABLE, on ? 1 : 0);
}
