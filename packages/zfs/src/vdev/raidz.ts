/**
 * RAID-Z: a block of s sectors at sector b starts on device b mod width, and runs across rows of the whole width.
 *
 * Each row has `parity` parity sectors and as many data sectors as fit; data goes down columns, so that a column is
 * contiguous on its device: the first r + parity columns ("big") have one sector more, r being the remainder. With one
 * parity, parity and first data column swap places in every other MiB.
 *
 * After an expansion, blocks born before it keep their old ("logical") width while their sectors have moved to where a
 * row-major numbering over the new width puts them: each row is then its own stripe.
 */
import type { NvList } from '../nvlist/nvlist.js';
import { StripeColumn, StripeRow, StripeVdev } from './stripe.js';

const BOOT_AREA_BYTES = 3670016;

/** How far an expansion has come, from the uberblock. */
export class ReflowState {
  readonly offsetBytes: number;
  readonly scratchValid: boolean;
  constructor(offsetBytes: number, scratchValid: boolean) {
    this.offsetBytes = offsetBytes;
    this.scratchValid = scratchValid;
  }
}

export class RaidzVdev extends StripeVdev {
  /** Transaction groups of past expansions, oldest first. */
  readonly #expandTxgs: readonly number[];
  readonly #expanding: boolean;
  readonly #width: number;
  readonly #reflow: ReflowState;

  constructor(config: NvList, width: number, reflow: ReflowState) {
    super('raidz', config, Math.min(config.int('nparity', 1), 3));
    this.#width = width;
    this.#reflow = reflow;
    this.#expanding = config.has('raidz_expanding');
    const txgs: number[] = [];
    for (const txg of config.integers('raidz_expand_txgs')) txgs.push(Number(txg));
    this.#expandTxgs = txgs;
  }

  /** The width that a block born then was written with. */
  logicalWidth(birth: number): number {
    const newest = this.#expanding ? this.#width - 1 : this.#width;
    let width = newest - this.#expandTxgs.length;
    for (let i = 0; i < this.#expandTxgs.length; i++) {
      if (this.#expandTxgs[i] <= birth) width = newest - this.#expandTxgs.length + i + 1;
    }
    return width;
  }

  protected override map(offsetBytes: number, sizeBytes: number, birth: number): StripeRow[] {
    const width = this.logicalWidth(birth);
    const data = width - this.parity;
    if (data < 1) return [];
    const sector = Math.pow(2, this.ashift);
    const first = Math.trunc(offsetBytes / sector);
    const sectors = Math.trunc(sizeBytes / sector);
    const quotient = Math.trunc(sectors / data);
    const remainder = sectors % data;
    const big = remainder === 0 ? 0 : remainder + this.parity;
    const total = sectors + this.parity * (quotient + (remainder === 0 ? 0 : 1));
    const columns = Math.min(total, width);
    const swap = this.parity === 1 && columns > 1 && Math.trunc(offsetBytes / 1048576) % 2 === 1;
    const rows: StripeRow[] = [];
    if (width === this.#width && !this.#expanding) {
      const row = new StripeRow(this.parity);
      let at = 0;
      for (let c = 0; c < columns; c++) {
        const size = (c < big ? quotient + 1 : quotient) * sector;
        const place = (first % width) + c;
        const offset = (Math.trunc(first / width) + (place >= width ? 1 : 0)) * sector;
        row.columns.push(new StripeColumn(place % width, offset, size, c < this.parity ? -1 : at));
        if (c >= this.parity) at += size;
      }
      if (swap) swapFirst(row);
      rows.push(row);
      return rows;
    }
    const rowCount = Math.trunc((total + width - 1) / width);
    for (let r = 0; r < rowCount; r++) {
      const row = new StripeRow(this.parity);
      const start = first + r * width;
      let physical = this.#width;
      let scratch = 0;
      if (this.#expanding) {
        if (start + columns > Math.trunc(this.#reflow.offsetBytes / sector)) physical--;
        else if (this.#reflow.scratchValid) scratch = BOOT_AREA_BYTES;
      }
      for (let c = 0; c < columns; c++) {
        const place = start + c;
        const d = c - this.parity;
        let size = sector;
        let at = -1;
        if (c >= this.parity) {
          if (r === rowCount - 1 && big !== 0 && c >= big) size = 0;
          const down = c < big || remainder === 0;
          at = down
            ? d * rowCount + r
            : remainder * rowCount + (d - remainder) * (rowCount - 1) + r;
        }
        const offset = Math.trunc(place / physical) * sector - scratch;
        row.columns.push(new StripeColumn(place % physical, offset, size, at * sector));
      }
      if (swap) swapFirst(row);
      rows.push(row);
    }
    return rows;
  }
}

function swapFirst(row: StripeRow): void {
  const a = row.columns[0];
  const b = row.columns[1];
  const child = a.child;
  const offset = a.offsetBytes;
  a.child = b.child;
  a.offsetBytes = b.offsetBytes;
  b.child = child;
  b.offsetBytes = offset;
}
