/**
 * The collection cycle: idle, marking, sweeping, idle. @unchecked
 *
 * Snapshot at the beginning: when a cycle starts, every thread stands at a safepoint; globals, running stacks and
 * registers are scanned and the deletion barrier is switched on before any goes on. From then on an object is kept if it
 * was reachable in the snapshot or was made since: whoever overwrites a reference first shades the old value
 * (`writeBarrier`), new objects are black, so no final scan of stacks is needed and marking ends after at most one step
 * per object of the snapshot.
 *
 * Slices are bounded in objects and run as a tax on allocation, or from an idle thread through `collectSlice`.
 */
import { load8, loadInt, storeInt } from '@tessera/machine';
import { resumeWorld, spillRegisters, stackTop, stopWorld } from '../platform.js';
import { rootCount, rootTable } from '../primitives.js';
import { CONTROL_REGISTERS, SLOT_BUMP, SLOT_CELL, SLOT_END, SLOT_PAGE } from './layout.js';
import { markSlice, scanConservatively, shade } from './mark.js';
import { slotOf } from './pages.js';
import type { RootScanner } from './roots.js';
import { rootScanner } from './roots.js';
import {
  allocatedSinceCycle,
  classTotal,
  cycles,
  epoch,
  gcMarking,
  heapBase,
  incremental,
  liveBytes,
  minimumThresholdBytes,
  PHASE_IDLE,
  PHASE_MARKING,
  PHASE_SWEEPING,
  phase,
  setAllocatedSinceCycle,
  setCycles,
  setEpoch,
  setLiveBytes,
  setMarking,
  setPhase,
  setSweepPageIndex,
  setThreshold,
  thresholdBytes,
} from './state.js';
import { sweepSlice } from './sweep.js';

/** The longest slice, in objects. */
export const SLICE_OBJECTS = 1024;

/**
 * The deletion barrier: called with the old word of a reference slot before it is overwritten, while `gcMarking` is set.
 * Words that are no heap reference are ignored.
 */
export function writeBarrier(oldWord: number): void {
  if (gcMarking !== 0) shade(oldWord);
}

/** Shades what a slot holds now: the barrier for code that overwrites slots without reading them. */
export function barrierSlot(slot: number): void {
  if (gcMarking !== 0 && (load8(slot) & 7) === 0) shade(loadInt(slot));
}

/** The same for adjacent slots. */
export function barrierSlots(first: number, count: number): void {
  if (gcMarking === 0) return;
  for (let i = 0; i < count; i++) barrierSlot(first + i * 8);
}

/** Takes the snapshot. Preconditions: idle, all other threads at safepoints. */
export function startCycle(): void {
  setPhase(PHASE_MARKING);
  setMarking(1);
  setAllocatedSinceCycle(0);
  const roots = rootTable();
  const count = rootCount();
  for (let i = 0; i < count; i++) {
    const slot = loadInt(roots + i * 8);
    if ((load8(slot) & 7) === 0) shade(loadInt(slot));
  }
  const registers = heapBase + CONTROL_REGISTERS;
  const low = spillRegisters(registers);
  if (low !== 0) {
    scanConservatively(registers, registers + 56);
    scanConservatively(low, stackTop());
  }
  const scanner: RootScanner | null = rootScanner();
  if (scanner !== null) scanner.scanRoots();
}

function finishMarking(): void {
  setMarking(0);
  setEpoch(epoch + 1);
  setPhase(PHASE_SWEEPING);
  setSweepPageIndex(0);
  setLiveBytes(0);
  for (let i = 0; i < classTotal; i++) {
    // What is left of a run is zero, so it is found again as a run when its page is swept.
    const slot = slotOf(i);
    storeInt(slot + SLOT_BUMP, 0);
    storeInt(slot + SLOT_END, 0);
    storeInt(slot + SLOT_CELL, 0);
    storeInt(slot + SLOT_PAGE, 0);
  }
}

function finishSweeping(): void {
  setPhase(PHASE_IDLE);
  setCycles(cycles + 1);
  setThreshold(Math.max(minimumThresholdBytes, liveBytes));
}

/** At most `budget` objects of collector work; true when no cycle is under way. */
export function collectSlice(budget: number): boolean {
  if (phase === PHASE_MARKING) {
    if (markSlice(budget)) finishMarking();
  } else if (phase === PHASE_SWEEPING) {
    if (sweepSlice(budget)) finishSweeping();
  }
  return phase === PHASE_IDLE;
}

/** Called for each run or large object: starts a cycle when it is time, pays for the one under way. */
export function payTax(): void {
  if (phase !== PHASE_IDLE) {
    collectSlice(SLICE_OBJECTS);
  } else if (allocatedSinceCycle >= thresholdBytes) {
    begin();
  }
}

/** Takes the snapshot; without slices, marks everything before anyone goes on. */
function begin(): void {
  const interruptsWereOn = stopWorld();
  startCycle();
  while (incremental === 0 && gcMarking !== 0) collectSlice(SLICE_OBJECTS);
  resumeWorld(interruptsWereOn);
}

/** Ends the cycle under way, if any, or else does a whole one. */
export function collect(): void {
  if (phase === PHASE_IDLE) begin();
  while (!collectSlice(SLICE_OBJECTS)) {}
}

/** After this, everything that was unreachable at the call is free. */
export function collectCompletely(): void {
  while (!collectSlice(SLICE_OBJECTS)) {}
  collect();
}
