/**
 * Space maps: logs of allocations and frees that, replayed, give what is in use.
 *
 * One-word entries:  0 offset:47 free:1 run-1:15
 * Debug and padding: 10 ...
 * Two-word entries:  11 spare:2 run-1:36 vdev:24 | free:1 offset:63
 *
 * Units are 2^shift bytes; offsets of a metaslab's own map count from the metaslab's start. The object's bonus holds its
 * own number, the bytes of log in use, and the space that they say is allocated.
 */
import type { Dnode } from '../dmu/dnode.js';
import { corrupt } from '../errors.js';

const MAX_MAP_BYTES = 1073741824;
export const NO_VDEV = 0xffffff;

export interface SpaceMapVisitor {
  /** A run of units from `offset`; `vdev` is NO_VDEV in maps that belong to one. */
  entry(free: boolean, vdev: number, offset: number, run: number): void;
}

/** Bytes that the map says are allocated. */
export function spaceMapAllocated(dnode: Dnode): number {
  return dnode.bonus.clamped(16);
}

export function walkSpaceMap(dnode: Dnode, visitor: SpaceMapVisitor): void {
  const length = dnode.bonus.int(8);
  if (length > MAX_MAP_BYTES) throw corrupt(`space map ${dnode.object} is too long`);
  const view = dnode.readAll(length);
  if (view.length < length) throw corrupt(`space map ${dnode.object} is longer than its object`);
  for (let at = 0; at + 8 <= length; at += 8) {
    const high = view.high(at);
    const low = view.low(at);
    const prefix = high >>> 30;
    if (prefix < 2) {
      const offset = (high & 0x7fffffff) * 65536 + (low >>> 16);
      visitor.entry((low & 0x8000) !== 0, NO_VDEV, offset, (low & 0x7fff) + 1);
    } else if (prefix === 3) {
      if (at + 16 > length) throw corrupt(`space map ${dnode.object} ends inside an entry`);
      const run = (high & 0xfffffff) * 256 + (low >>> 24) + 1;
      const vdev = low & 0xffffff;
      at += 8;
      const offsetHigh = view.high(at);
      const offset = (offsetHigh & 0x7fffffff) * 4294967296 + view.low(at);
      visitor.entry(offsetHigh >>> 31 === 1, vdev, offset, run);
    }
  }
}
