import type { f64 } from '@tessera/machine';

function mandelbrot(size: number): number {
  let sum = 0;
  let byte = 0;
  let bits = 0;
  for (let y = 0; y < size; y++) {
    const ci: f64 = (2.0 * y) / size - 1.0;
    for (let x = 0; x < size; x++) {
      const cr: f64 = (2.0 * x) / size - 1.5;
      let zr: f64 = 0.0;
      let zi: f64 = 0.0;
      let zrSquared: f64 = 0.0;
      let ziSquared: f64 = 0.0;
      let escaped = 0;
      for (let z = 0; z < 50; z++) {
        zi = 2.0 * zr * zi + ci;
        zr = zrSquared - ziSquared + cr;
        zrSquared = zr * zr;
        ziSquared = zi * zi;
        if (zrSquared + ziSquared > 4.0) {
          escaped = 1;
          break;
        }
      }
      byte = (byte << 1) + escaped;
      bits += 1;
      if (bits === 8) {
        sum ^= byte;
        byte = 0;
        bits = 0;
      } else if (x === size - 1) {
        byte <<= 8 - bits;
        sum ^= byte;
        byte = 0;
        bits = 0;
      }
    }
  }
  return sum;
}

/** The set on a 200 by 200 grid, each row packed to bits, exclusive-or of the bytes. */
export function run(iterations: number): string {
  let last = 0;
  for (let i = 0; i < iterations; i++) last = mandelbrot(200);
  return String(last);
}
