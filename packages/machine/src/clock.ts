/**
 * Time from the time-stamp counter.
 *
 * The counter's frequency comes from the hypervisor (leaf 0x40000010), from CPUID 0x15, or is measured against the local
 * APIC timer: `clockStart` sets that running as the first thing, `clockCalibrate` compares after the rest of start-up, so
 * that nothing needs to spin unless start-up took less than MEASURE_MIN_NS.
 *
 * Conversion: ns = base + (delta * factor) >> SHIFT. `delta` is kept small enough, by moving the base forward, that the
 * product stays below 2^64; slow counters have a large factor and so a smaller bound.
 */

import { localApicCount, localApicTimer, TIMER_COUNT_MAX } from './apic.js';
import { CPUID_EAX, CPUID_EBX, CPUID_ECX, cpuid, pause, readTsc } from './cpu.unsafe.js';
import type { i64, u64 } from './numbers.js';

const SHIFT = 31n;
const DELTA_MAX = 0x1_0000_0000n;
const U64_MAX = 0xffff_ffff_ffff_ffffn;
const NS_PER_S = 1_000_000_000n;
const MEASURE_MIN_NS = 2_000_000;
const MHZ = 1_000_000;
const HYPERVISOR_LEAVES = 0x4000_0000;
const HYPERVISOR_TIMING = 0x4000_0010;

/** Pure part: usable without a machine, with any counter. */
export class CounterClock {
  private baseCounter: u64;
  private baseNs: i64;
  private readonly frequencyHz: u64;
  private readonly factor: u64;
  private readonly deltaMax: u64;

  /** Preconditions: 2^20 <= frequencyHz < 2^34. */
  constructor(counter: u64, nowNs: i64, frequencyHz: u64) {
    this.baseCounter = counter;
    this.baseNs = nowNs;
    this.frequencyHz = frequencyHz;
    this.factor = BigInt.asUintN(64, NS_PER_S << SHIFT) / frequencyHz;
    const fits = U64_MAX / this.factor;
    this.deltaMax = fits < DELTA_MAX ? fits : DELTA_MAX;
  }

  /** Nanoseconds at a reading of the counter; never less than at an earlier call with an earlier reading. */
  at(counter: u64): i64 {
    const delta = BigInt.asIntN(64, counter - this.baseCounter);
    if (delta < 0n) return this.baseNs;
    if (delta < this.deltaMax)
      return BigInt.asIntN(64, this.baseNs + (BigInt.asUintN(64, delta * this.factor) >> SHIFT));
    this.advance(BigInt.asUintN(64, delta));
    return this.baseNs;
  }

  private advance(delta: u64): void {
    const seconds = delta / this.frequencyHz;
    const rest = delta % this.frequencyHz;
    const restNs = BigInt.asUintN(64, rest * NS_PER_S) / this.frequencyHz;
    const wholeNs = BigInt.asUintN(64, seconds * NS_PER_S);
    this.baseNs = BigInt.asIntN(64, this.baseNs + wholeNs + restNs);
    this.baseCounter = BigInt.asUintN(64, this.baseCounter + delta);
  }
}

let clock: CounterClock | undefined;
let startedTsc: u64 = 0n;
let startedCount = 0;
let tscHz: u64 = NS_PER_S;
let busHz = 1_000_000_000;

/** First: starts the measurement. The timer's interrupt must be off or its vector ignored meanwhile. */
export function clockStart(): void {
  localApicTimer(TIMER_COUNT_MAX);
  startedCount = localApicCount();
  startedTsc = readTsc();
}

function hypervisorTiming(register: number): number {
  const hypervisor = cpuid(1, 0, CPUID_ECX) >= 0x8000_0000;
  if (!hypervisor || cpuid(HYPERVISOR_LEAVES, 0, CPUID_EAX) < HYPERVISOR_TIMING) return 0;
  return cpuid(HYPERVISOR_TIMING, 0, register) * 1000;
}

function processorTiming(): number {
  if (cpuid(0, 0, CPUID_EAX) < 0x15) return 0;
  const denominator = cpuid(0x15, 0, CPUID_EAX);
  const numerator = cpuid(0x15, 0, CPUID_EBX);
  const crystalHz = cpuid(0x15, 0, CPUID_ECX);
  if (denominator === 0 || numerator === 0 || crystalHz === 0) return 0;
  return Math.trunc((crystalHz * numerator) / denominator);
}

function measure(): number {
  let elapsed = startedCount - localApicCount();
  while (elapsed < MEASURE_MIN_NS) {
    pause();
    elapsed = startedCount - localApicCount();
  }
  const ticks = Number(BigInt.asUintN(64, readTsc() - startedTsc));
  // ticks < 2^33 within the timer's 4 s; scaled by MHz first so that the product stays a safe integer.
  return (
    Math.trunc((ticks * Math.trunc(busHz / MHZ)) / elapsed) * MHZ +
    Math.trunc((((ticks * Math.trunc(busHz / MHZ)) % elapsed) * MHZ) / elapsed)
  );
}

/** Then: settles the frequency. `nowNs` is what the clock shows at `clockStart`. Stops the timer. */
export function clockCalibrate(nowNs: i64): void {
  const bus = hypervisorTiming(CPUID_EBX);
  if (bus > 0) busHz = bus;
  let frequencyHz = hypervisorTiming(CPUID_EAX);
  if (frequencyHz === 0) frequencyHz = processorTiming();
  if (frequencyHz === 0) frequencyHz = measure();
  localApicTimer(0);
  tscHz = BigInt(frequencyHz);
  clock = new CounterClock(startedTsc, nowNs, tscHz);
}

/** Nanoseconds since `clockStart`, plus what `clockCalibrate` was given. */
export function clockNowNs(): i64 {
  const settled = clock;
  return settled === undefined ? 0n : settled.at(readTsc());
}

export function tscFrequencyHz(): u64 {
  return tscHz;
}

/** Asks for a timer interrupt in `delayNs`; the longest is about 4 s, a later deadline takes several. */
export function timerArm(delayNs: i64): void {
  let ns = delayNs < 1n ? 1n : delayNs;
  if (ns > 3_000_000_000n) ns = 3_000_000_000n;
  let count = Number(ns);
  if (busHz !== 1_000_000_000) count = Math.trunc((count * Math.trunc(busHz / 1000)) / MHZ);
  localApicTimer(Math.min(Math.max(count, 1), TIMER_COUNT_MAX));
}

export function timerDisarm(): void {
  localApicTimer(0);
}
