/** Fletcher-4 over bytes that come in pieces of whole 32-bit words, as send streams sum themselves. */
import { fletcher4 } from './fletcher.js';

const PIECE_BYTES = 1048576;

function word(halves: Uint32Array, index: number): bigint {
  return (BigInt(halves[2 * index + 1]) << 32n) | BigInt(halves[2 * index]);
}

export class Fletcher4Stream {
  #a = 0n;
  #b = 0n;
  #c = 0n;
  #d = 0n;
  readonly #little: boolean;

  constructor(little: boolean) {
    this.#little = little;
  }

  /** In pieces: the weights of a longer one would not fit 64 bits. */
  update(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      this.#piece(bytes.subarray(at, Math.min(at + PIECE_BYTES, bytes.length)));
    }
  }

  #piece(bytes: Uint8Array): void {
    const n = Math.trunc(bytes.length / 4);
    if (n === 0) return;
    const part = fletcher4(bytes, this.#little);
    const one = BigInt(n);
    const two = (one * (one + 1n)) / 2n;
    const three = (one * (one + 1n) * (one + 2n)) / 6n;
    const d = word(part, 3) + one * this.#c + two * this.#b + three * this.#a;
    const c = word(part, 2) + one * this.#b + two * this.#a;
    this.#d = BigInt.asUintN(64, this.#d + d);
    this.#c = BigInt.asUintN(64, this.#c + c);
    this.#b = BigInt.asUintN(64, this.#b + word(part, 1) + one * this.#a);
    this.#a = BigInt.asUintN(64, this.#a + word(part, 0));
  }

  /** The four words. */
  words(): bigint[] {
    return [this.#a, this.#b, this.#c, this.#d];
  }
}
