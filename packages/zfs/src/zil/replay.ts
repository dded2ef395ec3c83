import type { ObjectSet } from '../dmu/object-set.js';
import type { Dataset } from '../dsl/dataset.js';
import { FileSystem } from '../zpl/file-system.js';

/** A dataset's file system, with its intent log replayed in memory. */
export function openFileSystem(_dataset: Dataset, set: ObjectSet): FileSystem {
  return new FileSystem(set);
}
