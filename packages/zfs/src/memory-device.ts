import type { BlockDevice, BlockRequest, BlockStatus, Ticket } from './contract.js';

/** A device over bytes in memory: a pool image that is already loaded, or one to be created. */
export class MemoryDevice implements BlockDevice {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly bytes: Uint8Array;
  #last: BlockStatus = 'ok';

  constructor(bytes: Uint8Array, readOnly: boolean) {
    this.bytes = bytes;
    this.sizeBytes = bytes.length;
    this.readOnly = readOnly;
  }

  submit(batch: readonly BlockRequest[]): Ticket {
    this.#last = 'ok';
    for (const request of batch) {
      if (request.kind === 'flush') continue;
      const end = request.offsetBytes + request.bytes.length;
      if (request.offsetBytes < 0 || end > this.sizeBytes) {
        this.#last = 'error';
      } else if (request.kind === 'read') {
        request.bytes.set(this.bytes.subarray(request.offsetBytes, end));
      } else if (this.readOnly) {
        this.#last = 'read-only';
      } else {
        this.bytes.set(request.bytes, request.offsetBytes);
      }
    }
    return 0;
  }

  wait(_ticket: Ticket): BlockStatus {
    return this.#last;
  }

  done(_ticket: Ticket): boolean {
    return true;
  }
}
