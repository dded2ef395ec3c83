/**
 * The end of the machine: ACPI's soft-off where there are tables (QEMU's chip sets use sleep type 0), the sleep register of
 * hardware-reduced ACPI (microvm with ACPI), else a reset, which QEMU's -no-reboot and Firecracker turn into an end.
 */
import { in8, interruptsOff, out8, out16, pause, resetMachine } from './cpu.unsafe.js';
import { physicalToVirtual } from './layout.js';
import { load8, load32, loadInt, vstore8 } from './memory.unsafe.js';

const SIGNATURE_FADT = 0x5043_4146;
const FADT_PM1A_CONTROL = 64;
const FADT_FLAGS = 112;
const FADT_SLEEP_CONTROL = 244;
const HARDWARE_REDUCED = 0x10_0000;
const SLEEP_ENABLE_16 = 0x2000;
/** Sleep type 5 and enable, as QEMU's generic event device wants it. */
const SLEEP_ENABLE_8 = 0x34;
const TABLES_MAX = 64;
const SERIAL_STATUS = 0x3fd;
const SERIAL_EMPTY = 0x40;
/** Looks at the serial port before giving up: seconds, on any machine. */
const DRAIN_LOOKS_MAX = 100_000_000;

let soft: number = 0;
let softWidth: 'none' | 'port16' | 'port8' | 'memory8' = 'none';

/** Finds the way to switch off. `rsdp` is a physical address, or 0 when there is no ACPI. */
export function powerFind(rsdp: number): void {
  if (rsdp === 0) return;
  const root = physicalToVirtual(rsdp);
  const wide = load8(root + 15) >= 2;
  const list = physicalToVirtual(wide ? loadInt(root + 24) : load32(root + 16));
  const step = wide ? 8 : 4;
  const count = Math.min(Math.trunc((load32(list + 4) - 36) / step), TABLES_MAX);
  for (let index = 0; index < count; index++) {
    const entry = list + 36 + index * step;
    const table = physicalToVirtual(wide ? loadInt(entry) : load32(entry));
    if (load32(table) === SIGNATURE_FADT) readFadt(table);
  }
}

function readFadt(table: number): void {
  const bytes = load32(table + 4);
  if (
    bytes >= FADT_SLEEP_CONTROL + 12 &&
    Math.trunc(load32(table + FADT_FLAGS) / HARDWARE_REDUCED) % 2 === 1
  ) {
    soft = loadInt(table + FADT_SLEEP_CONTROL + 4);
    softWidth = load8(table + FADT_SLEEP_CONTROL) === 1 ? 'port8' : 'memory8';
    return;
  }
  soft = load32(table + FADT_PM1A_CONTROL);
  softWidth = soft === 0 ? 'none' : 'port16';
}

/** Waits until the serial port has handed on its last byte: a machine that ends takes the rest with it. */
function serialDrain(): void {
  for (let look = 0; look < DRAIN_LOOKS_MAX; look++) {
    if ((in8(SERIAL_STATUS) & SERIAL_EMPTY) !== 0) return;
    pause();
  }
}

/** Ends the machine. The exit status has travelled in the console protocol before. */
export function powerOff(): never {
  interruptsOff();
  serialDrain();
  if (softWidth === 'port16') out16(soft, SLEEP_ENABLE_16);
  else if (softWidth === 'port8') out8(soft, SLEEP_ENABLE_8);
  else if (softWidth === 'memory8') vstore8(physicalToVirtual(soft), SLEEP_ENABLE_8);
  while (true) resetMachine();
}
