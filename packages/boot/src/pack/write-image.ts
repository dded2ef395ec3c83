/** Writes the boot module: configuration, then the packed root file system in vfs's format. File contents are streamed. */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { PackError, PackItem, planPack } from '@tessera/vfs';
import { TesseraError } from '../errors.js';
import { type BootConfiguration, writeBootConfiguration } from '../kernel/index.js';
import type { RootTree } from './root-tree.js';

const CHUNK_BYTES = 1 << 20;
const PAGE_BYTES = 4096;

/** Host text as the kernel has it: one code per byte of its UTF-8 form. */
export function toByteString(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function itemOf(path: string, tree: RootTree): PackItem {
  const entry = tree.entries.get(path)!;
  const item = new PackItem(toByteString(path), entry.mode);
  item.mtimeSeconds = entry.mtimeSeconds;
  item.mtimeNanoseconds = entry.mtimeNanoseconds;
  item.size = entry.size;
  if (entry.source && 'target' in entry.source) item.target = toByteString(entry.source.target);
  return item;
}

function copyFile(path: string, size: number, to: number, buffer: Buffer): void {
  const from = openSync(path, 'r');
  try {
    let left = size;
    while (left > 0) {
      const got = readSync(from, buffer, 0, Math.min(left, buffer.length), null);
      if (got === 0) throw new TesseraError(`${path} became shorter while it was packed`);
      writeSync(to, buffer, 0, got);
      left -= got;
    }
  } finally {
    closeSync(from);
  }
}

function pad(to: number, bytes: number): void {
  const rest = (PAGE_BYTES - (bytes % PAGE_BYTES)) % PAGE_BYTES;
  if (rest > 0) writeSync(to, Buffer.alloc(rest));
}

/** Writes `file`. Returns its size and that of the root file system. The same input gives the same bytes. */
export function writeBootModule(
  file: string,
  tree: RootTree,
  configuration: Omit<BootConfiguration, 'rootBytes'>,
): { bytes: number; rootBytes: number } {
  const paths = [...tree.entries.keys()].sort();
  const byItem = new Map(paths.map((path) => [itemOf(path, tree), path]));
  const plan = planPack([...byItem.keys()]);
  if (plan instanceof PackError) throw new TesseraError(`cannot pack ${plan.path}: ${plan.reason}`);
  const head = writeBootConfiguration({ ...configuration, rootBytes: plan.imageBytes });
  const to = openSync(file, 'w', 0o600);
  try {
    writeSync(to, head);
    writeSync(to, plan.head);
    const buffer = Buffer.alloc(CHUNK_BYTES);
    for (const { item } of plan.contents) {
      const source = tree.entries.get(byItem.get(item)!)!.source;
      if (source && 'file' in source) copyFile(source.file, item.size, to, buffer);
      else if (source && 'bytes' in source) writeSync(to, source.bytes);
      pad(to, item.size);
    }
  } finally {
    closeSync(to);
  }
  return { bytes: head.length + plan.imageBytes, rootBytes: plan.imageBytes };
}
