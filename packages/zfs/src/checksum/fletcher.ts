/**
 * Fletcher-2 and Fletcher-4 over 64-bit accumulators.
 *
 * Fletcher-4 sums 32-bit words four times over; Fletcher-2 sums pairs of 64-bit words twice over. Results are eight
 * 32-bit halves, low half first, of the four 64-bit words that a block pointer stores.
 *
 * Two forms of Fletcher-4: `fletcher4Big` is the definition (one register per sum natively), `fletcher4` is what plain
 * JavaScript runs fastest. The fourth sum of n words stays below 2^32 * C(n+3, 4), so blocks of 64 words are exact in
 * doubles; a block's own sums are folded into the running ones with
 *   A' = A + a, B' = B + n A + b, C' = C + n B + T2(n) A + c, D' = D + n C + T2(n) B + T3(n) A + d
 * where T2(n) = n(n+1)/2 and T3(n) = n(n+1)(n+2)/6, all modulo 2^64.
 */

const BLOCK_WORDS = 64;

function store(out: Uint32Array, index: number, value: bigint): void {
  out[index] = Number(value & 0xffffffffn);
  out[index + 1] = Number(value >> 32n);
}

function words32(bytes: Uint8Array, little: boolean): Uint32Array {
  const count = Math.trunc(bytes.length / 4);
  const words = new Uint32Array(count);
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < count; i++) words[i] = data.getUint32(i * 4, little);
  return words;
}

export function fletcher4Big(bytes: Uint8Array, little: boolean): Uint32Array {
  let a = 0n;
  let b = 0n;
  let c = 0n;
  let d = 0n;
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i + 4 <= bytes.length; i += 4) {
    a = BigInt.asUintN(64, a + BigInt(data.getUint32(i, little)));
    b = BigInt.asUintN(64, b + a);
    c = BigInt.asUintN(64, c + b);
    d = BigInt.asUintN(64, d + c);
  }
  const out = new Uint32Array(8);
  store(out, 0, a);
  store(out, 2, b);
  store(out, 4, c);
  store(out, 6, d);
  return out;
}

export function fletcher4(bytes: Uint8Array, little: boolean): Uint32Array {
  const aligned = little && bytes.byteOffset % 4 === 0;
  const words = aligned
    ? new Uint32Array(bytes.buffer, bytes.byteOffset, Math.trunc(bytes.length / 4))
    : words32(bytes, little);
  let sumA = 0n;
  let sumB = 0n;
  let sumC = 0n;
  let sumD = 0n;
  const count = words.length;
  for (let start = 0; start < count; start += BLOCK_WORDS) {
    const end = Math.min(start + BLOCK_WORDS, count);
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let i = start; i < end; i++) {
      a += words[i];
      b += a;
      c += b;
      d += c;
    }
    const n = end - start;
    const one = BigInt(n);
    const two = BigInt(Math.trunc((n * (n + 1)) / 2));
    const three = BigInt(Math.trunc((n * (n + 1) * (n + 2)) / 6));
    sumD = BigInt.asUintN(64, sumD + one * sumC + two * sumB + three * sumA + BigInt(d));
    sumC = BigInt.asUintN(64, sumC + one * sumB + two * sumA + BigInt(c));
    sumB = BigInt.asUintN(64, sumB + one * sumA + BigInt(b));
    sumA = BigInt.asUintN(64, sumA + BigInt(a));
  }
  const out = new Uint32Array(8);
  store(out, 0, sumA);
  store(out, 2, sumB);
  store(out, 4, sumC);
  store(out, 6, sumD);
  return out;
}

export function fletcher2(bytes: Uint8Array, little: boolean): Uint32Array {
  let a0 = 0n;
  let a1 = 0n;
  let b0 = 0n;
  let b1 = 0n;
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i + 16 <= bytes.length; i += 16) {
    a0 = BigInt.asUintN(64, a0 + data.getBigUint64(i, little));
    a1 = BigInt.asUintN(64, a1 + data.getBigUint64(i + 8, little));
    b0 = BigInt.asUintN(64, b0 + a0);
    b1 = BigInt.asUintN(64, b1 + a1);
  }
  const out = new Uint32Array(8);
  store(out, 0, a0);
  store(out, 2, a1);
  store(out, 4, b0);
  store(out, 6, b1);
  return out;
}
