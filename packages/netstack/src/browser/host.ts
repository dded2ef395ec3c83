// Runs a stack on a browser's event loop: performance.now, setTimeout, crypto.

import type { Clock, LinkDevice, Random } from '../contract.js';
import type { NetworkInterface } from '../interface/interface.js';
import { type InterfaceOptions, Stack, type StackOptions } from '../stack.js';
import { NEVER } from '../timers.js';

/** A device that hands over frames by a callback. */
export interface BrowserDevice extends LinkDevice {
  /** Begins to deliver frames. The buffer is borrowed for the call. */
  start(frame: (buffer: Uint8Array, length: number) => void): void;
  close(): void;
}

class PerformanceClock implements Clock {
  nowUs(): number {
    return Math.floor(performance.now() * 1000) + 1_000_000;
  }
}

class CryptoRandom implements Random {
  readonly #words: Int32Array<ArrayBuffer> = new Int32Array(256);
  #at = 256;

  word(): number {
    if (this.#at === 256) {
      crypto.getRandomValues(this.#words);
      this.#at = 0;
    }
    this.#at += 1;
    return this.#words[this.#at - 1];
  }
}

const TIMEOUT_MS_MAX = 2 ** 31 - 1;

export class BrowserHost {
  readonly stack: Stack;
  readonly clock: Clock;
  readonly #devices: BrowserDevice[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #scheduled = false;
  #polling = false;
  #closed = false;

  constructor(options: Partial<StackOptions> = {}, clock: Clock = new PerformanceClock()) {
    this.clock = clock;
    this.stack = new Stack({ random: new CryptoRandom(), ...options });
    this.stack.advance(clock.nowUs());
  }

  attach(device: BrowserDevice, options: InterfaceOptions = {}): NetworkInterface {
    this.#devices.push(device);
    this.stack.advance(this.clock.nowUs());
    const networkInterface = this.stack.addInterface(device, options);
    device.start((buffer, length) => {
      if (this.#closed) return;
      this.stack.receive(networkInterface, buffer, this.clock.nowUs(), 0, length);
      this.wake();
    });
    this.wake();
    return networkInterface;
  }

  /** Something was written, read or opened: poll when the present task is done. */
  wake(): void {
    if (this.#scheduled || this.#polling || this.#closed) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.poll();
    });
  }

  poll(): void {
    if (this.#closed || this.#polling) return;
    this.#polling = true;
    const deadline = this.stack.poll(this.clock.nowUs());
    this.#polling = false;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    if (deadline === NEVER) return;
    const waitMs = Math.min(
      Math.max(0, Math.ceil((deadline - this.clock.nowUs()) / 1000)),
      TIMEOUT_MS_MAX,
    );
    this.#timer = setTimeout(() => this.poll(), waitMs);
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    for (const device of this.#devices) device.close();
  }
}
