/**
 * Virtual devices: where a (vdev, offset) of a block pointer becomes bytes.
 *
 * A vdev answers one question: the bytes of a block that pass `accept`. Redundant kinds try their copies, or rebuild
 * columns from parity, until one does; so healing a read needs no separate path, and a leaf counts the reads that
 * failed or lied.
 */
import type { BlockDevice } from '../contract.js';
import type { NvList } from '../nvlist/nvlist.js';

/** Bytes before the first allocatable one: two labels and the boot area. */
export const LABEL_START_BYTES = 4194304;
export const LABEL_BYTES = 262144;

/** Tells whether bytes are the right ones; columns of a stripe are read with one that says yes. */
export interface Acceptor {
  accept(bytes: Uint8Array): boolean;
}

class AcceptAll implements Acceptor {
  accept(_bytes: Uint8Array): boolean {
    return true;
  }
}

export const ACCEPT_ALL: Acceptor = new AcceptAll();

export abstract class Vdev {
  readonly guid: bigint;
  readonly kind: string;
  /** Position among the parent's children. */
  readonly id: number;
  readonly config: NvList;
  readonly children: Vdev[] = [];

  constructor(kind: string, config: NvList) {
    this.kind = kind;
    this.config = config;
    this.guid = config.u64('guid') ?? 0n;
    this.id = config.int('id', 0);
  }

  /** Right bytes, or null when no copy has them. `birth` is the block's physical birth. */
  abstract read(
    offsetBytes: number,
    sizeBytes: number,
    birth: number,
    accept: Acceptor,
  ): Uint8Array | null;

  /** Some device below can be read. */
  abstract get readable(): boolean;

  /** Writes a block to every device below that takes it; false when too few did. */
  write(_offsetBytes: number, _bytes: Uint8Array): boolean {
    return false;
  }
}

export class LeafVdev extends Vdev {
  readonly device: BlockDevice | null;
  readErrors = 0;
  checksumErrors = 0;
  writeErrors = 0;

  constructor(kind: string, config: NvList, device: BlockDevice | null) {
    super(kind, config);
    this.device = device;
  }

  override get readable(): boolean {
    return this.device !== null;
  }

  override read(
    offsetBytes: number,
    sizeBytes: number,
    _birth: number,
    accept: Acceptor,
  ): Uint8Array | null {
    const device = this.device;
    if (device === null) return null;
    const start = offsetBytes + LABEL_START_BYTES;
    if (offsetBytes < 0 || start + sizeBytes > device.sizeBytes) {
      this.readErrors++;
      return null;
    }
    const bytes = new Uint8Array(sizeBytes);
    if (!readDevice(device, start, bytes)) {
      this.readErrors++;
      return null;
    }
    if (!accept.accept(bytes)) {
      this.checksumErrors++;
      return null;
    }
    return bytes;
  }

  override write(offsetBytes: number, bytes: Uint8Array): boolean {
    const device = this.device;
    if (device === null || device.readOnly) return false;
    const start = offsetBytes + LABEL_START_BYTES;
    if (start + bytes.length > device.sizeBytes) return false;
    const ticket = device.submit([{ kind: 'write', offsetBytes: start, bytes }]);
    if (device.wait(ticket) === 'ok') return true;
    this.writeErrors++;
    return false;
  }
}

export function readDevice(device: BlockDevice, offsetBytes: number, bytes: Uint8Array): boolean {
  const ticket = device.submit([{ kind: 'read', offsetBytes, bytes }]);
  return device.wait(ticket) === 'ok';
}

/** Mirrors, and the pairs that stand for a device being replaced or spared. */
export class MirrorVdev extends Vdev {
  override get readable(): boolean {
    for (const child of this.children) if (child.readable) return true;
    return false;
  }

  override read(
    offsetBytes: number,
    sizeBytes: number,
    birth: number,
    accept: Acceptor,
  ): Uint8Array | null {
    for (const child of this.children) {
      if (!child.readable) continue;
      const bytes = child.read(offsetBytes, sizeBytes, birth, accept);
      if (bytes !== null) return bytes;
    }
    return null;
  }

  override write(offsetBytes: number, bytes: Uint8Array): boolean {
    let written = 0;
    for (const child of this.children) if (child.write(offsetBytes, bytes)) written++;
    return written > 0;
  }
}

/** A hole in the list of top-level vdevs, or one whose devices are all unknown. */
export class MissingVdev extends Vdev {
  override get readable(): boolean {
    return false;
  }
  override read(): Uint8Array | null {
    return null;
  }
}
