// The loopback link: frames committed are queued and come back in the next step. No checksums, 64 KB segments.

import type { LinkCapabilities, LinkDevice, TransmitOffload } from '../contract.js';
import { MAC_ZERO } from '../wire/ethernet.js';

const LOOPBACK_MTU = 65535;
const QUEUE_FRAMES_MAX = 256;

export class LoopbackDevice implements LinkDevice {
  readonly capabilities: LinkCapabilities = {
    medium: 'ip',
    mtu: LOOPBACK_MTU,
    mac: MAC_ZERO,
    checksumTransmit: true,
    checksumReceive: true,
    segmentationBytesMax: LOOPBACK_MTU,
  };
  readonly #frames: Uint8Array[] = [];
  readonly #lengths: number[] = [];
  #head = 0;
  #count = 0;

  reserve(bytes: number): Uint8Array | undefined {
    if (this.#count >= QUEUE_FRAMES_MAX) return undefined;
    const slot = (this.#head + this.#count) % QUEUE_FRAMES_MAX;
    while (this.#frames.length <= slot) {
      this.#frames.push(new Uint8Array(0));
      this.#lengths.push(0);
    }
    if (this.#frames[slot].length < bytes)
      this.#frames[slot] = new Uint8Array(bytes < 2048 ? 2048 : 65536);
    return this.#frames[slot];
  }

  commit(bytes: number, _offload: TransmitOffload): void {
    this.#lengths[(this.#head + this.#count) % QUEUE_FRAMES_MAX] = bytes;
    this.#count += 1;
  }

  get hasFrame(): boolean {
    return this.#count > 0;
  }

  /** The oldest frame; valid until `drop`. */
  get frame(): Uint8Array {
    return this.#frames[this.#head];
  }

  get frameBytes(): number {
    return this.#lengths[this.#head];
  }

  drop(): void {
    this.#head = (this.#head + 1) % QUEUE_FRAMES_MAX;
    this.#count -= 1;
  }
}
