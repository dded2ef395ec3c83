/**
 * Writing space maps: each map is written anew from what is allocated, in one-word entries.
 *
 * A map covers its own blocks. So its object gets blocks for more entries than can be needed before space is set aside,
 * and the entries are filled in when all allocations and frees of the group are known.
 */
import { ZfsError } from '../errors.js';
import { OT_SPACE_MAP, OT_SPACE_MAP_HEADER } from '../pool/object-types.js';
import type { Allocator, WritableVdev } from './allocator.js';
import type { MutableObjectSet } from './mutable-object-set.js';
import { type MutableObject, setInt } from './tree.js';

const BLOCK_BYTES = 4096;
const ENTRY_RUN = 32768;
const HEADER_BYTES = 320;
const HISTOGRAM_AT = 64;
const BUCKETS = 32;
const ROOM_BYTES = 4194304;
/** Entries beyond today's that the group itself may still add to a map. */
const SLACK_ENTRIES = 1536;

class OpenMap {
  readonly vdev: WritableVdev;
  readonly metaslab: number;
  readonly object: MutableObject;
  readonly blocks: Uint8Array[];
  constructor(vdev: WritableVdev, metaslab: number, object: MutableObject, blocks: Uint8Array[]) {
    this.vdev = vdev;
    this.metaslab = metaslab;
    this.object = object;
    this.blocks = blocks;
  }
}

function countEntries(vdev: WritableVdev, metaslab: number): number {
  let entries = 0;
  forEachRun(vdev, metaslab, (_start, run) => {
    entries += Math.trunc((run + ENTRY_RUN - 1) / ENTRY_RUN);
  });
  return entries;
}

function forEachRun(
  vdev: WritableVdev,
  metaslab: number,
  visit: (start: number, run: number) => void,
): void {
  const size = vdev.metaslabSectors;
  const base = metaslab * size;
  let start = -1;
  for (let i = 0; i <= size; i++) {
    const is = i < size && vdev.used.get(base + i);
    if (is && start < 0) start = i;
    if (!is && start >= 0) {
      visit(start, i - start);
      start = -1;
    }
  }
}

export class SpaceMapWriter {
  readonly #open: OpenMap[] = [];

  /** Before planning: every metaslab in use, and the one that planning will allocate from, gets a map with room. */
  prepare(allocator: Allocator, mos: MutableObjectSet, slackScale: number): void {
    for (const vdev of allocator.vdevs) {
      let roomy = false;
      for (let i = 0; i < vdev.metaslabs; i++) {
        const size = vdev.metaslabSectors;
        const isUsed = vdev.used.findClear(i * size, (i + 1) * size, size) < 0;
        const isMapped = isUsed || vdev.mapObjects[i] !== 0;
        // Room for the group's own metadata, in one run and with a map.
        const run = Math.trunc(ROOM_BYTES / Math.pow(2, vdev.ashift));
        const hasRoom = vdev.blocked.findClear(i * size, (i + 1) * size, run) >= 0;
        if (!isMapped && (roomy || !hasRoom)) continue;
        if (hasRoom) roomy = true;
        let object: MutableObject;
        if (vdev.mapObjects[i] === 0) {
          object = mos.create(OT_SPACE_MAP, OT_SPACE_MAP_HEADER, HEADER_BYTES);
          object.indirectShift = 14;
          vdev.mapObjects[i] = object.object;
          const array = mos.object(vdev.top.config.int('metaslab_array', 0));
          const block = array.readBlock(0);
          setInt(new DataView(block.buffer), i * 8, object.object);
          array.setBlock(0, block);
        } else {
          object = mos.object(vdev.mapObjects[i]);
        }
        const entries = countEntries(vdev, i) + SLACK_ENTRIES * slackScale;
        const count = Math.trunc((entries * 8 + BLOCK_BYTES - 1) / BLOCK_BYTES);
        const blocks: Uint8Array[] = [];
        for (let b = 0; b < count; b++) blocks.push(new Uint8Array(BLOCK_BYTES));
        object.replace(BLOCK_BYTES, blocks);
        this.#open.push(new OpenMap(vdev, i, object, blocks));
      }
    }
  }

  /** How many space maps the pool has. */
  get count(): number {
    return this.#open.length;
  }

  /** Free runs by the power of two of their length. */
  #histogram(map: OpenMap, bonus: DataView): void {
    for (let i = 0; i < BUCKETS; i++) setInt(bonus, HISTOGRAM_AT + i * 8, 0);
    const count = (run: number): void => {
      const bucket = Math.min(BUCKETS - 1, 31 - Math.clz32(run));
      const at = HISTOGRAM_AT + bucket * 8;
      setInt(bonus, at, bonus.getUint32(at, true) + 1);
    };
    let end = 0;
    forEachRun(map.vdev, map.metaslab, (start, run) => {
      if (start > end) count(start - end);
      end = start + run;
    });
    if (end < map.vdev.metaslabSectors) count(map.vdev.metaslabSectors - end);
  }

  /** After planning: writes the entries into the blocks that were set aside. */
  fill(): void {
    for (const map of this.#open) {
      let index = 0;
      let allocated = 0;
      const perBlock = BLOCK_BYTES / 8;
      forEachRun(map.vdev, map.metaslab, (start, run) => {
        allocated += run;
        for (let at = 0; at < run; at += ENTRY_RUN) {
          const count = Math.min(ENTRY_RUN, run - at);
          const block = map.blocks[Math.trunc(index / perBlock)];
          if (block === undefined) throw new ZfsError('no-space', 'a space map has no room left');
          const offset = start + at;
          const data = new DataView(block.buffer);
          const place = (index % perBlock) * 8;
          data.setUint32(place, ((offset % 65536) * 65536 + (count - 1)) >>> 0, true);
          data.setUint32(place + 4, Math.trunc(offset / 65536), true);
          index++;
        }
      });
      const bonus = map.object.bonusData;
      setInt(bonus, 0, map.object.object);
      setInt(bonus, 8, index * 8);
      setInt(bonus, 16, allocated * Math.pow(2, map.vdev.ashift));
      this.#histogram(map, bonus);
    }
    // A metaslab that planning reached without a map would be lost.
    for (const map of this.#open) checkCovered(map.vdev);
  }
}

function checkCovered(vdev: WritableVdev): void {
  for (let i = 0; i < vdev.metaslabs; i++) {
    if (vdev.mapObjects[i] !== 0) continue;
    const size = vdev.metaslabSectors;
    if (vdev.used.findClear(i * size, (i + 1) * size, size) < 0) {
      throw new ZfsError('no-space', 'an allocation reached a metaslab without a space map');
    }
  }
}
