/** Writing labels and uberblocks. */
import type { BlockDevice } from '../contract.js';
import { ZfsError } from '../errors.js';
import type { NvList } from '../nvlist/nvlist.js';
import { packNvList } from '../nvlist/packed.js';
import { verifierOf, writeTrailer } from '../pool/checksums.js';
import {
  LABEL_COUNT,
  labelOffset,
  NVLIST_BYTES,
  NVLIST_OFFSET,
  RING_BYTES,
  RING_OFFSET,
} from '../pool/label.js';
import { LABEL_BYTES } from '../vdev/vdev.js';
import { setInt } from './tree.js';

function deviceWrite(device: BlockDevice, offsetBytes: number, bytes: Uint8Array): void {
  const ticket = device.submit([{ kind: 'write', offsetBytes, bytes }]);
  if (device.wait(ticket) !== 'ok') throw new ZfsError('device', 'a label could not be written');
}

export function flushDevice(device: BlockDevice): void {
  if (device.wait(device.submit([{ kind: 'flush' }])) !== 'ok') {
    throw new ZfsError('device', 'a device could not be flushed');
  }
}

/** All four labels of a fresh device, with empty rings. */
export function writeLabels(device: BlockDevice, config: NvList): void {
  const packed = packNvList(config);
  if (packed.length > NVLIST_BYTES - 40)
    throw new ZfsError('invalid', 'the configuration is too long');
  for (let i = 0; i < LABEL_COUNT; i++) {
    const offset = labelOffset(device.sizeBytes, i);
    if (offset < 0) throw new ZfsError('device', 'a device is too small');
    const label = new Uint8Array(LABEL_BYTES);
    const bootenv = label.subarray(8192, NVLIST_OFFSET);
    writeTrailer(bootenv, verifierOf(offset + 8192, 0, 0, 0));
    const part = label.subarray(NVLIST_OFFSET, NVLIST_OFFSET + NVLIST_BYTES);
    part.set(packed);
    writeTrailer(part, verifierOf(offset + NVLIST_OFFSET, 0, 0, 0));
    deviceWrite(device, offset, label);
  }
}

export interface UberblockFields {
  readonly txg: number;
  readonly guidSum: bigint;
  readonly timestamp: number;
  readonly rootPointer: Uint8Array;
}

/** Puts the uberblock of a group into the rings of labels `first` and `first + 2`. */
export function writeUberblock(
  device: BlockDevice,
  ringShift: number,
  fields: UberblockFields,
  first: number,
): void {
  const size = Math.pow(2, ringShift);
  const slot = fields.txg % Math.trunc(RING_BYTES / size);
  for (let i = first; i < LABEL_COUNT; i += 2) {
    const block = new Uint8Array(size);
    const data = new DataView(block.buffer);
    data.setBigUint64(0, 0x00bab10cn, true);
    setInt(data, 8, 5000);
    setInt(data, 16, fields.txg);
    data.setBigUint64(24, fields.guidSum, true);
    setInt(data, 32, fields.timestamp);
    block.set(fields.rootPointer, 40);
    setInt(data, 168, 5000);
    data.setBigUint64(176, 0xa11cea11n, true);
    const offset = labelOffset(device.sizeBytes, i) + RING_OFFSET + slot * size;
    writeTrailer(block, verifierOf(offset, 0, 0, 0));
    deviceWrite(device, offset, block);
  }
}
