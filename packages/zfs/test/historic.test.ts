/**
 * The historic pools (versions 1 to 15) inside Debian's zfs-test package. They are fetched, never committed:
 * `tools/zfs-guest.sh fetch CACHE`, then TESSERA_ZFS_CACHE=CACHE.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ZfsError } from '../src/errors.js';
import { FileDevice } from '../src/node/file-device.js';
import { openPool } from '../src/node/open-pool.js';
import { readDeviceLabel } from '../src/pool/label.js';

const cache = process.env.TESSERA_ZFS_CACHE;
if (cache === undefined) {
  const message =
    'the historic pools need TESSERA_ZFS_CACHE: run "tools/zfs-guest.sh fetch CACHE" and set it to CACHE';
  if (process.env.CI !== undefined) {
    test('historic pools', () => {
      throw new Error(message);
    });
  } else {
    console.error(`SKIPPED: ${message}`);
  }
} else {
  test('historic pools open, read, and add up', () => {
    const base = join(cache, 'zfs-2.3.2/usr/share/zfs/zfs-tests/tests/functional/cli_root');
    const folder = mkdtempSync(join(tmpdir(), 'tessera-historic-'));
    try {
      const pools = new Map<bigint, string[]>();
      for (const group of ['zpool_upgrade', 'zpool_import']) {
        const from = join(base, group, 'blockfiles');
        for (const name of readdirSync(from)) {
          if (!name.endsWith('.bz2')) continue;
          const image = execFileSync('bzip2', ['-dc', join(from, name)], { maxBuffer: 1 << 30 });
          const path = join(folder, name.slice(0, -4));
          writeFileSync(path, image);
          const device = new FileDevice(path);
          const guid = readDeviceLabel(device)?.config.u64('pool_guid');
          device.close();
          // A spare belongs to no pool by itself.
          if (guid === undefined) continue;
          pools.set(guid, [...(pools.get(guid) ?? []), path]);
        }
      }
      const versions = new Set<number>();
      let refused = 0;
      for (const [, paths] of pools) {
        try {
          const pool = openPool(paths);
          versions.add(pool.raw.uberblock.version);
          assert.ok(pool.manifest().lines.length > 0, paths.join());
          assert.equal(pool.check().problems, [], paths.join());
          pool.close();
        } catch (error) {
          // One image has the version 999, to be refused.
          if (!(error instanceof ZfsError) || error.code !== 'unsupported') throw error;
          refused++;
        }
      }
      assert.is(refused, 1);
      for (let version = 1; version <= 15; version++)
        assert.ok(versions.has(version), `${version}`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

test.run();
