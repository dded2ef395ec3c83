/** What the package needs from outside. Small, so that a test or an embedder can supply each in a line. */

/** The wall clock, for time stamps. Microseconds since 1970, non-negative, below 2^53. */
export interface Clock {
  realtimeUs(): number;
}

/** Fills `out` with random bytes; never blocks, never fails. */
export interface Random {
  fill(out: Uint8Array): void;
}

/** Pages of file content, each `PAGE_BYTES` long. */
export interface BufferPool {
  /** A zeroed page owned by the caller, or undefined when memory is short (the operation fails with ENOSPC). */
  allocatePage(): Uint8Array | undefined;
  /** Takes the page back. The caller keeps no reference. */
  freePage(page: Uint8Array): void;
}

/** The default pool: pages from the heap. */
export class HeapBufferPool implements BufferPool {
  private readonly pageBytes: number;

  constructor(pageBytes: number) {
    this.pageBytes = pageBytes;
  }

  allocatePage(): Uint8Array | undefined {
    return new Uint8Array(this.pageBytes);
  }

  freePage(_page: Uint8Array): void {
    // The collector takes it.
  }
}

/** A clock that stands still until told. */
export class ManualClock implements Clock {
  nowUs: number;

  constructor(nowUs: number) {
    this.nowUs = nowUs;
  }

  realtimeUs(): number {
    return this.nowUs;
  }
}
