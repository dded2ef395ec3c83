/** A heap in the simulated memory, for tests of what is written over it. */
import { store32, storeInt } from '@tessera/machine';
import { simulatedMemory } from '@tessera/machine/testing';
import { initialiseHeap } from '../../runtime/heap/index.js';
import * as state from '../../runtime/heap/state.js';
import { simulated } from '../../runtime/primitives.js';

const TABLES = 0x2000_0000_0000;

export function simulateHeap(bytes = 1 << 24): void {
  simulatedMemory().clear();
  const tables = simulated();
  tables.classes = TABLES;
  tables.classCount = 40;
  tables.roots = TABLES + 0x8000;
  tables.rootCount = 0;
  tables.strings = 0x1000_0000_0000;
  const kinds = [0, 4, 5, 1, 2, 3];
  for (let id = 0; id < 40; id++) {
    store32(TABLES + id * 40 + 4, kinds[id] ?? 0);
    storeInt(TABLES + id * 40 + 16, TABLES + 0x9000);
  }
  state.setMarking(0);
  state.setPhase(0);
  state.setOverflowed(0);
  state.setUsedPages(0);
  state.setFreeHint(0);
  state.setRescan(0, 0, 0);
  state.setAllocatedSinceCycle(0);
  initialiseHeap(0x3000_0000_0000, bytes, bytes, false);
  state.setThreshold(2 ** 40);
  state.setMinimumThreshold(2 ** 40);
}
