/** Clocks and sleeping. */
import type { i64, u64 } from '@tessera/machine';
import { dataView, EFAULT, EINTR, EINVAL, EPERM } from '@tessera/vfs';
import { type Call, ERESTARTNOHAND, int32, signedOf, userAddress } from '../call.js';
import { WAIT_INTERRUPTED } from '../contract.js';
import type { SystemCallTable } from './table.js';

const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;
const CLOCK_PROCESS_CPUTIME = 2;
const CLOCK_THREAD_CPUTIME = 3;
const CLOCK_MONOTONIC_RAW = 4;
const CLOCK_REALTIME_COARSE = 5;
const CLOCK_MONOTONIC_COARSE = 6;
const CLOCK_BOOTTIME = 7;
const TIMER_ABSTIME = 1;

const SECOND_NS: i64 = 1000000000n;
/** Sleeps beyond this are as good as for ever; the sum with any clock stays below 2^63. */
const SLEEP_SECONDS_MAX = 4000000000;

/** Reads a clock; -1 for one that does not exist. */
function clockNs(call: Call, clock: number): i64 {
  switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
      return call.system.clock.realtimeNs();
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
      return call.system.clock.monotonicNs();
    case CLOCK_PROCESS_CPUTIME:
    case CLOCK_THREAD_CPUTIME:
      return call.system.clock.cpuTimeNs();
    default:
      // Clocks of a process or thread by number (pthread_getcpuclockid).
      return clock < 0 ? call.system.clock.cpuTimeNs() : -1n;
  }
}

function storePair(call: Call, address: number, first: i64, second: i64): number {
  if (address < 0) return -EFAULT;
  if (!call.memory.store64(address, BigInt.asUintN(64, first))) return -EFAULT;
  return call.memory.store64(address + 8, BigInt.asUintN(64, second)) ? 0 : -EFAULT;
}

function storeTime(call: Call, argument: u64, ns: i64): number {
  const seconds = BigInt.asIntN(64, ns / SECOND_NS);
  return storePair(
    call,
    userAddress(argument),
    seconds,
    BigInt.asIntN(64, ns - seconds * SECOND_NS),
  );
}

function getTime(call: Call): number {
  const ns = clockNs(call, int32(call.a0));
  return ns < 0n ? -EINVAL : storeTime(call, call.a1, ns);
}

function getResolution(call: Call): number {
  const clock = int32(call.a0);
  if (clockNs(call, clock) < 0n) return -EINVAL;
  if (call.a1 === 0n) return 0;
  const coarse = clock === CLOCK_REALTIME_COARSE || clock === CLOCK_MONOTONIC_COARSE;
  return storePair(call, userAddress(call.a1), 0n, coarse ? 4000000n : 1n);
}

function getTimeOfDay(call: Call): number {
  const us = BigInt.asIntN(64, call.system.clock.realtimeNs() / 1000n);
  const seconds = BigInt.asIntN(64, us / 1000000n);
  if (call.a0 !== 0n) {
    const status = storePair(
      call,
      userAddress(call.a0),
      seconds,
      BigInt.asIntN(64, us - seconds * 1000000n),
    );
    if (status < 0) return status;
  }
  if (call.a1 !== 0n) {
    const zone = userAddress(call.a1);
    if (zone < 0 || !call.memory.store64(zone, 0n)) return -EFAULT;
  }
  return 0;
}

function getSeconds(call: Call): number {
  const seconds = BigInt.asIntN(64, call.system.clock.realtimeNs() / SECOND_NS);
  if (call.a0 !== 0n) {
    const address = userAddress(call.a0);
    if (address < 0 || !call.memory.store64(address, BigInt.asUintN(64, seconds))) return -EFAULT;
  }
  return Number(seconds);
}

/** A timespec of the program in nanoseconds: -EFAULT or -EINVAL as a number below 0. */
export function loadTimespec(call: Call, address: number): i64 {
  if (address < 0) return -14n;
  const bytes = call.take(address, 16);
  if (bytes === undefined) return -14n;
  const view = dataView(bytes);
  return timespecNs(signedOf(view.getBigUint64(0, true)), signedOf(view.getBigUint64(8, true)));
}

export function timespecNs(seconds: number, nanoseconds: number): i64 {
  if (seconds < 0 || nanoseconds < 0 || nanoseconds > 999999999) return -22n;
  const bounded = seconds > SLEEP_SECONDS_MAX ? SLEEP_SECONDS_MAX : seconds;
  return BigInt.asIntN(64, BigInt(bounded) * SECOND_NS + BigInt(nanoseconds));
}

/** The deadline on CLOCK_MONOTONIC that lies `ns` ahead. */
export function deadlineAfter(call: Call, ns: i64): i64 {
  return BigInt.asIntN(64, call.system.clock.monotonicNs() + ns);
}

function sleepUntil(call: Call, deadline: i64): number {
  const why = call.wait([], () => false, deadline);
  return why === WAIT_INTERRUPTED ? -EINTR : 0;
}

function sleepFor(call: Call, request: u64, remaining: u64): number {
  const ns = loadTimespec(call, userAddress(request));
  if (ns < 0n) return Number(ns);
  const deadline = deadlineAfter(call, ns);
  const status = sleepUntil(call, deadline);
  if (status < 0 && remaining !== 0n) {
    let left = BigInt.asIntN(64, deadline - call.system.clock.monotonicNs());
    if (left < 0n) left = 0n;
    if (storeTime(call, remaining, left) < 0) return -EFAULT;
  }
  return status;
}

function clockSleep(call: Call): number {
  const clock = int32(call.a0);
  const now = clockNs(call, clock);
  if (now < 0n || clock === CLOCK_THREAD_CPUTIME) return -EINVAL;
  if ((int32(call.a1) & TIMER_ABSTIME) === 0) return sleepFor(call, call.a2, call.a3);
  const until = loadTimespec(call, userAddress(call.a2));
  if (until < 0n) return Number(until);
  const wait = BigInt.asIntN(64, until - now);
  if (wait <= 0n) return 0;
  const status = sleepUntil(call, deadlineAfter(call, wait));
  return status < 0 ? -ERESTARTNOHAND : 0;
}

/** CPU time in ticks of 1/100 s. */
function ticks(ns: i64): i64 {
  return BigInt.asIntN(64, ns / 10000000n);
}

function times(call: Call): number {
  const used = ticks(call.system.clock.cpuTimeNs());
  if (call.a0 !== 0n) {
    const address = userAddress(call.a0);
    if (storePair(call, address, used, 0n) < 0) return -EFAULT;
    if (storePair(call, address + 16, 0n, 0n) < 0) return -EFAULT;
  }
  return Number(ticks(call.system.clock.monotonicNs()));
}

function usage(call: Call): number {
  const who = int32(call.a0);
  if (who < -1 || who > 1) return -EINVAL;
  const out = new Uint8Array(144);
  if (who !== -1) {
    const view = new DataView(out.buffer);
    const us = BigInt.asIntN(64, call.system.clock.cpuTimeNs() / 1000n);
    const seconds = BigInt.asIntN(64, us / 1000000n);
    view.setBigInt64(0, seconds, true);
    view.setBigInt64(8, BigInt.asIntN(64, us - seconds * 1000000n), true);
    const kib = Math.trunc(
      (call.system.hardware.totalBytes() - call.system.hardware.freeBytes()) / 1024,
    );
    view.setBigInt64(32, BigInt(kib), true);
  }
  return call.put(userAddress(call.a1), out, 144);
}

export function addTimeCalls(table: SystemCallTable): void {
  table.done(35, 'pp', (c: Call): number => sleepFor(c, c.a0, c.a1));
  table.done(96, 'pp', getTimeOfDay);
  table.partly(98, 'dp', 'CPU time and memory only', usage);
  table.partly(100, 'p', 'all CPU time counts as user time', times);
  table.done(201, 'p', getSeconds);
  table.done(228, 'dp', getTime);
  table.done(229, 'dp', getResolution);
  table.done(230, 'dxpp', clockSleep);
  table.done(164, 'pp', (_c: Call): number => -EPERM);
  table.done(227, 'dp', (_c: Call): number => -EPERM);
}
