/**
 * dRAID: fixed-width redundancy groups laid over all devices through permutations, with spare space spread among them.
 *
 * The address space is cut into groups of (data + parity) * 16 MiB. `ngroups` groups share one permutation of the
 * devices and fill whole rows of 16 MiB over all devices but the spares; then the next permutation follows. Blocks are
 * padded to whole stripes, so a stripe never moves inside its group.
 *
 * Permutations are Fisher-Yates shuffles, each of the row before, driven by xoroshiro128++ from a fixed seed per
 * number of children; every base row serves once with each rotation of the device numbers.
 */
import { corrupt, unsupported } from '../errors.js';
import type { NvList } from '../nvlist/nvlist.js';
import {
  DRAID_MAX_CHILDREN,
  DRAID_MIN_CHILDREN,
  draidPermutationCount,
  draidSeed,
} from './draid-maps.js';
import { StripeColumn, StripeRow, StripeVdev } from './stripe.js';
import { type Acceptor, Vdev } from './vdev.js';

const ROW_HEIGHT_BYTES = 16777216;
const COMMON_SEED = 0xd7a1d5eedn;

function rotateLeft(value: bigint, count: bigint): bigint {
  return BigInt.asUintN(64, value << count) | (value >> (64n - count));
}

/** The base rows for a number of children, one after another. */
export function draidPermutations(children: number): Uint8Array {
  const count = draidPermutationCount(children);
  const out = new Uint8Array(count * children);
  let s0 = COMMON_SEED;
  let s1 = draidSeed(children);
  const row = new Uint8Array(children);
  for (let i = 0; i < children; i++) row[i] = i;
  for (let i = 0; i < count; i++) {
    for (let j = children - 1; j > 0; j--) {
      const result = BigInt.asUintN(64, rotateLeft(BigInt.asUintN(64, s0 + s1), 17n) + s0);
      const mixed = s1 ^ s0;
      s0 = rotateLeft(s0, 49n) ^ mixed ^ BigInt.asUintN(64, mixed << 21n);
      s1 = rotateLeft(mixed, 28n);
      const k = Number(result % BigInt(j + 1));
      const swap = row[j];
      row[j] = row[k];
      row[k] = swap;
    }
    out.set(row, i * children);
  }
  return out;
}

export class DraidVdev extends StripeVdev {
  readonly #data: number;
  readonly #spares: number;
  readonly #groups: number;
  readonly #width: number;
  readonly #permutations: Uint8Array;
  readonly #permutationCount: number;

  constructor(config: NvList, width: number) {
    super('draid', config, Math.min(config.int('nparity', 1), 3));
    this.#width = width;
    this.#data = config.int('draid_ndata', 0);
    this.#spares = config.int('draid_nspares', 0);
    this.#groups = config.int('draid_ngroups', 0);
    const fixed = config.int('draid_nchildren', width);
    if (fixed !== width) throw unsupported('dRAID with failure domains');
    const disks = width - this.#spares;
    const group = this.#data + this.parity;
    if (
      width < DRAID_MIN_CHILDREN ||
      width > DRAID_MAX_CHILDREN ||
      this.#data < 1 ||
      this.#groups < 1 ||
      this.#groups > DRAID_MAX_CHILDREN ||
      group > disks ||
      (group * this.#groups) % disks !== 0
    ) {
      throw corrupt('dRAID configuration out of range');
    }
    this.#permutations = draidPermutations(width);
    this.#permutationCount = draidPermutationCount(width);
  }

  /** The device in place `index` of a permutation. */
  #device(permutation: number, index: number): number {
    const turn = permutation % (this.#permutationCount * this.#width);
    const base = Math.trunc(turn / this.#width) * this.#width;
    return (this.#permutations[base + index] + (turn % this.#width)) % this.#width;
  }

  /** The device that holds the space of a distributed spare at an offset of any device. */
  spareDevice(spare: number, offsetBytes: number): number {
    const group = this.#data + this.parity;
    const slice =
      Math.trunc((group * this.#groups) / (this.#width - this.#spares)) * ROW_HEIGHT_BYTES;
    return this.#device(Math.trunc(offsetBytes / slice), this.#width - 1 - spare);
  }

  protected override map(offsetBytes: number, sizeBytes: number, _birth: number): StripeRow[] {
    const sector = Math.pow(2, this.ashift);
    const group = this.#data + this.parity;
    const groupBytes = group * ROW_HEIGHT_BYTES;
    const rows: StripeRow[] = [];
    let offset = offsetBytes;
    let at = 0;
    while (at < sizeBytes) {
      const stripes = Math.trunc((sizeBytes - at - 1) / (this.#data * sector)) + 1;
      const end = (Math.trunc(offset / groupBytes) + 1) * groupBytes;
      let size = sizeBytes - at;
      if (offset + stripes * group * sector > end) {
        size = Math.trunc((end - offset) / group) * this.#data;
      }
      if (size <= 0) return [];
      rows.push(this.#row(offset, size, at));
      offset += (Math.trunc((size - 1) / (this.#data * sector)) + 1) * group * sector;
      at += size;
    }
    return rows;
  }

  #row(offsetBytes: number, sizeBytes: number, blockOffset: number): StripeRow {
    const sector = Math.pow(2, this.ashift);
    const width = this.#data + this.parity;
    const disks = this.#width - this.#spares;
    const heightSectors = Math.trunc(ROW_HEIGHT_BYTES / sector);
    const group = Math.trunc(offsetBytes / (width * ROW_HEIGHT_BYTES));
    const permutation = Math.trunc(group / this.#groups);
    const inGroup = Math.trunc(offsetBytes / sector) % (heightSectors * width);
    const start = ((group % this.#groups) * width) % disks;
    const rowsPerPermutation = Math.trunc((width * this.#groups) / disks);
    const row =
      permutation * rowsPerPermutation + Math.trunc(((group % this.#groups) * width) / disks);
    const physical = (heightSectors * row + Math.trunc(inGroup / width)) * sector;
    const sectors = Math.trunc(sizeBytes / sector);
    const quotient = Math.trunc(sectors / this.#data);
    const remainder = sectors % this.#data;
    const big = remainder === 0 ? 0 : remainder + this.parity;
    const out = new StripeRow(this.parity);
    let at = blockOffset;
    for (let i = 0; i < width; i++) {
      const place = start + i;
      const size = (i < big ? quotient + 1 : quotient) * sector;
      const wrapped = place >= disks ? ROW_HEIGHT_BYTES : 0;
      out.columns.push(
        new StripeColumn(
          this.#device(permutation, place % disks),
          physical + wrapped,
          size,
          i < this.parity ? -1 : at,
        ),
      );
      if (i >= this.parity) at += size;
    }
    return out;
  }
}

/** A distributed spare in use: its bytes live in the spare space of the dRAID's other devices. */
export class DraidSpareVdev extends Vdev {
  readonly #spare: number;
  #parent: DraidVdev | null = null;

  constructor(config: NvList) {
    super('dspare', config);
    this.#spare = config.int('spare_id', 0);
  }

  attach(parent: DraidVdev): void {
    this.#parent = parent;
  }

  override get readable(): boolean {
    return this.#parent !== null;
  }

  /** @depth 4 */
  override read(
    offsetBytes: number,
    sizeBytes: number,
    birth: number,
    accept: Acceptor,
  ): Uint8Array | null {
    const parent = this.#parent;
    if (parent === null) return null;
    const child = parent.children[parent.spareDevice(this.#spare, offsetBytes)];
    // A spare that lands on a device which is itself spared goes one step further, never round in a circle.
    if (child === undefined || child.children.indexOf(this) >= 0) return null;
    return child.read(offsetBytes, sizeBytes, birth, accept);
  }
}
