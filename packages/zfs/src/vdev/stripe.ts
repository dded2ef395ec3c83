/**
 * Stripes with parity: rows of columns, read whole when all is well and solved when it is not.
 *
 * A block is one or more rows. A row has 1 to 3 parity columns, then data columns, some of which may be empty (they
 * count as zeros). Parity p of a row is the sum of its data columns times (2^p)^(columns after it). RAID-Z, expanded
 * RAID-Z and dRAID differ only in how a block becomes rows.
 *
 * Devices that lie are found by trying: every set of at most `parity` devices that includes the unreadable ones is
 * taken for bad in turn, and the result checked against the block's checksum. The number of tries is bounded.
 */

import type { NvList } from '../nvlist/nvlist.js';
import { addScaled, coefficient, invert } from './galois.js';
import { ACCEPT_ALL, type Acceptor, Vdev } from './vdev.js';

const MAX_TRIES = 4096;

export class StripeColumn {
  child: number;
  offsetBytes: number;
  readonly sizeBytes: number;
  /** Where the column's bytes go in the block; -1 for parity. */
  readonly blockOffset: number;
  bytes: Uint8Array | null = null;
  /** The bytes as solved by the current try. */
  solved: Uint8Array | null = null;

  constructor(child: number, offsetBytes: number, sizeBytes: number, blockOffset: number) {
    this.child = child;
    this.offsetBytes = offsetBytes;
    this.sizeBytes = sizeBytes;
    this.blockOffset = blockOffset;
  }
}

export class StripeRow {
  readonly parity: number;
  readonly columns: StripeColumn[] = [];
  constructor(parity: number) {
    this.parity = parity;
  }
}

export abstract class StripeVdev extends Vdev {
  readonly parity: number;
  readonly ashift: number;

  constructor(kind: string, config: NvList, parity: number) {
    super(kind, config);
    this.parity = parity;
    this.ashift = config.int('ashift', 9);
  }

  protected abstract map(offsetBytes: number, sizeBytes: number, birth: number): StripeRow[];

  override get readable(): boolean {
    let missing = 0;
    for (const child of this.children) if (!child.readable) missing++;
    return missing <= this.parity;
  }

  override read(
    offsetBytes: number,
    sizeBytes: number,
    birth: number,
    accept: Acceptor,
  ): Uint8Array | null {
    const sector = Math.pow(2, this.ashift);
    const wholeBytes = Math.trunc((sizeBytes + sector - 1) / sector) * sector;
    const rows = this.map(offsetBytes, wholeBytes, birth);
    if (rows.length === 0) return null;
    const bad = new Uint8Array(this.children.length);
    for (const row of rows) {
      for (let c = row.parity; c < row.columns.length; c++) this.#load(row.columns[c], bad);
    }
    let known = 0;
    for (let i = 0; i < bad.length; i++) known += bad[i];
    if (known === 0) {
      const whole = assemble(rows, wholeBytes).subarray(0, sizeBytes);
      if (accept.accept(whole)) return whole;
    }
    if (this.parity === 0) return null;
    for (const row of rows) {
      for (let c = 0; c < row.parity; c++) this.#load(row.columns[c], bad);
    }
    known = 0;
    for (let i = 0; i < bad.length; i++) known += bad[i];
    if (known > this.parity) return null;
    const tries = { left: MAX_TRIES };
    for (let extra = 0; extra + known <= this.parity; extra++) {
      const bytes = this.#trySets(rows, wholeBytes, sizeBytes, bad, extra, 0, accept, tries);
      if (bytes !== null) return bytes;
    }
    return null;
  }

  /** Whole stripes: data columns from the bytes, parity from those. */
  override write(offsetBytes: number, bytes: Uint8Array): boolean {
    const sector = Math.pow(2, this.ashift);
    const wholeBytes = Math.trunc((bytes.length + sector - 1) / sector) * sector;
    const whole = new Uint8Array(wholeBytes);
    whole.set(bytes);
    let failed = 0;
    for (const row of this.map(offsetBytes, wholeBytes, Number.MAX_SAFE_INTEGER)) {
      for (let c = row.parity; c < row.columns.length; c++) {
        const column = row.columns[c];
        if (column.sizeBytes === 0) continue;
        column.bytes = whole.subarray(column.blockOffset, column.blockOffset + column.sizeBytes);
      }
      computeParity(row);
      for (const column of row.columns) {
        if (column.sizeBytes === 0 || column.bytes === null) continue;
        if (!this.children[column.child].write(column.offsetBytes, column.bytes)) failed++;
      }
    }
    return failed === 0;
  }

  #load(column: StripeColumn, bad: Uint8Array): void {
    if (column.sizeBytes === 0) return;
    const child = this.children[column.child];
    if (child.readable) {
      column.bytes = child.read(column.offsetBytes, column.sizeBytes, 0, ACCEPT_ALL);
    }
    if (column.bytes === null) bad[column.child] = 1;
  }

  /** Adds `extra` more devices, from index `from` up, to the bad ones. @depth 4 */
  #trySets(
    rows: StripeRow[],
    wholeBytes: number,
    sizeBytes: number,
    bad: Uint8Array,
    extra: number,
    from: number,
    accept: Acceptor,
    tries: { left: number },
  ): Uint8Array | null {
    if (extra === 0) {
      if (tries.left <= 0) return null;
      tries.left--;
      for (const row of rows) if (!solve(row, bad)) return null;
      const whole = assemble(rows, wholeBytes).subarray(0, sizeBytes);
      return accept.accept(whole) ? whole : null;
    }
    for (let i = from; i < bad.length; i++) {
      if (bad[i] !== 0) continue;
      bad[i] = 1;
      const bytes = this.#trySets(
        rows,
        wholeBytes,
        sizeBytes,
        bad,
        extra - 1,
        i + 1,
        accept,
        tries,
      );
      bad[i] = 0;
      if (bytes !== null) return bytes;
    }
    return null;
  }
}

function assemble(rows: StripeRow[], sizeBytes: number): Uint8Array {
  const whole = new Uint8Array(sizeBytes);
  for (const row of rows) {
    for (let c = row.parity; c < row.columns.length; c++) {
      const column = row.columns[c];
      const bytes = column.solved ?? column.bytes;
      if (column.sizeBytes > 0 && bytes !== null) whole.set(bytes, column.blockOffset);
    }
  }
  return whole;
}

/** Rebuilds a row's columns on bad devices from its good ones. */
function solve(row: StripeRow, bad: Uint8Array): boolean {
  const parityUsed: number[] = [];
  const lost: number[] = [];
  const dataColumns = row.columns.length - row.parity;
  for (let c = row.parity; c < row.columns.length; c++) {
    const column = row.columns[c];
    column.solved = null;
    if (column.sizeBytes > 0 && bad[column.child] !== 0) lost.push(c);
  }
  if (lost.length === 0) return true;
  for (let p = 0; p < row.parity && parityUsed.length < lost.length; p++) {
    if (bad[row.columns[p].child] === 0 && row.columns[p].bytes !== null) parityUsed.push(p);
  }
  const n = lost.length;
  if (parityUsed.length < n) return false;
  const matrix = new Uint8Array(n * n);
  const inverted = new Uint8Array(n * n);
  const sums: Uint8Array[] = [];
  for (let i = 0; i < n; i++) {
    const p = parityUsed[i];
    const parityBytes = row.columns[p].bytes;
    if (parityBytes === null) return false;
    const sum = parityBytes.slice();
    for (let c = row.parity; c < row.columns.length; c++) {
      const column = row.columns[c];
      if (column.sizeBytes === 0 || bad[column.child] !== 0) continue;
      if (column.bytes === null) return false;
      const power = dataColumns - 1 - (c - row.parity);
      addScaled(sum, column.bytes, coefficient(p, power));
    }
    sums.push(sum);
    for (let j = 0; j < n; j++) {
      matrix[i * n + j] = coefficient(p, dataColumns - 1 - (lost[j] - row.parity));
    }
  }
  if (!invert(matrix, n, inverted)) return false;
  for (let j = 0; j < n; j++) {
    const column = row.columns[lost[j]];
    const bytes = new Uint8Array(sums[0].length);
    for (let i = 0; i < n; i++) addScaled(bytes, sums[i], inverted[j * n + i]);
    column.solved = bytes.subarray(0, column.sizeBytes);
  }
  return true;
}

/** Computes a row's parity columns from its data columns. */
export function computeParity(row: StripeRow): void {
  const dataColumns = row.columns.length - row.parity;
  for (let p = 0; p < row.parity; p++) {
    const bytes = new Uint8Array(row.columns[p].sizeBytes);
    for (let c = row.parity; c < row.columns.length; c++) {
      const data = row.columns[c].bytes;
      if (data !== null) addScaled(bytes, data, coefficient(p, dataColumns - 1 - (c - row.parity)));
    }
    row.columns[p].bytes = bytes;
  }
}
