/** One bit per sector of a vdev, in pages that exist once something in them is set. */
const PAGE_BITS = 262144;

export class SectorBitmap {
  readonly sectors: number;
  readonly #pages: Map<number, Uint8Array> = new Map();
  count = 0;

  constructor(sectors: number) {
    this.sectors = sectors;
  }

  get(sector: number): boolean {
    const page = this.#pages.get(Math.trunc(sector / PAGE_BITS));
    if (page === undefined) return false;
    const bit = sector % PAGE_BITS;
    return (page[bit >> 3] & (1 << (bit & 7))) !== 0;
  }

  /** Sets a run to `value`; the number of bits that changed, or -1 outside the vdev. */
  fill(start: number, run: number, value: boolean): number {
    if (start < 0 || run < 0 || start + run > this.sectors) return -1;
    let changed = 0;
    for (let sector = start; sector < start + run; sector++) {
      const index = Math.trunc(sector / PAGE_BITS);
      let page = this.#pages.get(index);
      if (page === undefined) {
        if (!value) continue;
        page = new Uint8Array(PAGE_BITS / 8);
        this.#pages.set(index, page);
      }
      const bit = sector % PAGE_BITS;
      const mask = 1 << (bit & 7);
      const is = (page[bit >> 3] & mask) !== 0;
      if (is === value) continue;
      page[bit >> 3] ^= mask;
      changed++;
    }
    this.count += value ? changed : -changed;
    return changed;
  }

  /** Sectors set here and not in `other`; the first one found goes to `example`. */
  minus(other: SectorBitmap, example: { sector: number }): number {
    let total = 0;
    for (const [index, page] of this.#pages) {
      for (let bit = 0; bit < PAGE_BITS; bit++) {
        if ((page[bit >> 3] & (1 << (bit & 7))) === 0) continue;
        const sector = index * PAGE_BITS + bit;
        if (other.get(sector)) continue;
        if (total === 0) example.sector = sector;
        total++;
      }
    }
    return total;
  }

  /** The first run of at least `run` clear sectors from `from` up, or -1. */
  findClear(from: number, limit: number, run: number): number {
    let start = from;
    let length = 0;
    for (let sector = from; sector < limit; sector++) {
      if (this.get(sector)) {
        start = sector + 1;
        length = 0;
      } else if (++length === run) {
        return start;
      }
    }
    return -1;
  }
}
