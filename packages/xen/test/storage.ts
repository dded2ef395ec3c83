import type { BlockStorage } from '../src/index.js';

export class MemoryStorage implements BlockStorage {
  readonly bytes: Uint8Array;
  readonly sizeBytes: number;
  readonly readOnly = false;
  flushes = 0;
  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes;
    this.bytes = new Uint8Array(sizeBytes);
  }
  read(offset: number, into: Uint8Array): boolean {
    into.set(this.bytes.subarray(offset, offset + into.length));
    return true;
  }
  write(offset: number, from: Uint8Array): boolean {
    this.bytes.set(from, offset);
    return true;
  }
  discard(offset: number, bytes: number): boolean {
    this.bytes.fill(0, offset, offset + bytes);
    return true;
  }
  flush(): boolean {
    this.flushes += 1;
    return true;
  }
}
