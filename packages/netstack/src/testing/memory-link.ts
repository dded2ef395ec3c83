// An Ethernet (or IP) link in memory with seeded faults, on a virtual clock. Everything sent at one end arrives at all
// others, later, unless it is lost, doubled, overtaken or damaged. The same seed and the same calls replay exactly.

import type { LinkCapabilities, LinkDevice, TransmitOffload } from '../contract.js';
import { NEVER } from '../timers.js';
import { MacAddress } from '../wire/ethernet.js';
import { SeededRandom } from './random.js';

export interface Impairments {
  /** Chances in percent, per frame. */
  lossPercent?: number;
  duplicatePercent?: number;
  /** A frame that is reordered waits `reorderUs` longer than it should. */
  reorderPercent?: number;
  reorderUs?: number;
  /** One bit is flipped behind the link header. */
  corruptPercent?: number;
  /** One-way delay, and a uniformly distributed extra. */
  delayUs?: number;
  jitterUs?: number;
  /** 0: unlimited. Frames queue for the wire; beyond `queueFrames` they are dropped. */
  bitsPerSecond?: number;
  queueFrames?: number;
  /** Mark instead of drop when the queue is longer than this and the packet is ECN-capable. 0: never. */
  markBeyondFrames?: number;
}

export interface MemoryLinkOptions extends Impairments {
  readonly seed?: number;
  readonly mtu?: number;
  readonly medium?: 'ethernet' | 'ip';
  readonly segmentationBytesMax?: number;
  readonly checksumOffload?: boolean;
}

class FlyingFrame {
  at = 0;
  order = 0;
  from = 0;
  length = 0;
  buffer: Uint8Array = new Uint8Array(0);
}

export interface FrameListener {
  frame(buffer: Uint8Array, length: number): void;
}

/** One end of a link: a device for a stack, and where frames for that stack come out. */
export class MemoryLinkEnd implements LinkDevice {
  readonly capabilities: LinkCapabilities;
  readonly index: number;
  listener: FrameListener | undefined = undefined;
  readonly #link: MemoryLink;
  #lent: FlyingFrame | undefined = undefined;

  constructor(link: MemoryLink, index: number, capabilities: LinkCapabilities) {
    this.#link = link;
    this.index = index;
    this.capabilities = capabilities;
  }

  reserve(bytes: number): Uint8Array | undefined {
    this.#lent ??= this.#link.take(bytes);
    if (this.#lent.buffer.length < bytes) this.#lent.buffer = new Uint8Array(bytes);
    return this.#lent.buffer;
  }

  commit(bytes: number, _offload: TransmitOffload): void {
    const frame = this.#lent;
    if (frame === undefined) return;
    this.#lent = undefined;
    frame.length = bytes;
    frame.from = this.index;
    this.#link.send(frame);
  }
}

export class MemoryLink {
  readonly ends: MemoryLinkEnd[] = [];
  readonly impairments: Impairments;
  readonly random: SeededRandom;
  readonly #options: MemoryLinkOptions;
  /** Sorted by time, then order of sending; a binary heap. */
  readonly #flying: FlyingFrame[] = [];
  readonly #free: FlyingFrame[] = [];
  readonly #wireFreeAt: number[] = [];
  #order = 0;
  now = 0;
  sent = 0;
  lost = 0;
  /** Sees every frame as sent, before any fault; for captures. */
  tap: ((now: number, from: number, buffer: Uint8Array, length: number) => void) | undefined =
    undefined;
  /** Return true to swallow a frame; for scripted losses. */
  filter: ((from: number, buffer: Uint8Array, length: number) => boolean) | undefined = undefined;

  constructor(options: MemoryLinkOptions = {}) {
    this.#options = options;
    this.impairments = { ...options };
    this.random = new SeededRandom(options.seed ?? 1);
    this.addEnd();
    this.addEnd();
  }

  addEnd(): MemoryLinkEnd {
    const index = this.ends.length;
    const end = new MemoryLinkEnd(this, index, {
      medium: this.#options.medium ?? 'ethernet',
      mtu: this.#options.mtu ?? 1500,
      mac: new MacAddress(0x0200, index + 1),
      checksumTransmit: this.#options.checksumOffload ?? false,
      checksumReceive: this.#options.checksumOffload ?? false,
      segmentationBytesMax: this.#options.segmentationBytesMax ?? 0,
    });
    this.ends.push(end);
    this.#wireFreeAt.push(0);
    return end;
  }

  get inFlight(): number {
    return this.#flying.length;
  }

  /** When the next frame arrives, NEVER when none flies. */
  get next(): number {
    return this.#flying.length === 0 ? NEVER : this.#flying[0].at;
  }

  take(bytes: number): FlyingFrame {
    const frame = this.#free.pop() ?? new FlyingFrame();
    if (frame.buffer.length < bytes) frame.buffer = new Uint8Array(Math.max(bytes, 2048));
    return frame;
  }

  send(frame: FlyingFrame): void {
    this.sent += 1;
    this.tap?.(this.now, frame.from, frame.buffer, frame.length);
    const faults = this.impairments;
    const random = this.random;
    if (
      this.filter?.(frame.from, frame.buffer, frame.length) === true ||
      random.chance(faults.lossPercent ?? 0)
    ) {
      this.#drop(frame);
      return;
    }
    const departure = this.#departure(frame);
    if (departure < 0) {
      this.#drop(frame);
      return;
    }
    if (random.chance(faults.duplicatePercent ?? 0)) {
      const copy = this.take(frame.length);
      copy.buffer.set(frame.buffer.subarray(0, frame.length));
      copy.length = frame.length;
      copy.from = frame.from;
      this.#launch(copy, departure);
    }
    if (random.chance(faults.corruptPercent ?? 0)) this.#corrupt(frame);
    this.#launch(frame, departure);
  }

  /** Hands over every frame due by `now`. Returns whether there was one. */
  deliver(now: number): boolean {
    this.now = Math.max(this.now, now);
    let any = false;
    while (this.#flying.length > 0 && this.#flying[0].at <= now) {
      any = true;
      const frame = this.#pop();
      for (const end of this.ends)
        if (end.index !== frame.from) end.listener?.frame(frame.buffer, frame.length);
      this.#free.push(frame);
    }
    return any;
  }

  #drop(frame: FlyingFrame): void {
    this.lost += 1;
    this.#free.push(frame);
  }

  /** When the last bit leaves; -1: the queue is full. */
  #departure(frame: FlyingFrame): number {
    const rate = this.impairments.bitsPerSecond ?? 0;
    if (rate === 0) return this.now;
    const perFrame = Math.max(1, Math.trunc((frame.length * 8 * 1_000_000) / rate));
    const free = Math.max(this.#wireFreeAt[frame.from], this.now);
    const waiting = Math.trunc((free - this.now) / perFrame);
    if (waiting > (this.impairments.queueFrames ?? 1000)) return -1;
    const markBeyond = this.impairments.markBeyondFrames ?? 0;
    if (markBeyond > 0 && waiting > markBeyond)
      markCongestion(frame.buffer, this.#options.medium === 'ip' ? 0 : 14);
    this.#wireFreeAt[frame.from] = free + perFrame;
    return free + perFrame;
  }

  #corrupt(frame: FlyingFrame): void {
    const header = this.#options.medium === 'ip' ? 0 : 14;
    if (frame.length <= header) return;
    const at = header + this.random.below(frame.length - header);
    frame.buffer[at] ^= 1 << this.random.below(8);
  }

  #launch(frame: FlyingFrame, departure: number): void {
    const faults = this.impairments;
    frame.at = departure + (faults.delayUs ?? 0);
    if ((faults.jitterUs ?? 0) > 0) frame.at += this.random.below(faults.jitterUs ?? 0);
    if (this.random.chance(faults.reorderPercent ?? 0)) frame.at += faults.reorderUs ?? 1000;
    frame.order = this.#order;
    this.#order += 1;
    this.#push(frame);
  }

  #push(frame: FlyingFrame): void {
    const heap = this.#flying;
    let place = heap.length;
    heap.push(frame);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isEarlier(frame, heap[parent])) break;
      heap[place] = heap[parent];
      place = parent;
    }
    heap[place] = frame;
  }

  #pop(): FlyingFrame {
    const heap = this.#flying;
    const first = heap[0];
    const last = heap.pop() as FlyingFrame;
    if (heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isEarlier(heap[child + 1], heap[child])) child += 1;
      if (!isEarlier(heap[child], last)) break;
      heap[place] = heap[child];
      place = child;
    }
    heap[place] = last;
    return first;
  }
}

function isEarlier(a: FlyingFrame, b: FlyingFrame): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** Sets congestion experienced in an IPv4 packet that is ECN-capable, and repairs the header checksum. */
function markCongestion(buffer: Uint8Array, at: number): void {
  if (buffer[at] >>> 4 !== 4 || (buffer[at + 1] & 3) === 0 || (buffer[at + 1] & 3) === 3) return;
  const before = (buffer[at] << 8) | buffer[at + 1];
  buffer[at + 1] |= 3;
  const after = (buffer[at] << 8) | buffer[at + 1];
  // RFC 1624.
  let sum = (~((buffer[at + 10] << 8) | buffer[at + 11]) & 0xffff) + (~before & 0xffff) + after;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  buffer[at + 10] = (~sum >>> 8) & 0xff;
  buffer[at + 11] = ~sum & 0xff;
}
