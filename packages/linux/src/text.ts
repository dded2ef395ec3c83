/** Numbers as text, the way kernel messages and /proc show them. */

export function hex(value: number): string {
  return '0x' + value.toString(16);
}

/** Right-aligned in `width` columns. */
export function right(value: number, width: number): string {
  return value.toString().padStart(width, ' ');
}

/** Hundredths: 1234 is "12.34". */
export function hundredths(value: number): string {
  const whole = Math.trunc(value / 100);
  return whole.toString() + '.' + (value - whole * 100).toString().padStart(2, '0');
}

/** The part after the last slash. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** A decimal number below 10^9 without sign or leading zeros, or -1. */
export function parseDecimal(text: string): number {
  if (text.length === 0 || text.length > 9 || (text.length > 1 && text.charCodeAt(0) === 48))
    return -1;
  let value = 0;
  for (let index = 0; index < text.length; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
