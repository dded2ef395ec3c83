/**
 * A request's buffers in the order of the specification: what the device reads, then what it writes.
 * One object is filled again and again, so that a request allocates nothing.
 */
export class BufferList {
  readonly addresses: number[] = [];
  readonly lengths: number[] = [];
  count = 0;
  readableCount = 0;
  writableBytes = 0;

  clear(): void {
    this.count = 0;
    this.readableCount = 0;
    this.writableBytes = 0;
  }

  /** Preconditions: nothing writable was added yet. */
  addReadable(address: number, bytes: number): void {
    this.#add(address, bytes);
    this.readableCount += 1;
  }

  addWritable(address: number, bytes: number): void {
    this.#add(address, bytes);
    this.writableBytes += bytes;
  }

  #add(address: number, bytes: number): void {
    if (this.count === this.addresses.length) {
      this.addresses.push(address);
      this.lengths.push(bytes);
    } else {
      this.addresses[this.count] = address;
      this.lengths[this.count] = bytes;
    }
    this.count += 1;
  }
}

/** What came back, filled by `poll`. */
export class Completion {
  token = 0;
  /** Bytes that the device says it wrote; never more than the buffer's writable bytes. */
  writtenBytes = 0;
}
