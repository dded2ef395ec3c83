/**
 * In-order use (VIRTIO_F_IN_ORDER): a device may finish in any order but gives back in the order taken, and may
 * write one entry for a run of buffers. The entry carries the id and length of the last; the driver takes the
 * others as written in full, so a batch may only swallow buffers for which that is true.
 */
export class InOrderLedger {
  readonly #size: number;
  readonly #ids: Uint16Array;
  readonly #slots: Uint16Array;
  readonly #writable: number[] = [];
  /** -1 while not done. */
  readonly #written: number[] = [];
  #head = 0;
  #count = 0;
  batchId = 0;
  batchLength = 0;
  batchSlots = 0;

  constructor(size: number) {
    this.#size = size;
    this.#ids = new Uint16Array(size);
    this.#slots = new Uint16Array(size);
    for (let i = 0; i < size; i += 1) {
      this.#writable.push(0);
      this.#written.push(-1);
    }
  }

  taken(id: number, slots: number, writableBytes: number): void {
    const at = (this.#head + this.#count) % this.#size;
    this.#ids[at] = id;
    this.#slots[at] = slots;
    this.#writable[at] = writableBytes;
    this.#written[at] = -1;
    this.#count += 1;
  }

  done(id: number, writtenBytes: number): void {
    for (let i = 0; i < this.#count; i += 1) {
      const at = (this.#head + i) % this.#size;
      if (this.#ids[at] !== id || this.#written[at] >= 0) continue;
      this.#written[at] = writtenBytes;
      return;
    }
  }

  /** Takes the longest run that one entry can stand for; false when the oldest buffer is not done. */
  nextBatch(): boolean {
    let slots = 0;
    let taken = false;
    while (this.#count > 0 && this.#written[this.#head] >= 0) {
      const at = this.#head;
      this.batchId = this.#ids[at];
      this.batchLength = this.#written[at];
      slots += this.#slots[at];
      taken = true;
      this.#head = (this.#head + 1) % this.#size;
      this.#count -= 1;
      if (this.#written[at] !== this.#writable[at]) break;
    }
    this.batchSlots = slots;
    return taken;
  }
}
