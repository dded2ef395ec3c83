/** Arithmetic in GF(2^8) with the polynomial x^8 + x^4 + x^3 + x^2 + 1 and generator 2, and stripes solved in it. */

const EXP: Uint8Array = new Uint8Array(512);
const LOG: Uint8Array = new Uint8Array(256);

function fillTables(): number {
  let value = 1;
  for (let i = 0; i < 255; i++) {
    EXP[i] = value;
    EXP[i + 255] = value;
    LOG[value] = i;
    value <<= 1;
    if (value >= 256) value ^= 0x11d;
  }
  return value;
}

/** Back to 1 after a full cycle: the generator has order 255. */
export const GALOIS_CYCLE_END: number = fillTables();

export function multiply(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : EXP[LOG[a] + LOG[b]];
}

export function inverse(a: number): number {
  return EXP[255 - LOG[a]];
}

/** (2^parity) to the power: the factor of a data column in parity 0, 1 or 2. */
export function coefficient(parity: number, power: number): number {
  return EXP[(parity * power) % 255];
}

/** target ^= factor * source, over the source's length. */
export function addScaled(target: Uint8Array, source: Uint8Array, factor: number): void {
  if (factor === 0) return;
  const length = Math.min(source.length, target.length);
  if (factor === 1) {
    for (let i = 0; i < length; i++) target[i] ^= source[i];
    return;
  }
  const shift = LOG[factor];
  for (let i = 0; i < length; i++) {
    const value = source[i];
    if (value !== 0) target[i] ^= EXP[LOG[value] + shift];
  }
}

/** Inverts a small matrix in place of `out`; false when it has no inverse. */
export function invert(matrix: Uint8Array, size: number, out: Uint8Array): boolean {
  out.fill(0);
  for (let i = 0; i < size; i++) out[i * size + i] = 1;
  for (let column = 0; column < size; column++) {
    let pivot = column;
    while (pivot < size && matrix[pivot * size + column] === 0) pivot++;
    if (pivot === size) return false;
    for (let j = 0; j < size; j++) {
      let swap = matrix[pivot * size + j];
      matrix[pivot * size + j] = matrix[column * size + j];
      matrix[column * size + j] = swap;
      swap = out[pivot * size + j];
      out[pivot * size + j] = out[column * size + j];
      out[column * size + j] = swap;
    }
    const scale = inverse(matrix[column * size + column]);
    for (let j = 0; j < size; j++) {
      matrix[column * size + j] = multiply(matrix[column * size + j], scale);
      out[column * size + j] = multiply(out[column * size + j], scale);
    }
    for (let row = 0; row < size; row++) {
      const factor = matrix[row * size + column];
      if (row === column || factor === 0) continue;
      for (let j = 0; j < size; j++) {
        matrix[row * size + j] ^= multiply(factor, matrix[column * size + j]);
        out[row * size + j] ^= multiply(factor, out[column * size + j]);
      }
    }
  }
  return true;
}
