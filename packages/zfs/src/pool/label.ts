/**
 * Labels: four copies of 256 KiB on each device, two at the start and two at the end of its size rounded down to 256 KiB.
 *
 *   0 blank 8 KiB   8 KiB boot environment 8 KiB   16 KiB name-value list 112 KiB   128 KiB ring of uberblocks
 *
 * Every part ends in a trailer whose SHA-256 covers the part's offset on the device too. The newest uberblock of all
 * devices, by transaction group and time, is the root of the pool.
 */
import type { BlockDevice } from '../contract.js';
import type { NvList } from '../nvlist/nvlist.js';
import { unpackNvList } from '../nvlist/packed.js';
import { LABEL_BYTES, readDevice } from '../vdev/vdev.js';
import { View } from '../view.js';
import { BlockPointer } from './block-pointer.js';
import { checkTrailer, verifierOf } from './checksums.js';

export const NVLIST_OFFSET = 16384;
export const NVLIST_BYTES = 114688;
export const RING_OFFSET = 131072;
export const RING_BYTES = 131072;
const UBERBLOCK_MAGIC = 0x00bab10cn;
export const LABEL_COUNT = 4;

/** Device offset of a label, or -1 when the device is too small to hold four. */
export function labelOffset(deviceBytes: number, index: number): number {
  const whole = Math.trunc(deviceBytes / LABEL_BYTES) * LABEL_BYTES;
  if (whole < 8 * LABEL_BYTES) return -1;
  return index < 2 ? index * LABEL_BYTES : whole - (LABEL_COUNT - index) * LABEL_BYTES;
}

export class Uberblock {
  readonly view: View;
  readonly version: number;
  readonly txg: number;
  readonly guidSum: bigint;
  readonly timestamp: number;
  readonly rootPointer: BlockPointer;
  readonly checkpointTxg: number;
  readonly mmpSequence: number;

  constructor(view: View) {
    this.view = view;
    this.version = view.clamped(8);
    this.txg = view.clamped(16);
    this.guidSum = view.u64(24);
    this.timestamp = view.clamped(32);
    this.rootPointer = BlockPointer.at(view, 40);
    const mmp = view.u64(176) === 0xa11cea11n;
    const config = mmp ? view.low(192) : 0;
    this.mmpSequence = (config & 2) !== 0 ? view.high(192) & 0xffff : 0;
    this.checkpointTxg = view.clamped(200);
  }

  /** Offset up to which a RAID-Z expansion has moved sectors. */
  get reflowOffsetBytes(): number {
    const low = this.view.low(208);
    const high = this.view.high(208) & 0x7fffff;
    const units = high * 4294967296 + low;
    return Math.min(units * 512, Number.MAX_SAFE_INTEGER);
  }

  get reflowState(): number {
    return this.view.high(208) >>> 23;
  }

  newerThan(other: Uberblock): boolean {
    if (this.txg !== other.txg) return this.txg > other.txg;
    if (this.timestamp !== other.timestamp) return this.timestamp > other.timestamp;
    return this.mmpSequence > other.mmpSequence;
  }
}

export function parseUberblock(slot: Uint8Array, deviceOffset: number): Uberblock | null {
  const order = checkTrailer(slot, verifierOf(deviceOffset, 0, 0, 0));
  if (order === null) return null;
  const view = new View(slot, order === 'little');
  if (view.u64(0) !== UBERBLOCK_MAGIC) return null;
  return new Uberblock(view);
}

export class DeviceLabel {
  readonly device: BlockDevice;
  readonly config: NvList;
  readonly uberblocks: Uberblock[];
  /** How many of the four copies are good. */
  readonly copies: number;

  constructor(device: BlockDevice, config: NvList, uberblocks: Uberblock[], copies: number) {
    this.device = device;
    this.config = config;
    this.uberblocks = uberblocks;
    this.copies = copies;
  }
}

/** Reads a device's labels; null when it has none. */
export function readDeviceLabel(device: BlockDevice): DeviceLabel | null {
  let best: NvList | null = null;
  let copies = 0;
  const rings: View[] = [];
  const offsets: number[] = [];
  for (let i = 0; i < LABEL_COUNT; i++) {
    const offset = labelOffset(device.sizeBytes, i);
    if (offset < 0) return null;
    const label = new Uint8Array(LABEL_BYTES);
    if (!readDevice(device, offset, label)) continue;
    const part = label.subarray(NVLIST_OFFSET, NVLIST_OFFSET + NVLIST_BYTES);
    const sealed = checkTrailer(part, verifierOf(offset + NVLIST_OFFSET, 0, 0, 0));
    if (sealed !== null) {
      const list = unpackNvList(part);
      if (list !== null) {
        copies++;
        if (best === null || list.int('txg', 0) > best.int('txg', 0)) best = list;
      }
    }
    rings.push(new View(label.subarray(RING_OFFSET), true));
    offsets.push(offset + RING_OFFSET);
  }
  if (best === null) return null;
  const shift = ringShift(best);
  const slot = Math.pow(2, shift);
  const uberblocks: Uberblock[] = [];
  for (let i = 0; i < rings.length; i++) {
    for (let at = 0; at < RING_BYTES; at += slot) {
      const uberblock = parseUberblock(rings[i].slice(at, slot), offsets[i] + at);
      if (uberblock !== null) uberblocks.push(uberblock);
    }
  }
  return new DeviceLabel(device, best, uberblocks, copies);
}

/** log2 of the size of a slot in the ring. */
export function ringShift(config: NvList): number {
  const tree = config.list('vdev_tree');
  const ashift = tree === undefined ? 9 : tree.int('ashift', 9);
  return Math.min(Math.max(ashift, 10), 13);
}
