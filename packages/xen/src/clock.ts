/**
 * Paravirtual time: Xen writes, per CPU, the time at a TSC value and how to scale the difference (also the layout of
 * kvmclock). The version is odd while the record changes; a reader that sees the same even version before and after
 * has a whole one.
 */
import type { SharedMemory } from './memory.js';

const READS_MAX = 1000;

export class TimeRecord {
  version = 0;
  tscStart = 0n;
  systemTimeNs = 0n;
  multiplier = 0n;
  shift = 0;
  flags = 0;

  /** False when the record kept changing: use the last one. */
  read(memory: SharedMemory, at: number): boolean {
    for (let tries = 0; tries < READS_MAX; tries += 1) {
      const before = memory.load32(at);
      memory.readBarrier();
      const tscStart = load64(memory, at + 8);
      const systemTimeNs = load64(memory, at + 16);
      const multiplier = BigInt(memory.load32(at + 24));
      const shift = memory.load8(at + 28);
      const flags = memory.load8(at + 29);
      memory.readBarrier();
      if ((before & 1) !== 0 || memory.load32(at) !== before) continue;
      this.version = before;
      this.tscStart = tscStart;
      this.systemTimeNs = systemTimeNs;
      this.multiplier = multiplier;
      this.shift = shift < 128 ? shift : shift - 256;
      this.flags = flags;
      return true;
    }
    return false;
  }

  /** Nanoseconds of system time at a TSC value. A TSC before the record counts as the record's. */
  nowNs(tsc: bigint): bigint {
    const difference = BigInt.asUintN(64, tsc - this.tscStart);
    if (BigInt.asIntN(64, difference) < 0n) return this.systemTimeNs;
    // Shifts come from outside: more than 63 means nothing on 64 bits. Both are made and one is by 0, because a branch
    // here makes the optimising compiler of Node 20 abort (a phi of two 64-bit bigints).
    const left = Math.max(0, Math.min(63, this.shift));
    const right = Math.max(0, Math.min(63, -this.shift));
    const scaledUp = BigInt.asUintN(64, difference << BigInt(left));
    const delta = BigInt.asUintN(64, scaledUp >> BigInt(right));
    // (delta * multiplier) >> 32 needs 96 bits: split delta.
    const high = BigInt.asUintN(64, BigInt.asUintN(64, delta >> 32n) * this.multiplier);
    const low = BigInt.asUintN(64, BigInt.asUintN(32, delta) * this.multiplier);
    const scaled = BigInt.asUintN(64, high + BigInt.asUintN(64, low >> 32n));
    return BigInt.asUintN(64, this.systemTimeNs + scaled);
  }
}

/** Where the wall clock is in shared info: version u32, seconds u32, nanoseconds u32, and seconds' high half. */
export const SHARED_INFO_WALL_CLOCK = 0xc00;

/** Wall-clock nanoseconds at system time 0, or -1 when it kept changing. */
export function readWallClockNs(memory: SharedMemory, sharedInfo: number): bigint {
  const at = sharedInfo + SHARED_INFO_WALL_CLOCK;
  for (let tries = 0; tries < READS_MAX; tries += 1) {
    const before = memory.load32(at);
    memory.readBarrier();
    const seconds = BigInt(memory.load32(at + 4)) + BigInt(memory.load32(at + 12)) * 0x100000000n;
    const ns = BigInt(memory.load32(at + 8));
    memory.readBarrier();
    if ((before & 1) !== 0 || memory.load32(at) !== before) continue;
    return BigInt.asIntN(64, seconds * 1000000000n + ns);
  }
  return -1n;
}

function load64(memory: SharedMemory, at: number): bigint {
  return BigInt.asUintN(
    64,
    BigInt(memory.load32(at + 4)) * 0x100000000n + BigInt(memory.load32(at)),
  );
}
