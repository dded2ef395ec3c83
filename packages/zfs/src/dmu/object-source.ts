/** Objects as the layers above see them, wherever they come from: a pool's blocks, or a send stream in memory. */
import type { View } from '../view.js';

export interface DataObject {
  readonly object: number;
  readonly type: number;
  readonly bonusType: number;
  readonly bonusBytes: number;
  readonly bonus: View;
  readonly dataBlockBytes: number;
  readonly lastBlock: number;
  /** A data block in its writer's byte order. Shared: do not change it. */
  readBlock(block: number): View;
  readInto(offset: number, out: Uint8Array): void;
  readSpill(): View | null;
}

export interface ObjectSource {
  /** An object, or null where the number is free. */
  find(object: number): DataObject | null;
  /** An object; throws 'not-found'. */
  dnode(object: number): DataObject;
}
