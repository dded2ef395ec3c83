/**
 * A chain that the device side took from a ring: a private copy of its descriptors, each checked to lie in guest
 * memory, so that nothing the driver rewrites afterwards is looked at again. The object is reused.
 */
import type { GuestMemory } from './memory.js';

export class DeviceChain {
  readonly addresses: number[] = [];
  readonly lengths: number[] = [];
  count = 0;
  readableCount = 0;
  readableBytes = 0;
  writableBytes = 0;
  /** Head descriptor (split) or buffer id (packed). */
  id = 0;
  /** Ring slots the chain took. */
  slots = 0;

  clear(): void {
    this.count = 0;
    this.readableCount = 0;
    this.readableBytes = 0;
    this.writableBytes = 0;
    this.slots = 0;
  }

  add(address: number, bytes: number, isWritable: boolean): void {
    if (this.count === this.addresses.length) {
      this.addresses.push(address);
      this.lengths.push(bytes);
    } else {
      this.addresses[this.count] = address;
      this.lengths[this.count] = bytes;
    }
    this.count += 1;
    if (isWritable) {
      this.writableBytes += bytes;
      return;
    }
    this.readableCount += 1;
    this.readableBytes += bytes;
  }

  /** Copy from the readable part, starting `skip` bytes in; returns the bytes there were. */
  read(memory: GuestMemory, skip: number, into: Uint8Array, offset: number, bytes: number): number {
    return this.#transfer(memory, 0, this.readableCount, skip, into, offset, bytes, false);
  }

  /** Copy to the writable part, starting `skip` bytes in; returns the bytes that fitted. */
  write(
    memory: GuestMemory,
    skip: number,
    from: Uint8Array,
    offset: number,
    bytes: number,
  ): number {
    return this.#transfer(memory, this.readableCount, this.count, skip, from, offset, bytes, true);
  }

  #transfer(
    memory: GuestMemory,
    first: number,
    end: number,
    skip: number,
    bytes: Uint8Array,
    offset: number,
    wanted: number,
    toGuest: boolean,
  ): number {
    let toSkip = skip;
    let done = 0;
    for (let i = first; i < end && done < wanted; i += 1) {
      const length = this.lengths[i];
      if (toSkip >= length) {
        toSkip -= length;
        continue;
      }
      const part = Math.min(length - toSkip, wanted - done);
      const address = this.addresses[i] + toSkip;
      if (toGuest) memory.copyIn(address, bytes, offset + done, part);
      else memory.copyOut(address, bytes, offset + done, part);
      done += part;
      toSkip = 0;
    }
    return done;
  }
}
