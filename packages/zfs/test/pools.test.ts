/** Every pool made by real ZFS: its files equal its manifest, every block verifies, space adds up. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ZfsError } from '../src/errors.js';
import { decodeName } from '../src/node/fs-view.js';
import { openPool } from '../src/node/open-pool.js';
import { devicesOf, KEYS, manifestOf, poolNames, unpack } from './support/fixtures.js';

/** Manifests come in two forms; in the second only hashes are compared. */
function comparable(lines: string[], ours: boolean, hashesOnly: boolean): string[] {
  if (!hashesOnly) return lines;
  if (ours) {
    return lines
      .map((line) => line.split('\t'))
      .filter((part) => part[2].startsWith('regular') && part[3] !== 'big')
      .map((part) => `${part[0]}\t${part[1]}\t${part[3]}`)
      .sort();
  }
  return lines
    .filter((line) => line.startsWith('SHA\t') && !line.endsWith('  -'))
    .map((line) => line.split('\t'))
    .map((part) => `${part[1]}\t${part[2].slice(66)}\t${part[2].slice(0, 64)}`)
    .sort();
}

/** Replayed objects have the time of the replay, which nobody can know. */
const withoutTime = (line: string): string => line.replace(/,\d+\t/, ',time\t');

for (const name of poolNames()) {
  test(`${name}: files, hashes and attributes equal the manifest; check finds nothing`, () => {
    const folder = unpack(name);
    const pool = openPool(devicesOf(folder), { keys: KEYS });
    const result = pool.manifest();
    assert.equal(result.warnings, []);
    const wanted = manifestOf(folder);
    const hashesOnly =
      wanted.length > 0 && wanted[0].startsWith('S') && /^(SHA|STAT)\t/.test(wanted[0]);
    let expected = comparable(wanted, false, hashesOnly);
    let got = comparable(result.lines.map(decodeName), true, hashesOnly);
    if (name === 's-zil-slog') {
      expected = expected.map(withoutTime);
      got = got.map(withoutTime);
    }
    if (wanted.length > 0) assert.equal(got, expected);
    else assert.ok(got.length > 0);
    assert.equal(pool.check().problems, []);
    pool.close();
  });
}

test('redundant pools give the same files with devices missing', () => {
  for (const [name, lost] of [
    ['s-raidz1-3', 1],
    ['s-raidz2-5-a12', 2],
    ['s-raidz3-6', 3],
    ['s-draid2-3d-6c-1s', 2],
    ['s-raidz-expanded', 1],
    ['s-mirror-cksum', 1],
  ] as const) {
    const folder = unpack(name);
    const all = devicesOf(folder);
    const whole = openPool(all);
    const expected = whole.manifest().lines;
    whole.close();
    for (const kept of [all.slice(lost), all.slice(0, all.length - lost)]) {
      const pool = openPool(kept);
      assert.equal(pool.manifest().lines, expected, `${name} with ${kept.length} devices`);
      pool.close();
    }
    if (name.startsWith('s-raidz')) {
      const pool = (): void => {
        openPool(all.slice(lost + 1)).manifest();
      };
      assert.throws(pool, (error: unknown) => error instanceof ZfsError);
    }
  }
});

test('a volume reads as its hash says; an older transaction group opens', async () => {
  const { createHash } = await import('node:crypto');
  const { readFileSync } = await import('node:fs');
  const folder = unpack('s-features');
  const pool = openPool(devicesOf(folder));
  const volume = pool.dataset('s-features/vol').volume;
  const bytes = new Uint8Array(volume.sizeBytes);
  assert.is(volume.read(0, bytes), 4194304);
  assert.is(
    createHash('sha256').update(bytes).digest('hex'),
    readFileSync(`${folder}/zvol.sha256`, 'utf8').slice(0, 64),
  );
  const txgs = new Set<number>();
  for (const label of pool.raw.labels) for (const u of label.uberblocks) txgs.add(u.txg);
  const older = [...txgs].sort((a, b) => b - a)[1];
  assert.is(openPool(devicesOf(folder), { txg: older }).raw.uberblock.txg, older);
});

test('extended attributes, snapshots, properties and keys', () => {
  const features = openPool(devicesOf(unpack('s-features')));
  let attributes = 0;
  for (const fs of ['s-features/sa', 's-features/xd']) {
    const { raw } = features.dataset(fs).fs;
    for (const entry of raw.readDirectory(raw.root)) {
      attributes += raw.extendedAttributes(entry.object).size;
    }
  }
  assert.ok(attributes > 5, `${attributes} extended attributes`);
  assert.is(features.dataset('s-features/c2').property('tessera:prop')?.value, 'user-value');
  assert.is(features.dataset('s-features/c2').property('copies')?.value, '2');
  assert.is(features.dataset('s-features/rs1M').property('recordsize')?.value, '1048576');
  const snaps = openPool(devicesOf(unpack('s-snapclone')));
  assert.equal(snaps.dataset('s-snapclone/fs').snapshots, [
    's-snapclone/fs@four',
    's-snapclone/fs@all',
  ]);
  assert.ok(snaps.dataset('s-snapclone/cl2@one').fs.readdirSync('/').length > 10);
  const locked = openPool(devicesOf(unpack('s-encrypt')), { keys: ['wrong-passphrase'] });
  assert.is(locked.manifest().warnings.length, 5);
  assert.throws(
    () => locked.dataset('s-encrypt/raw').fs,
    (error: unknown) => error instanceof ZfsError && error.code === 'key',
  );
});

test.run();
