import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import type { BlockDevice, BlockRequest, BlockStatus, Ticket } from '../contract.js';

/** A file or host block device, read and written synchronously. */
export class FileDevice implements BlockDevice {
  readonly path: string;
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly #fd: number;
  #last: BlockStatus = 'ok';

  constructor(path: string, readOnly = true) {
    this.path = path;
    this.readOnly = readOnly;
    this.#fd = openSync(path, readOnly ? 'r' : 'r+');
    const stat = fstatSync(this.#fd);
    this.sizeBytes = stat.isBlockDevice() ? blockDeviceSize(this.#fd) : stat.size;
  }

  submit(batch: readonly BlockRequest[]): Ticket {
    this.#last = 'ok';
    try {
      for (const request of batch) {
        if (request.kind === 'flush') {
          fsyncSync(this.#fd);
        } else if (request.kind === 'read') {
          let at = 0;
          while (at < request.bytes.length) {
            const count = readSync(
              this.#fd,
              request.bytes,
              at,
              request.bytes.length - at,
              request.offsetBytes + at,
            );
            if (count === 0) {
              this.#last = 'error';
              break;
            }
            at += count;
          }
        } else if (this.readOnly) {
          this.#last = 'read-only';
        } else {
          let at = 0;
          while (at < request.bytes.length) {
            at += writeSync(
              this.#fd,
              request.bytes,
              at,
              request.bytes.length - at,
              request.offsetBytes + at,
            );
          }
        }
      }
    } catch {
      this.#last = 'error';
    }
    return 0;
  }

  wait(_ticket: Ticket): BlockStatus {
    return this.#last;
  }

  done(_ticket: Ticket): boolean {
    return true;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Size of a block device, found by reading: sysfs is not there on every host. */
function blockDeviceSize(fd: number): number {
  const probe = Buffer.alloc(512);
  const readable = (offset: number): boolean => {
    try {
      return readSync(fd, probe, 0, 512, offset) === 512;
    } catch {
      return false;
    }
  };
  let low = 0;
  let high = 512;
  while (high < Number.MAX_SAFE_INTEGER / 4 && readable(high - 512)) {
    low = high;
    high *= 2;
  }
  while (high - low > 512) {
    const middle = Math.trunc((low + high) / 1024) * 512;
    if (readable(middle - 512)) low = middle;
    else high = middle;
  }
  return low;
}
