/** Feature flags: what a pool may have active for us to read it, and what for us to write it. */
import { Zap } from '../dmu/zap.js';
import type { Pool } from './pool.js';

/** Features that change how the pool is read, and that this package knows. */
export const READ_FEATURES: readonly string[] = [
  'org.illumos:lz4_compress',
  'com.delphix:hole_birth',
  'com.delphix:extensible_dataset',
  'com.delphix:embedded_data',
  'com.delphix:head_errlog',
  'com.klarasystems:vdev_zaps_v2',
  'org.open-zfs:large_blocks',
  'org.zfsonlinux:large_dnode',
  'org.illumos:sha512',
  'org.illumos:skein',
  'org.illumos:edonr',
  'org.openzfs:blake3',
  'org.freebsd:zstd_compress',
  'com.datto:encryption',
  'com.delphix:redaction_bookmarks',
  'com.delphix:bookmark_written',
  'com.delphix:redacted_datasets',
  'com.datto:bookmark_v2',
  'com.delphix:device_removal',
  'org.openzfs:draid',
  'org.openzfs:raidz_expansion',
  'com.klarasystems:large_microzap',
  'com.delphix:longname',
  'org.zfsonlinux:longname',
  'com.delphix:redaction_list_spill',
  'com.joyent:multi_vdev_crash_dump',
];

/** Name of an active feature that we cannot read, if there is one. */
export function unknownReadFeature(pool: Pool): string | undefined {
  const object = pool.directory.number('features_for_read');
  if (object === undefined) return undefined;
  for (const entry of new Zap(pool.mos.dnode(object)).entries()) {
    if (entry.first === 0n) continue;
    if (READ_FEATURES.indexOf(entry.name) < 0) return entry.name;
  }
  return undefined;
}
