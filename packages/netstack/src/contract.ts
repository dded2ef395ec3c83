// What netstack needs from its surroundings, as small interfaces that a driver, a TAP device or a test satisfies.
//
// All calls are synchronous and made from inside `receive`, `poll` or an API call of the stack; none may call back into
// the stack. Times are microseconds of a monotonic clock as integers.

import type { MacAddress } from './wire/ethernet.js';

/** Set by the stack for each frame it commits; the same object every time, so read it before returning. */
export class TransmitOffload {
  /** The device must finish the checksum at `checksumStart + checksumOffset`, which holds the pseudo-header sum. */
  needsChecksum = false;
  /** Offset in the frame from which to sum. */
  checksumStart = 0;
  checksumOffset = 0;
  /** Not 0: a TCP segment to be cut into pieces with this much payload. */
  segmentBytes = 0;
  /** Link, network and transport headers together, repeated for each piece. */
  headerBytes = 0;
}

export interface LinkCapabilities {
  /** `ip`: frames start with the IP header; no ARP, no NDP address resolution. */
  readonly medium: 'ethernet' | 'ip';
  /** Largest IP packet, 68 to 65535. */
  readonly mtu: number;
  readonly mac: MacAddress;
  /** The device fills in transport checksums. */
  readonly checksumTransmit: boolean;
  /** Transport checksums of received frames need no check. */
  readonly checksumReceive: boolean;
  /** 0, or the largest IP packet accepted with `segmentBytes` set. */
  readonly segmentationBytesMax: number;
}

/** A network link. Frames received are handed to `Stack.receive`; the stack borrows them for the call only. */
export interface LinkDevice {
  readonly capabilities: LinkCapabilities;
  /**
   * Lends a buffer of at least `bytes` bytes for one frame, until the next call of `reserve` or `commit`. Undefined: the
   * queue is full; call `Stack.poll` when there is room again. A reserved buffer may be left uncommitted.
   */
  reserve(bytes: number): Uint8Array | undefined;
  /** Sends the first `bytes` bytes of the buffer lent last. */
  commit(bytes: number, offload: TransmitOffload): void;
}

/** A monotonic clock, for adapters that call `receive` and `poll`; the library itself takes `now` as an argument. */
export interface Clock {
  /** Microseconds since an arbitrary point. */
  nowUs(): number;
}

/** Unpredictable numbers. A seeded generator makes every run repeat. */
export interface Random {
  /** 32 random bits as a signed word. */
  word(): number;
}

/** Where socket buffers come from. Sizes are powers of two. */
export interface BufferPool {
  /** A buffer of exactly `bytes` bytes, contents undefined; undefined when memory is short. The caller owns it. */
  allocate(bytes: number): Uint8Array | undefined;
  /** Takes a buffer back. */
  release(buffer: Uint8Array): void;
}

/** Locks for callers on several threads. The trivial one asserts that nobody else is inside. */
export interface Mutex {
  lock(): void;
  unlock(): void;
}

export interface Sync {
  mutex(): Mutex;
}

/** The default pool: the garbage collector. */
export class HeapBufferPool implements BufferPool {
  allocate(bytes: number): Uint8Array | undefined {
    return new Uint8Array(bytes);
  }

  release(_buffer: Uint8Array): void {}
}

/** Thrown when a lock of the single-threaded default is taken twice: the caller re-entered the stack. */
export class ReentryError extends Error {
  constructor() {
    super('netstack was entered from inside itself');
    this.name = 'ReentryError';
  }
}

class SingleThreadMutex implements Mutex {
  #held = false;

  lock(): void {
    if (this.#held) throw new ReentryError();
    this.#held = true;
  }

  unlock(): void {
    this.#held = false;
  }
}

export class SingleThreadSync implements Sync {
  mutex(): Mutex {
    return new SingleThreadMutex();
  }
}
