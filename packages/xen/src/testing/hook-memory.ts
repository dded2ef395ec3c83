import type { SharedMemory } from '../memory.js';

/** Calls `hook` before every access: the place where the other domain may run, or lie. */
export class HookMemory implements SharedMemory {
  readonly inner: SharedMemory;
  hook: (address: number, bytes: number, isStore: boolean) => void;

  constructor(inner: SharedMemory) {
    this.inner = inner;
    this.hook = (): void => {};
  }

  load8(address: number): number {
    this.hook(address, 1, false);
    return this.inner.load8(address);
  }

  load16(address: number): number {
    this.hook(address, 2, false);
    return this.inner.load16(address);
  }

  load32(address: number): number {
    this.hook(address, 4, false);
    return this.inner.load32(address);
  }

  store8(address: number, value: number): void {
    this.hook(address, 1, true);
    this.inner.store8(address, value);
  }

  store16(address: number, value: number): void {
    this.hook(address, 2, true);
    this.inner.store16(address, value);
  }

  store32(address: number, value: number): void {
    this.hook(address, 4, true);
    this.inner.store32(address, value);
  }

  compareExchange16(address: number, expected: number, replacement: number): number {
    this.hook(address, 2, true);
    return this.inner.compareExchange16(address, expected, replacement);
  }

  compareExchange32(address: number, expected: number, replacement: number): number {
    this.hook(address, 4, true);
    return this.inner.compareExchange32(address, expected, replacement);
  }

  copyOut(address: number, into: Uint8Array, offset: number, bytes: number): void {
    this.hook(address, bytes, false);
    this.inner.copyOut(address, into, offset, bytes);
  }

  copyIn(address: number, from: Uint8Array, offset: number, bytes: number): void {
    this.hook(address, bytes, true);
    this.inner.copyIn(address, from, offset, bytes);
  }

  contains(address: number, bytes: number): boolean {
    return this.inner.contains(address, bytes);
  }

  writeBarrier(): void {
    this.inner.writeBarrier();
  }

  readBarrier(): void {
    this.inner.readBarrier();
  }

  fullBarrier(): void {
    this.inner.fullBarrier();
  }
}

/** xorshift32: small, seeded, the same everywhere. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  }

  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }

  below(bound: number): number {
    return this.next() % bound;
  }

  chance(outOf: number): boolean {
    return this.next() % outOf === 0;
  }
}
