/** The manifest of a pool: one line per file of every mounted file system, sorted bytewise. */
import { createHash } from 'node:crypto';
import { OBJSET_ZPL } from '../dmu/object-set.js';
import type { Dataset } from '../dsl/dataset.js';
import { mountPoint } from '../dsl/properties.js';
import { openFileSystem } from '../zil/replay.js';
import type { NodeAttributes } from '../zpl/attributes.js';
import { type FileSystem, TYPE_LINK, TYPE_MASK } from '../zpl/file-system.js';

const HASH_LIMIT_BYTES = 100000000;
const CHUNK_BYTES = 1048576;
const MAX_DEPTH = 4096;

/** Type as GNU stat's %F says it. */
function typeName(attributes: NodeAttributes): string {
  switch (attributes.mode & TYPE_MASK) {
    case 0x4000:
      return 'directory';
    case 0x8000:
      return attributes.sizeBytes === 0 ? 'regular empty file' : 'regular file';
    case TYPE_LINK:
      return 'symbolic link';
    case 0x1000:
      return 'fifo';
    case 0x2000:
      return 'character special file';
    case 0x6000:
      return 'block special file';
    case 0xc000:
      return 'socket';
    default:
      return 'weird file';
  }
}

function describe(attributes: NodeAttributes): string {
  return [
    typeName(attributes),
    (attributes.mode & 0o7777).toString(8),
    attributes.uid,
    attributes.gid,
    attributes.sizeBytes,
    attributes.links,
    attributes.modifySeconds,
  ].join(',');
}

export function hashFile(fs: FileSystem, object: number, sizeBytes: number): string {
  const hash = createHash('sha256');
  const chunk = new Uint8Array(CHUNK_BYTES);
  for (let at = 0; at < sizeBytes; at += CHUNK_BYTES) {
    const count = fs.read(object, at, chunk.subarray(0, Math.min(CHUNK_BYTES, sizeBytes - at)));
    hash.update(chunk.subarray(0, count));
  }
  return hash.digest('hex');
}

export interface ManifestResult {
  /** Lines with one code per byte. */
  readonly lines: string[];
  readonly warnings: string[];
}

export function manifest(root: Dataset): ManifestResult {
  const rows: { dataset: string; path: string; line: string }[] = [];
  const warnings: string[] = [];
  const mounted: { dataset: Dataset; fs: FileSystem; at: string }[] = [];
  for (const dataset of root.walk()) {
    if (!dataset.keyLoaded) {
      warnings.push(`${dataset.name}: its key is not loaded; left out`);
      continue;
    }
    const set = dataset.objectSet();
    if (set.type !== OBJSET_ZPL) continue;
    const at = mountPoint(dataset);
    mounted.push({ dataset, fs: openFileSystem(dataset, set), at: at ?? '' });
  }
  // A file system hides the directory that it is mounted on.
  const covers = new Map<string, FileSystem>();
  for (const { fs, at } of mounted) if (at !== '') covers.set(at, fs);
  for (const { dataset, fs, at } of mounted) {
    const walk = (object: number, path: string, depth: number): void => {
      const cover = path === '.' || at === '' ? undefined : covers.get(`${at}${path.slice(1)}`);
      const attributes = cover === undefined ? fs.attributes(object) : cover.attributes(cover.root);
      const kind = attributes.mode & TYPE_MASK;
      let content = '-';
      if (kind === TYPE_LINK) content = `->${fs.readLink(object, attributes)}`;
      else if (kind === 0x8000) {
        content =
          attributes.sizeBytes > HASH_LIMIT_BYTES
            ? 'big'
            : hashFile(fs, object, attributes.sizeBytes);
      }
      rows.push({
        dataset: dataset.name,
        path,
        line: `${dataset.name}\t${path}\t${describe(attributes)}\t${content}`,
      });
      if (kind === 0x4000 && cover === undefined && depth < MAX_DEPTH) {
        for (const entry of fs.readDirectory(object)) {
          walk(entry.object, `${path}/${entry.name}`, depth + 1);
        }
      }
    };
    walk(fs.root, '.', 0);
  }
  const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  rows.sort((a, b) => compare(a.dataset, b.dataset) || compare(a.path, b.path));
  return { lines: rows.map((row) => row.line), warnings };
}
