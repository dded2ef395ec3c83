/**
 * How long a slice of marking takes, in CPU time of the thread, with 64 MB alive: 1.3 million objects of 48 bytes that
 * refer to each other at random. Process target: `tessera-aot packages/aot/bench/collector-pauses.ts --release -o pauses`.
 */
import { addressOf, loadInt } from '@tessera/machine';
import {
  collectSlice,
  gcMarking,
  setMinimumThreshold,
  setThreshold,
  startCycle,
} from '../runtime/heap/index.js';

const CLOCK_GETTIME = 228;
const THREAD_CPU_TIME = 3;

/** @extern tessera_syscall */
function systemCall(
  _number: number,
  _a: number,
  _b: number,
  _c: number,
  _d: number,
  _e: number,
  _f: number,
): number {
  return -38;
}

const clock = new Uint8Array(16);

function nowNs(): number {
  systemCall(CLOCK_GETTIME, THREAD_CPU_TIME, addressOf(clock), 0, 0, 0, 0);
  return loadInt(addressOf(clock)) * 1_000_000_000 + loadInt(addressOf(clock) + 8);
}

class Cell {
  readonly other: Cell | null;
  readonly before: Cell | null;
  readonly number: number;
  constructor(before: Cell | null, other: Cell | null, number: number) {
    this.other = other;
    this.before = before;
    this.number = number;
  }
}

export function main(): void {
  setThreshold(4_000_000_000);
  setMinimumThreshold(4_000_000_000);
  const cells: Cell[] = [new Cell(null, null, 0)];
  let random = 1;
  const startNs = nowNs();
  for (let i = 1; i < 1_300_000; i++) {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
    cells.push(new Cell(cells[i - 1], cells[random % i], i));
  }
  // Only the last stays named: the marker finds the rest in random order, from one cold line to the next.
  const last = cells[cells.length - 1];
  cells.length = 0;
  console.log(`made in ${Math.trunc((nowNs() - startNs) / 1_000_000)} ms`);
  for (let round = 0; round < 3; round++) {
    const times: number[] = [];
    const beginNs = nowNs();
    startCycle();
    const snapshotNs = nowNs() - beginNs;
    while (gcMarking !== 0) {
      const beforeNs = nowNs();
      collectSlice(1024);
      times.push(nowNs() - beforeNs);
    }
    let sweeps = 0;
    let longestSweepNs = 0;
    const sweepBeginNs = nowNs();
    let done = false;
    while (!done) {
      const beforeNs = nowNs();
      done = collectSlice(1024);
      longestSweepNs = Math.max(longestSweepNs, nowNs() - beforeNs);
      sweeps++;
    }
    const sweepNs = nowNs() - sweepBeginNs;
    times.sort((a, b) => a - b);
    const count = times.length;
    const us = (ns: number): number => Math.trunc(ns / 1000);
    console.log(
      `snapshot ${us(snapshotNs)} us; ${count} slices: p50 ${us(times[count >>> 1])}, p99 ${us(times[Math.trunc((count * 99) / 100)])}, longest ${us(times[count - 1])} us; ${sweeps} sweeps in ${us(sweepNs)} us, longest ${us(longestSweepNs)} us`,
    );
  }
  console.log(last.number);
}
