/** Attributes of new files in the layouts that this writer registers. */
import { ZfsError } from '../errors.js';
import { bytesOf } from '../view.js';
import { setInt } from './tree.js';

export const LAYOUT_PLAIN = 2;
export const LAYOUT_LINK = 3;
/** Attribute numbers in on-disk order. */
export const PLAIN_ORDER: readonly number[] = [5, 6, 4, 12, 13, 7, 11, 0, 1, 2, 3, 8, 16, 19];
export const LINK_ORDER: readonly number[] = [5, 6, 4, 12, 13, 7, 11, 0, 1, 2, 3, 8, 16, 19, 17];
/** Name, length in bytes (0 variable), and how a foreign byte order is turned. The index is the number. */
export const REGISTRY: readonly (readonly [string, number, number])[] = [
  ['ZPL_ATIME', 16, 0],
  ['ZPL_MTIME', 16, 0],
  ['ZPL_CTIME', 16, 0],
  ['ZPL_CRTIME', 16, 0],
  ['ZPL_GEN', 8, 0],
  ['ZPL_MODE', 8, 0],
  ['ZPL_SIZE', 8, 0],
  ['ZPL_PARENT', 8, 0],
  ['ZPL_LINKS', 8, 0],
  ['ZPL_XATTR', 8, 0],
  ['ZPL_RDEV', 8, 0],
  ['ZPL_FLAGS', 8, 0],
  ['ZPL_UID', 8, 0],
  ['ZPL_GID', 8, 0],
  ['ZPL_PAD', 32, 0],
  ['ZPL_ZNODE_ACL', 88, 3],
  ['ZPL_DACL_COUNT', 8, 0],
  ['ZPL_SYMLINK', 0, 3],
  ['ZPL_SCANSTAMP', 32, 3],
  ['ZPL_DACL_ACES', 0, 4],
  ['ZPL_DXATTR', 0, 3],
  ['ZPL_PROJID', 8, 0],
];

const SA_MAGIC = 0x2f505a;
const FLAGS_FILE = 0x40800000004n;
const FLAGS_DIRECTORY = 0x40800000144n;
const ACES = 3;
export const MAX_LINK_BYTES = 144;

/** Access-control entries that say the same as the mode: owner, group, everyone. */
function aces(mode: number, isDirectory: boolean): Uint8Array {
  const out = new Uint8Array(ACES * 8);
  const data = new DataView(out.buffer);
  for (let i = 0; i < ACES; i++) {
    const bits = (mode >> (6 - 3 * i)) & 7;
    let mask = i === 0 ? 0x1e0188 : 0x120088;
    if ((bits & 4) !== 0) mask |= 0x1;
    if ((bits & 2) !== 0) mask |= isDirectory ? 0x56 : 0x16;
    if ((bits & 1) !== 0) mask |= 0x20;
    data.setUint16(i * 8 + 2, i === 0 ? 0x1000 : i === 1 ? 0x2040 : 0x4000, true);
    data.setUint32(i * 8 + 4, mask, true);
  }
  return out;
}

export interface NewNode {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly parent: number;
  readonly txg: number;
  readonly nowSeconds: number;
  readonly links: number;
  readonly sizeBytes: number;
  readonly target: string | undefined;
}

export function znodeBonus(node: NewNode): Uint8Array {
  const target = node.target === undefined ? undefined : bytesOf(node.target);
  const header = target === undefined ? 8 : 16;
  const out = new Uint8Array(header + 160 + (target === undefined ? 0 : target.length));
  const data = new DataView(out.buffer);
  data.setUint32(0, SA_MAGIC, true);
  const layout = target === undefined ? LAYOUT_PLAIN : LAYOUT_LINK;
  data.setUint16(4, layout | ((header / 8) << 10), true);
  data.setUint16(6, ACES * 8, true);
  if (target !== undefined) data.setUint16(8, target.length, true);
  const isDirectory = (node.mode & 0xf000) === 0x4000;
  setInt(data, header, node.mode);
  setInt(data, header + 8, node.sizeBytes);
  setInt(data, header + 16, node.txg);
  setInt(data, header + 24, node.uid);
  setInt(data, header + 32, node.gid);
  setInt(data, header + 40, node.parent);
  data.setBigUint64(header + 48, isDirectory ? FLAGS_DIRECTORY : FLAGS_FILE, true);
  for (let i = 0; i < 4; i++) setInt(data, header + 56 + i * 16, node.nowSeconds);
  setInt(data, header + 120, node.links);
  setInt(data, header + 128, ACES);
  out.set(aces(node.mode, isDirectory), header + 136);
  if (target !== undefined) out.set(target, header + 160);
  return out;
}

/** Where a number sits in a bonus buffer that this writer made. */
export function fieldAt(
  bonus: Uint8Array,
  field: 'size' | 'links' | 'parent' | 'mtime' | 'ctime',
): number {
  const layout = bonus[4] | ((bonus[5] & 3) << 8);
  if (layout !== LAYOUT_PLAIN && layout !== LAYOUT_LINK) {
    throw new ZfsError('unsupported', 'changing a file whose attributes have another layout');
  }
  const header = layout === LAYOUT_LINK ? 16 : 8;
  switch (field) {
    case 'size':
      return header + 8;
    case 'links':
      return header + 120;
    case 'parent':
      return header + 40;
    case 'mtime':
      return header + 72;
    default:
      return header + 88;
  }
}
