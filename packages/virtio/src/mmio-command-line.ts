/**
 * MMIO devices cannot be enumerated; QEMU's microvm and Firecracker name them on the kernel command line, one
 * `virtio_mmio.device=SIZE@BASE:IRQ[:ID]` each. SIZE takes K, M or G; numbers are C's (0x hexadecimal, 0 octal).
 */

export interface MmioSlot {
  readonly address: number;
  readonly sizeBytes: number;
  readonly interrupt: number;
}

const PREFIX = 'virtio_mmio.device=';
const SLOTS_MAX = 64;
const ADDRESS_LIMIT = 0x800000000000;

/** Entries that do not parse are skipped: the line is the user's as well as the machine's. */
export function parseMmioCommandLine(line: string): MmioSlot[] {
  const slots: MmioSlot[] = [];
  for (const word of line.split(' ')) {
    if (!word.startsWith(PREFIX) || slots.length >= SLOTS_MAX) continue;
    const slot = parseSlot(word.slice(PREFIX.length));
    if (slot !== undefined) slots.push(slot);
  }
  return slots;
}

function parseSlot(text: string): MmioSlot | undefined {
  const at = text.indexOf('@');
  if (at < 0) return undefined;
  const sizeBytes = parseSize(text.slice(0, at));
  const parts = text.slice(at + 1).split(':');
  if (parts.length < 2 || parts.length > 3) return undefined;
  const address = parseNumber(parts[0]);
  const interrupt = parseNumber(parts[1]);
  if (sizeBytes < 0x100 || address < 0 || interrupt < 0 || interrupt > 255) return undefined;
  if (address % 4 !== 0 || address + sizeBytes > ADDRESS_LIMIT) return undefined;
  return { address, sizeBytes, interrupt };
}

function parseSize(text: string): number {
  const unit = text.slice(-1).toUpperCase();
  let scale = 1;
  if (unit === 'K') scale = 1024;
  else if (unit === 'M') scale = 1048576;
  else if (unit === 'G') scale = 1073741824;
  const value = parseNumber(scale === 1 ? text : text.slice(0, -1));
  return value < 0 || value > 0x100000 ? -1 : value * scale;
}

/** -1 for anything that is not a number below 2^48. */
function parseNumber(text: string): number {
  let base = 10;
  let start = 0;
  if (text.startsWith('0x') || text.startsWith('0X')) {
    base = 16;
    start = 2;
  } else if (text.length > 1 && text.startsWith('0')) {
    base = 8;
    start = 1;
  }
  if (start === text.length) return -1;
  let value = 0;
  for (let i = start; i < text.length; i += 1) {
    const digit = digitOf(text.charCodeAt(i));
    if (digit < 0 || digit >= base) return -1;
    value = value * base + digit;
    if (value > 0xffffffffffff) return -1;
  }
  return value;
}

function digitOf(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  if (code >= 65 && code <= 70) return code - 55;
  return -1;
}
