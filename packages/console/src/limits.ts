/** Sizes of the console protocol. Both ends are built from this file; HELLO carries the version. */

export const PROTOCOL_VERSION = 1;

/** Bytes that one frame can carry. Large enough that framing costs under 1 %, small enough that ^C never waits long. */
export const BODY_BYTES_MAX = 4096;

/** Type, body, CRC. */
export const CONTENT_BYTES_MAX: number = 1 + BODY_BYTES_MAX + 4;

/** Two borders, and one code byte for each begun run of 254. */
export const FRAME_BYTES_MAX: number =
  CONTENT_BYTES_MAX + Math.trunc((CONTENT_BYTES_MAX + 253) / 254) + 3;

/** Output bytes (stdout and stderr together) that the guest may send before the host has said that they are gone. */
export const OUTPUT_WINDOW_BYTES: number = 256 * 1024;

/** Input bytes that the guest keeps for a program that does not read. */
export const INPUT_WINDOW_BYTES: number = 64 * 1024;

/** Bytes that the interrupt handler can take before a thread has looked at them. A power of two. */
export const RECEIVE_RING_BYTES: number = 16 * 1024;
