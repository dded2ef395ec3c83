/** What the command prints about a pool. */

import { Zap } from '../dmu/zap.js';
import { property } from '../dsl/properties.js';
import { LeafVdev, type Vdev } from '../vdev/vdev.js';
import type { OpenPool } from './open-pool.js';

export function commandHelp(): string {
  return `usage: tessera-zfs COMMAND ... DEVICE...

  manifest [--key-file F] DEVICE...       every file: dataset, path, attributes, SHA-256
  check DEVICE...                         read every block, compare space maps; exit 0 only if all is right
  zpool status DEVICE...                  the pool's devices and their state
  zfs list DEVICE...                      file systems, volumes and snapshots with their space
  zdb DEVICE...                           uberblock, configuration, datasets and objects
  ls POOL/FS[@SNAP]:/PATH DEVICE...       list a directory
  cat POOL/FS[@SNAP]:/PATH DEVICE...      a file to standard output
  cp POOL/FS[@SNAP]:/PATH TARGET DEVICE...  copy files out of the pool

  zpool create POOL [mirror|raidz1|raidz2|raidz3] DEVICE...   on empty devices only
  zfs create POOL/FS DEVICE...            a file system
  zfs snapshot POOL/FS@NAME DEVICE...     a snapshot
  put SOURCE POOL/FS:/PATH DEVICE...      copy host files into a pool made by this command

  --key-file F   passphrase, 64 hexadecimal digits or 32 raw bytes; may be given again
  --txg N        open at an older transaction group, if its uberblock is still there
`;
}

function describeVdev(vdev: Vdev, depth: number, out: string[]): void {
  const name =
    vdev instanceof LeafVdev
      ? (vdev.config.text('path') ?? vdev.guid.toString())
      : vdev.kind === 'raidz'
        ? `raidz${vdev.config.int('nparity', 1)}-${vdev.id}`
        : `${vdev.kind}-${vdev.id}`;
  const state = vdev.readable ? 'ONLINE' : vdev.kind === 'hole' ? 'HOLE' : 'UNAVAIL';
  const errors =
    vdev instanceof LeafVdev
      ? ` ${vdev.readErrors} ${vdev.writeErrors} ${vdev.checksumErrors}`
      : '';
  const role = depth === 1 && vdev.config.int('is_log', 0) === 1 ? ' (log)' : '';
  const bias = depth === 1 ? vdev.config.text('alloc_bias') : undefined;
  out.push(
    `${'  '.repeat(depth + 1)}${name.padEnd(Math.max(1, 40 - 2 * depth))} ${state}${errors}${role}${bias === undefined || bias === 'log' ? '' : ` (${bias})`}`,
  );
  for (const child of vdev.children) describeVdev(child, depth + 1, out);
}

export function describePool(pool: OpenPool): string {
  const raw = pool.raw;
  const out = [
    `  pool: ${raw.name}`,
    `  guid: ${raw.guid}`,
    `   txg: ${raw.uberblock.txg}`,
    ` state: ${raw.leaves.every((leaf) => leaf.readable) ? 'ONLINE' : 'DEGRADED'}`,
    'config:',
    `  ${'NAME'.padEnd(40)} STATE READ WRITE CKSUM`,
  ];
  for (const top of raw.tops) describeVdev(top, 1, out);
  for (const spare of raw.spares) out.push(`    ${spare.text('path') ?? '?'} (spare)`);
  for (const cache of raw.caches) out.push(`    ${cache.text('path') ?? '?'} (cache)`);
  return `${out.join('\n')}\n`;
}

export function listDatasets(pool: OpenPool): string {
  const out = [`${'NAME'.padEnd(40)} ${'USED'.padStart(14)} ${'REFER'.padStart(14)} COMPRESSION`];
  for (const dataset of pool.root.walk()) {
    out.push(
      `${dataset.name.padEnd(40)} ${String(dataset.directory.usedBytes).padStart(14)} ${String(dataset.dataset.referencedBytes).padStart(14)} ${property(dataset, 'compression')?.value ?? '-'}`,
    );
    for (const snapshot of dataset.snapshots()) {
      out.push(
        `${snapshot.name.padEnd(40)} ${String(snapshot.dataset.uniqueBytes).padStart(14)} ${String(snapshot.dataset.referencedBytes).padStart(14)} -`,
      );
    }
  }
  return `${out.join('\n')}\n`;
}

export function describeZdb(pool: OpenPool): string {
  const raw = pool.raw;
  const out = [
    `Uberblock: version ${raw.uberblock.version}, txg ${raw.uberblock.txg}, guid sum ${raw.uberblock.guidSum}, time ${raw.uberblock.timestamp}`,
  ];
  for (const label of raw.labels) {
    out.push(
      `Label of ${label.config.u64('guid')}: ${label.copies} of 4 copies, ${label.uberblocks.length} uberblocks`,
    );
  }
  out.push('Meta object set directory:');
  for (const entry of raw.directory.entries()) {
    out.push(
      `  ${entry.name} = ${entry.count === 1 && entry.width === 8 ? entry.first : `${entry.count} x ${entry.width} bytes`}`,
    );
  }
  for (const name of ['features_for_read', 'features_for_write']) {
    const object = raw.directory.number(name);
    if (object === undefined) continue;
    for (const entry of new Zap(raw.mos.dnode(object)).entries()) {
      out.push(`${name}: ${entry.name} = ${entry.first}`);
    }
  }
  for (const dataset of pool.root.walk()) {
    const set = dataset.rawObjectSet();
    out.push(
      `Dataset ${dataset.name} [${dataset.directory.object}/${dataset.dataset.object}], type ${set.type}`,
    );
    out.push('   Object  lvl   iblk   dblk       dsize  lsize  type');
    set.forEachDnode((dnode) => {
      out.push(
        `${String(dnode.object).padStart(9)} ${String(dnode.levels).padStart(4)} ${String(2 ** dnode.indirectShift).padStart(7)} ${String(dnode.dataBlockBytes).padStart(7)} ${String(dnode.usedBytes).padStart(10)} ${String((dnode.lastBlock + 1) * dnode.dataBlockBytes).padStart(10)}  ${dnode.type}`,
      );
    });
  }
  return `${out.join('\n')}\n`;
}
