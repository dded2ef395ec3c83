/**
 * What this package needs from outside. Each interface is small enough to write in 20 lines.
 */

export interface ReadRequest {
  readonly kind: 'read';
  readonly offsetBytes: number;
  /** Filled by the device; borrowed until the ticket is done. */
  readonly bytes: Uint8Array;
}

export interface WriteRequest {
  readonly kind: 'write';
  readonly offsetBytes: number;
  /** Borrowed until the ticket is done. */
  readonly bytes: Uint8Array;
}

/** Everything submitted before it is on stable storage before anything submitted after it. */
export interface FlushRequest {
  readonly kind: 'flush';
}

export type BlockRequest = ReadRequest | WriteRequest | FlushRequest;

/** Names one submitted batch. */
export type Ticket = number;

/** 'ok', or why the batch failed. */
export type BlockStatus = 'ok' | 'error' | 'gone' | 'read-only';

/**
 * A synchronous block device. `submit` may finish at once (files, memory) or later (a real disk); `wait` blocks the
 * calling thread until the batch is done. Offsets and lengths are multiples of 512.
 */
export interface BlockDevice {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  submit(batch: readonly BlockRequest[]): Ticket;
  wait(ticket: Ticket): BlockStatus;
  done(ticket: Ticket): boolean;
}

/** Wall-clock time, for timestamps only. */
export interface WallClock {
  nowSeconds(): number;
}

/** Random bytes, for guids and salts. */
export interface RandomSource {
  fill(bytes: Uint8Array): void;
}
