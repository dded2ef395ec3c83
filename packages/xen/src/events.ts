/**
 * Event channels: one bit per port says that something happened. Two ABIs carry the bits.
 *
 * Two levels: per CPU a selector word of 64 bits, one for each word of the 4096 pending bits; both are cleared by
 * exchange, so an event that comes while one is handled is seen in the next round.
 *
 * FIFO: a word of 32 bits per port (pending 31, masked 30, linked 29, busy 28, link 16..0), chained per priority into a
 * queue whose head is in the CPU's control block. Unlinking clears the link and LINKED at once by compare-exchange.
 *
 * `drain` never handles more than a bounded number of events, so a hypervisor or peer that keeps raising them cannot
 * hold the CPU; it says whether more are waiting.
 */
import { atomicClear32, atomicOr32, type SharedMemory } from './memory.js';

export const SHARED_INFO_VCPU_BYTES = 64;
export const SHARED_INFO_PENDING = 0x800;
export const SHARED_INFO_MASK = 0xa00;
export const VCPU_UPCALL_PENDING = 0;
export const VCPU_UPCALL_MASK = 1;
export const VCPU_SELECTOR = 8;
export const VCPU_TIME = 32;
export const TWO_LEVEL_PORTS = 4096;

export interface EventHandler {
  event(port: number): void;
}

export interface EventConsumer {
  /** Handle up to `limit` events; true when more may be waiting. */
  drain(handler: EventHandler, limit: number): boolean;
  mask(port: number): void;
  /** True when the port is pending: the caller handles it, or asks the hypervisor to raise it (EVTCHNOP_unmask). */
  unmask(port: number): boolean;
  clear(port: number): void;
}

export class TwoLevelEvents implements EventConsumer {
  readonly #memory: SharedMemory;
  readonly #sharedInfo: number;
  readonly #vcpu: number;

  constructor(memory: SharedMemory, sharedInfo: number, vcpu: number) {
    this.#memory = memory;
    this.#sharedInfo = sharedInfo;
    this.#vcpu = sharedInfo + vcpu * SHARED_INFO_VCPU_BYTES;
  }

  drain(handler: EventHandler, limit: number): boolean {
    const memory = this.#memory;
    memory.store8(this.#vcpu + VCPU_UPCALL_PENDING, 0);
    memory.fullBarrier();
    let handled = 0;
    for (let half = 0; half < 2; half += 1) {
      const selector = this.#vcpu + VCPU_SELECTOR + half * 4;
      let words = atomicClear32(memory, selector, 0xffffffff);
      while (words !== 0) {
        const bit = 31 - Math.clz32(words & -words);
        words = (words & (words - 1)) >>> 0;
        handled = this.#drainWord(half * 32 + bit, handler, handled, limit);
        if (handled < limit) continue;
        // Put back what was not looked at, this word too.
        atomicOr32(memory, selector, (words | (1 << bit)) >>> 0);
        return true;
      }
    }
    return memory.load8(this.#vcpu + VCPU_UPCALL_PENDING) !== 0;
  }

  mask(port: number): void {
    atomicOr32(this.#memory, this.#word(SHARED_INFO_MASK, port), bitOf(port));
  }

  unmask(port: number): boolean {
    atomicClear32(this.#memory, this.#word(SHARED_INFO_MASK, port), bitOf(port));
    return (this.#memory.load32(this.#word(SHARED_INFO_PENDING, port)) & bitOf(port)) !== 0;
  }

  clear(port: number): void {
    atomicClear32(this.#memory, this.#word(SHARED_INFO_PENDING, port), bitOf(port));
  }

  /** 64 ports of one selector bit; returns how many were handled in all. */
  #drainWord(index: number, handler: EventHandler, before: number, limit: number): number {
    const memory = this.#memory;
    let handled = before;
    for (let half = 0; half < 2; half += 1) {
      const offset = index * 8 + half * 4;
      const mask = memory.load32(this.#sharedInfo + SHARED_INFO_MASK + offset);
      const address = this.#sharedInfo + SHARED_INFO_PENDING + offset;
      let pending = (memory.load32(address) & ~mask) >>> 0;
      while (pending !== 0 && handled < limit) {
        const bit = 31 - Math.clz32(pending & -pending);
        pending = (pending & (pending - 1)) >>> 0;
        // Cleared before it is handled: an event from now on is a new one.
        atomicClear32(memory, address, (1 << bit) >>> 0);
        handler.event(index * 64 + half * 32 + bit);
        handled += 1;
      }
    }
    return handled;
  }

  #word(array: number, port: number): number {
    return this.#sharedInfo + array + Math.trunc(port / 32) * 4;
  }
}

function bitOf(port: number): number {
  return (1 << (port & 31)) >>> 0;
}

export const FIFO_PENDING = 0x80000000;
export const FIFO_MASKED = 0x40000000;
export const FIFO_LINKED = 0x20000000;
export const FIFO_LINK_MASK = 0x1ffff;
export const FIFO_PRIORITIES = 16;
export const FIFO_WORDS_PER_PAGE = 1024;
const FIFO_READY = 0;
const FIFO_HEADS = 8;

export class FifoEvents implements EventConsumer {
  readonly #memory: SharedMemory;
  readonly #control: number;
  /** Pages of event words, in port order; they may grow. */
  readonly pages: number[] = [];
  readonly #heads: Uint32Array = new Uint32Array(FIFO_PRIORITIES);

  constructor(memory: SharedMemory, controlBlock: number) {
    this.#memory = memory;
    this.#control = controlBlock;
  }

  drain(handler: EventHandler, limit: number): boolean {
    const memory = this.#memory;
    let ready = atomicClear32(memory, this.#control + FIFO_READY, 0xffffffff) & 0xffff;
    let handled = 0;
    while (ready !== 0) {
      if (handled >= limit) {
        atomicOr32(memory, this.#control + FIFO_READY, ready);
        return true;
      }
      const priority = 31 - Math.clz32(ready & -ready);
      if (!this.#takeOne(priority, handler)) ready &= ~(1 << priority);
      handled += 1;
      // A higher priority may have become ready meanwhile.
      ready |= atomicClear32(memory, this.#control + FIFO_READY, 0xffffffff) & 0xffff;
    }
    return false;
  }

  mask(port: number): void {
    const word = this.#word(port);
    if (word >= 0) atomicOr32(this.#memory, word, FIFO_MASKED);
  }

  unmask(port: number): boolean {
    const word = this.#word(port);
    if (word < 0) return false;
    return (atomicClear32(this.#memory, word, FIFO_MASKED) & FIFO_PENDING) !== 0;
  }

  clear(port: number): void {
    const word = this.#word(port);
    if (word >= 0) atomicClear32(this.#memory, word, FIFO_PENDING);
  }

  /** Handles the head of a queue; false when the queue is empty now. */
  #takeOne(priority: number, handler: EventHandler): boolean {
    const memory = this.#memory;
    let head = this.#heads[priority];
    if (head === 0) {
      memory.readBarrier();
      head = memory.load32(this.#control + FIFO_HEADS + priority * 4) & FIFO_LINK_MASK;
    }
    const word = this.#word(head);
    // A head without a word is the hypervisor's mistake; drop the queue rather than follow it.
    if (head === 0 || word < 0) {
      this.#heads[priority] = 0;
      return false;
    }
    const old = this.#unlink(word);
    const link = old & FIFO_LINK_MASK;
    this.#heads[priority] = link;
    if ((old & FIFO_PENDING) !== 0 && (old & FIFO_MASKED) === 0) {
      atomicClear32(memory, word, FIFO_PENDING);
      handler.event(head);
    }
    return link !== 0;
  }

  #unlink(word: number): number {
    const memory = this.#memory;
    let old = memory.load32(word);
    for (;;) {
      const seen = memory.compareExchange32(
        word,
        old,
        (old & ~(FIFO_LINKED | FIFO_LINK_MASK)) >>> 0,
      );
      if (seen === old) return old;
      old = seen;
    }
  }

  #word(port: number): number {
    const page = Math.trunc(port / FIFO_WORDS_PER_PAGE);
    if (page >= this.pages.length) return -1;
    return this.pages[page] + (port % FIFO_WORDS_PER_PAGE) * 4;
  }
}
