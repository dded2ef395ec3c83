/**
 * The local interrupt controller (timer, end of interrupt) and the I/O interrupt controller (device lines).
 *
 * Both are reached through the uncached part of the direct map. The timer counts bus cycles: QEMU and KVM run the bus at
 * 1 GHz, a hypervisor that says otherwise in CPUID leaf 0x40000010 is believed. Neither PIT, HPET nor PM timer is touched.
 */
import { in8, out8, readMsr, writeMsr } from './cpu.unsafe.js';
import { physicalToVirtual, VECTOR_SPURIOUS } from './layout.js';
import { vload32, vstore32 } from './memory.unsafe.js';

const MSR_APIC_BASE = 0x1b;
const APIC_ENABLE = 0x800n;
const LOCAL_APIC_PHYSICAL = 0xfee0_0000;
const IO_APIC_PHYSICAL = 0xfec0_0000;

const REGISTER_ID = 0x20;
const REGISTER_END = 0xb0;
const REGISTER_SPURIOUS = 0xf0;
const REGISTER_TIMER = 0x320;
const REGISTER_LINT0 = 0x350;
const REGISTER_LINT1 = 0x360;
const REGISTER_INITIAL = 0x380;
const REGISTER_CURRENT = 0x390;
const REGISTER_DIVIDE = 0x3e0;
const MASKED = 0x1_0000;
const DIVIDE_BY_ONE = 0xb;
export const TIMER_COUNT_MAX = 0xffff_ffff;

const PIC_MASTER_DATA = 0x21;
const PIC_SLAVE_DATA = 0xa1;

function read(register: number): number {
  return vload32(physicalToVirtual(LOCAL_APIC_PHYSICAL + register));
}

function write(register: number, value: number): void {
  vstore32(physicalToVirtual(LOCAL_APIC_PHYSICAL + register), value);
}

/** Switches this CPU's controller on, the old PIC off. */
export function localApicStart(timerVector: number): void {
  writeMsr(MSR_APIC_BASE, readMsr(MSR_APIC_BASE) | APIC_ENABLE);
  // A machine without a PIC reads 0xff and ignores the write.
  if (in8(PIC_MASTER_DATA) !== 0xff) {
    out8(PIC_MASTER_DATA, 0xff);
    out8(PIC_SLAVE_DATA, 0xff);
  }
  write(REGISTER_SPURIOUS, 0x100 | VECTOR_SPURIOUS);
  write(REGISTER_LINT0, MASKED);
  write(REGISTER_LINT1, MASKED);
  write(REGISTER_DIVIDE, DIVIDE_BY_ONE);
  write(REGISTER_TIMER, timerVector);
}

/** One interrupt after this many bus cycles (1 to TIMER_COUNT_MAX); 0 stops the timer. */
export function localApicTimer(count: number): void {
  write(REGISTER_INITIAL, count);
}

export function localApicCount(): number {
  return read(REGISTER_CURRENT);
}

export function localApicIdentifier(): number {
  return read(REGISTER_ID) >>> 24;
}

/** @interrupt */
export function localApicAcknowledge(): void {
  write(REGISTER_END, 0);
}

function ioWrite(register: number, value: number): void {
  vstore32(physicalToVirtual(IO_APIC_PHYSICAL), register);
  vstore32(physicalToVirtual(IO_APIC_PHYSICAL + 0x10), value);
}

export type TriggerMode = 'edge' | 'level';

/** Sends a line of the I/O controller to this CPU as `vector`. */
export function ioApicRoute(line: number, vector: number, trigger: TriggerMode): void {
  const mode = trigger === 'level' ? 0x8000 : 0;
  ioWrite(0x11 + line * 2, localApicIdentifier() * 0x100_0000);
  ioWrite(0x10 + line * 2, mode | vector);
}

export function ioApicMask(line: number): void {
  ioWrite(0x10 + line * 2, MASKED);
}
