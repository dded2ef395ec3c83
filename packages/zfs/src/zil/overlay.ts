import type { NodeAttributes } from '../zpl/attributes.js';
import type { DirectoryEntry } from '../zpl/file-system.js';

/** What intent-log records change, laid over a file system that is only read. */
export interface LogOverlay {
  /** Attributes of an object that the log touched, else null. */
  attributes(object: number): NodeAttributes | null;
  /** All entries of a directory that the log touched, else null. */
  directory(object: number): DirectoryEntry[] | null;
  /** Fills `out` and answers true for a file whose bytes the log touched. */
  readInto(object: number, offset: number, out: Uint8Array): boolean;
}
