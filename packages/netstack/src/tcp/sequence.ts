// Sequence numbers: signed 32-bit words that wrap (RFC 9293 3.4). `a - b` as a signed word says which comes first.

export function sequenceAdd(sequence: number, bytes: number): number {
  return (sequence + bytes) | 0;
}

/** Signed distance from `b` to `a`. */
export function distance(a: number, b: number): number {
  return (a - b) | 0;
}

export function isBefore(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

export function isAfter(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}

export function laterOf(a: number, b: number): number {
  return ((a - b) | 0) > 0 ? a : b;
}
