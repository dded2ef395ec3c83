/** Every limit of the package; relations between them are asserted in the tests. */
import type { i64 } from '@tessera/machine';

/** No deadline. */
export const NEVER_NS: i64 = 0x7fff_ffff_ffff_ffffn;
/** Run time counts half after this long: what a thread did seconds ago does not matter. */
export const HALF_LIFE_NS = 268_435_456; // 2^28
/** Run time is counted in units of this. */
export const UNIT_NS = 64;
/** Longest run that is counted in one piece; a longer one counts as this. */
export const RUN_MAX_NS = 1_073_741_824;
/** Half-lives after which all run times are scaled down, so that no number outgrows 2^53. */
export const RESCALE_HALF_LIVES = 16;
/** A thread runs this long before another that deserves more takes over. */
export const QUANTUM_NS: i64 = 4_000_000n;
/** The timer is never armed for longer while program code runs, so that a halted program is noticed. */
export const TICK_MAX_NS: i64 = 100_000_000n;
/** The timer is never armed for less: the program gets on between two interrupts. */
export const DELAY_MIN_NS: i64 = 20_000n;
