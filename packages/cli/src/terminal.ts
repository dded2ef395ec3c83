/**
 * The host's terminal during a run: raw, so that every key reaches the program's own line discipline, and restored however
 * the process ends.
 */
import type { ReadStream } from 'node:tty';

const CONTROL_C = 3;
/** A machine that answers nothing for this long after ^C is taken for dead at the next ^C. */
const DEAF_MS = 1000;

/** Puts the terminal into raw mode. Returns what restores it; safe to call more than once. */
export function enterRawMode(input: ReadStream): () => void {
  input.setRawMode(true);
  let done = false;
  const restore = (): void => {
    if (done) return;
    done = true;
    process.off('exit', restore);
    input.setRawMode(false);
  };
  process.on('exit', restore);
  return restore;
}

/**
 * In raw mode ^C is a byte for the program. This is the way out of a machine that no longer hears: a second ^C after a second
 * in which nothing at all came from the guest (a living one at least echoes).
 */
export class DeadMachineWatch {
  private readonly heard: () => number;
  private readonly dead: () => void;
  private heardAtFirst = -1;
  private firstAtMs = 0;

  constructor(heard: () => number, dead: () => void) {
    this.heard = heard;
    this.dead = dead;
  }

  keys(bytes: Uint8Array, nowMs: number = performance.now()): void {
    if (!bytes.includes(CONTROL_C)) return;
    if (this.heardAtFirst === this.heard() && nowMs - this.firstAtMs >= DEAF_MS) {
      this.dead();
      return;
    }
    if (this.heardAtFirst !== this.heard()) {
      this.heardAtFirst = this.heard();
      this.firstAtMs = nowMs;
    }
  }
}
