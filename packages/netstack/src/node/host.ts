// Runs a stack on Node's event loop: real time, timers, devices that call back.

import { randomBytes } from 'node:crypto';
import type { Clock, LinkDevice, Random } from '../contract.js';
import type { NetworkInterface } from '../interface/interface.js';
import { type InterfaceOptions, Stack, type StackOptions } from '../stack.js';
import { NEVER } from '../timers.js';

/** A device of the host world: it hands over frames by a callback. */
export interface HostDevice extends LinkDevice {
  /** Begins to deliver frames. The buffer is borrowed for the call. */
  start(frame: (buffer: Uint8Array, length: number) => void): void;
  close(): void;
}

export class MonotonicClock implements Clock {
  readonly #origin: bigint = process.hrtime.bigint();

  /** Starts at one second, so that nothing seems to have happened at time zero. */
  nowUs(): number {
    return Number((process.hrtime.bigint() - this.#origin) / 1000n) + 1_000_000;
  }
}

/** Random words of the operating system, fetched in blocks. */
export class SystemRandom implements Random {
  #block: Buffer = Buffer.alloc(0);
  #at = 0;

  word(): number {
    if (this.#at + 4 > this.#block.length) {
      this.#block = randomBytes(1024);
      this.#at = 0;
    }
    const value = this.#block.readInt32LE(this.#at);
    this.#at += 4;
    return value;
  }
}

const TIMEOUT_MS_MAX = 2 ** 31 - 1;

export class Host {
  readonly stack: Stack;
  readonly clock: Clock;
  readonly #devices: HostDevice[] = [];
  #timer: NodeJS.Timeout | undefined;
  #scheduled = false;
  #polling = false;
  #closed = false;

  constructor(options: Partial<StackOptions> = {}, clock: Clock = new MonotonicClock()) {
    this.clock = clock;
    this.stack = new Stack({ random: new SystemRandom(), ...options });
    this.touch();
  }

  attach(device: HostDevice, options: InterfaceOptions = {}): NetworkInterface {
    this.#devices.push(device);
    this.touch();
    const networkInterface = this.stack.addInterface(device, options);
    device.start((buffer, length) => {
      if (this.#closed) return;
      this.stack.receive(networkInterface, buffer, this.clock.nowUs(), 0, length);
      this.wake();
    });
    this.wake();
    return networkInterface;
  }

  /** Tells the stack the time, before a call that may start a timer. */
  touch(): void {
    this.stack.advance(this.clock.nowUs());
  }

  /** Something was written or read: poll as soon as the present work is done. */
  wake(): void {
    if (this.#scheduled || this.#polling || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => {
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

  /** Stops; connections are dropped without a word. */
  close(): void {
    this.#closed = true;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    for (const device of this.#devices) device.close();
  }
}
