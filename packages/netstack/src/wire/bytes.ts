// Big-endian fields in a byte buffer. Every multi-byte number on the wire passes through these functions.
//
// 32-bit fields are returned as *signed* numbers: sequence numbers and addresses are only compared, added modulo 2^32
// or stored, and a signed word always fits V8's small integers (and one native register) without boxing.
// Callers check bounds first; nothing here does.

export function read16(buffer: Uint8Array, at: number): number {
  return (buffer[at] << 8) | buffer[at + 1];
}

/** A 32-bit field as a signed word. */
export function read32(buffer: Uint8Array, at: number): number {
  return (buffer[at] << 24) | (buffer[at + 1] << 16) | (buffer[at + 2] << 8) | buffer[at + 3];
}

/** A 32-bit field as a number from 0 to 2^32 - 1. */
export function readUnsigned32(buffer: Uint8Array, at: number): number {
  return read32(buffer, at) >>> 0;
}

export function write16(buffer: Uint8Array, at: number, value: number): void {
  buffer[at] = (value >>> 8) & 0xff;
  buffer[at + 1] = value & 0xff;
}

export function write32(buffer: Uint8Array, at: number, value: number): void {
  buffer[at] = (value >>> 24) & 0xff;
  buffer[at + 1] = (value >>> 16) & 0xff;
  buffer[at + 2] = (value >>> 8) & 0xff;
  buffer[at + 3] = value & 0xff;
}

/** Copies `length` bytes. The one place that moves payload, so that a target can replace it. */
export function copyBytes(
  destination: Uint8Array,
  destinationAt: number,
  source: Uint8Array,
  sourceAt: number,
  length: number,
): void {
  if (length < 24) {
    for (let i = 0; i < length; i++) destination[destinationAt + i] = source[sourceAt + i];
    return;
  }
  if (sourceAt === 0 && length === source.length) destination.set(source, destinationAt);
  else destination.set(source.subarray(sourceAt, sourceAt + length), destinationAt);
}

export function equalBytes(
  a: Uint8Array,
  aAt: number,
  b: Uint8Array,
  bAt: number,
  length: number,
): boolean {
  for (let i = 0; i < length; i++) if (a[aAt + i] !== b[bAt + i]) return false;
  return true;
}

/** A copy of bytes that the caller owns. Not `slice`: on Node's Buffer that is a view of the same memory. */
export function copyOf(buffer: Uint8Array, start: number, end: number): Uint8Array {
  const copy = new Uint8Array(end - start);
  copyBytes(copy, 0, buffer, start, end - start);
  return copy;
}
