/** Unpacks the pools of test-fixtures/zfs, made by real OpenZFS, once per run. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FIXTURES = fileURLToPath(new URL('../../../../test-fixtures/zfs/', import.meta.url));
const roots: string[] = [];

process.on('exit', () => {
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

/** All pools of the fixture folder; the streams are apart. */
export function poolNames(): string[] {
  return readdirSync(FIXTURES)
    .filter((name) => name.includes('.tar.') && !name.startsWith('s-streams'))
    .map((name) => name.slice(0, name.indexOf('.tar.')))
    .sort();
}

/** Unpacks an archive; answers its folder. Needs tar, zstd and bzip2. */
export function unpack(name: string): string {
  const root = mkdtempSync(join(tmpdir(), 'tessera-zfs-'));
  roots.push(root);
  const zst = join(FIXTURES, `${name}.tar.zst`);
  if (existsSync(zst)) {
    execFileSync('tar', ['-C', root, '-I', 'zstd -d --long=27', '-xSf', zst]);
  } else {
    execFileSync('tar', ['-C', root, '-xSjf', join(FIXTURES, `${name}.tar.bz2`)]);
  }
  const inner = join(root, name);
  return existsSync(inner) ? inner : root;
}

/** The device files of an unpacked pool: those without an extension. */
export function devicesOf(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => !name.includes('.'))
    .sort()
    .map((name) => join(folder, name));
}

export function manifestOf(folder: string): string[] {
  const path = join(folder, 'MANIFEST.tsv');
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

export const KEYS: readonly (string | Uint8Array)[] = [
  'tessera-pass-1',
  new Uint8Array(32).fill(0x4b),
];
