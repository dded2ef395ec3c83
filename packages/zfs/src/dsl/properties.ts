/** Properties: set on a dataset, received, inherited from its parents, or the default. */
import { Zap, type ZapEntry } from '../dmu/zap.js';
import type { Dataset } from './dataset.js';

export type PropertySource = 'local' | 'received' | 'inherited' | 'default';

export interface PropertyValue {
  readonly value: string;
  readonly source: PropertySource;
  /** Dataset that an inherited value comes from. */
  readonly from: string;
}

const COMPRESSIONS: readonly string[] = [
  'inherit',
  'on',
  'off',
  'lzjb',
  'empty',
  'gzip-1',
  'gzip-2',
  'gzip-3',
  'gzip-4',
  'gzip-5',
  'gzip',
  'gzip-7',
  'gzip-8',
  'gzip-9',
  'zle',
  'lz4',
  'zstd',
];
const CHECKSUMS: readonly string[] = [
  'inherit',
  'on',
  'off',
  'label',
  'gang',
  'zilog',
  'fletcher2',
  'fletcher4',
  'sha256',
  'zilog2',
  'noparity',
  'sha512',
  'skein',
  'edonr',
  'blake3',
];
const ON_OFF: readonly string[] = ['off', 'on'];
const INDEXED: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ['compression', COMPRESSIONS],
  ['checksum', CHECKSUMS],
  ['atime', ON_OFF],
  ['relatime', ON_OFF],
  ['readonly', ON_OFF],
  ['devices', ON_OFF],
  ['exec', ON_OFF],
  ['setuid', ON_OFF],
  ['canmount', ['off', 'on', 'noauto']],
  ['xattr', ['off', 'on', 'sa']],
  ['acltype', ['off', 'posix', 'nfsv4']],
  ['sync', ['standard', 'always', 'disabled']],
  ['logbias', ['latency', 'throughput']],
  ['primarycache', ['none', 'metadata', 'all']],
  ['secondarycache', ['none', 'metadata', 'all']],
  ['snapdir', ['hidden', 'visible', 'disabled']],
  ['dnodesize', ['legacy', 'auto']],
  ['redundant_metadata', ['all', 'most', 'some', 'none']],
]);
const DEFAULTS: ReadonlyMap<string, string> = new Map<string, string>([
  ['compression', 'on'],
  ['checksum', 'on'],
  ['atime', 'on'],
  ['relatime', 'on'],
  ['readonly', 'off'],
  ['devices', 'on'],
  ['exec', 'on'],
  ['setuid', 'on'],
  ['canmount', 'on'],
  ['xattr', 'sa'],
  ['acltype', 'off'],
  ['sync', 'standard'],
  ['logbias', 'latency'],
  ['primarycache', 'all'],
  ['secondarycache', 'all'],
  ['snapdir', 'hidden'],
  ['dnodesize', 'legacy'],
  ['redundant_metadata', 'all'],
  ['recordsize', '131072'],
  ['volblocksize', '16384'],
  ['copies', '1'],
  ['quota', '0'],
  ['refquota', '0'],
  ['reservation', '0'],
  ['refreservation', '0'],
  ['special_small_blocks', '0'],
]);
/** Properties that stay with the dataset they are set on. */
const NOT_INHERITED: readonly string[] = [
  'quota',
  'refquota',
  'reservation',
  'refreservation',
  'canmount',
  'volsize',
  'version',
];

function display(name: string, entry: ZapEntry): string {
  if (entry.width === 1) return entry.text;
  const value = entry.first;
  const names = INDEXED.get(name);
  if (name === 'compression') {
    // zstd keeps its level in the bits above the function.
    const kind = Number(value & 0x7fn);
    const level = Number((value >> 7n) & 0xffffn);
    if (kind === 16 && level !== 0) return zstdName(level);
    return COMPRESSIONS[kind] ?? value.toString();
  }
  if (name === 'checksum' && (value & 0x100n) !== 0n) {
    return `${CHECKSUMS[Number(value & 0xffn)] ?? '?'},verify`;
  }
  if (names !== undefined && value < BigInt(names.length)) return names[Number(value)];
  return value.toString();
}

function zstdName(level: number): string {
  if (level <= 19) return `zstd-${level}`;
  if (level < 101) return 'zstd';
  const fast = level - 100;
  return `zstd-fast-${fast <= 10 ? fast : (fast - 9) * 10}`;
}

/** Set on that dataset itself, as a value or as a received one. */
function own(dataset: Dataset, name: string): PropertyValue | undefined {
  const object = dataset.isSnapshot
    ? dataset.dataset.propertiesZap
    : dataset.directory.propertiesZap;
  if (object === 0) return undefined;
  const zap = new Zap(dataset.pool.mos.dnode(object));
  const local = zap.get(name);
  if (local !== undefined) {
    return { value: display(name, local), source: 'local', from: dataset.name };
  }
  if (zap.get(`${name}$inherit`) !== undefined) return undefined;
  const received = zap.get(`${name}$recvd`);
  if (received !== undefined) {
    return { value: display(name, received), source: 'received', from: dataset.name };
  }
  return undefined;
}

export function property(dataset: Dataset, name: string): PropertyValue | undefined {
  const value = own(dataset, name);
  if (value !== undefined) return value;
  if (NOT_INHERITED.indexOf(name) < 0) {
    for (let at = dataset.parent; at !== null; at = at.parent) {
      const inherited = own(at, name);
      if (inherited !== undefined) {
        return { value: inherited.value, source: 'inherited', from: at.name };
      }
    }
  }
  const otherwise = DEFAULTS.get(name);
  return otherwise === undefined ? undefined : { value: otherwise, source: 'default', from: '' };
}

/** Names of the properties that are set on a dataset. */
export function ownProperties(dataset: Dataset): string[] {
  const object = dataset.isSnapshot
    ? dataset.dataset.propertiesZap
    : dataset.directory.propertiesZap;
  const out: string[] = [];
  if (object === 0) return out;
  for (const entry of new Zap(dataset.pool.mos.dnode(object)).entries()) {
    const at = entry.name.indexOf('$');
    const name = at < 0 ? entry.name : entry.name.slice(0, at);
    if (out.indexOf(name) < 0) out.push(name);
  }
  out.sort();
  return out;
}

/** Where a file system is mounted by default, or undefined for none, legacy and off. */
export function mountPoint(dataset: Dataset): string | undefined {
  const can = property(dataset, 'canmount');
  if (can !== undefined && can.value === 'off') return undefined;
  let suffix = '';
  let at: Dataset | null = dataset;
  while (at !== null) {
    const set = own(at, 'mountpoint');
    if (set !== undefined) {
      if (set.value === 'none' || set.value === 'legacy') return undefined;
      return (set.value === '/' && suffix !== '' ? '' : set.value) + suffix;
    }
    if (at.parent === null) return `/${at.name}${suffix}`;
    suffix = at.name.slice(at.parent.name.length) + suffix;
    at = at.parent;
  }
  return undefined;
}
