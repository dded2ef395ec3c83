/**
 * What a file knows of itself, in one shape for both of the formats: the fixed znode of file-system versions 1 to 4, and
 * system attributes (version 5), whose layouts are tables in the dataset itself.
 */
import type { DataObject, ObjectSource } from '../dmu/object-source.js';

import { Zap } from '../dmu/zap.js';
import { corrupt } from '../errors.js';
import { OT_SA, OT_ZNODE } from '../pool/object-types.js';
import { textOf, type View } from '../view.js';

const SA_MAGIC = 0x2f505a;
const ZNODE_BYTES = 264;

export class NodeAttributes {
  mode = 0;
  sizeBytes = 0;
  links = 0;
  uid = 0;
  gid = 0;
  parent = 0;
  generation = 0;
  flags = 0;
  rdev = 0n;
  projectId = 0;
  /** Object of the extended-attribute directory, or 0. */
  xattrObject = 0;
  accessSeconds = 0;
  accessNs = 0;
  modifySeconds = 0;
  modifyNs = 0;
  changeSeconds = 0;
  changeNs = 0;
  birthSeconds = 0;
  birthNs = 0;
  /** Target kept beside the attributes; undefined when it is in the file's data. */
  symlink: string | undefined = undefined;
  /** Packed list of extended attributes. */
  dxattr: Uint8Array | undefined = undefined;
  /** Access-control entries as stored. */
  acl: Uint8Array | undefined = undefined;

  copy(): NodeAttributes {
    const out = new NodeAttributes();
    out.mode = this.mode;
    out.sizeBytes = this.sizeBytes;
    out.links = this.links;
    out.uid = this.uid;
    out.gid = this.gid;
    out.parent = this.parent;
    out.generation = this.generation;
    out.flags = this.flags;
    out.rdev = this.rdev;
    out.projectId = this.projectId;
    out.xattrObject = this.xattrObject;
    out.accessSeconds = this.accessSeconds;
    out.accessNs = this.accessNs;
    out.modifySeconds = this.modifySeconds;
    out.modifyNs = this.modifyNs;
    out.changeSeconds = this.changeSeconds;
    out.changeNs = this.changeNs;
    out.birthSeconds = this.birthSeconds;
    out.birthNs = this.birthNs;
    out.symlink = this.symlink;
    out.dxattr = this.dxattr;
    out.acl = this.acl;
    return out;
  }
}

/** Seconds may be negative: times before 1970. */
function seconds(view: View, at: number): number {
  const value = BigInt.asIntN(64, view.u64(at));
  if (value > 9007199254740991n || value < -9007199254740991n) return 0;
  return Number(value);
}

class Attribute {
  readonly name: string;
  /** 0: variable. */
  readonly sizeBytes: number;
  constructor(name: string, sizeBytes: number) {
    this.name = name;
    this.sizeBytes = sizeBytes;
  }
}

export class AttributeReader {
  readonly #registry: Map<number, Attribute> = new Map();
  readonly #layouts: Map<number, number[]> = new Map();

  /** `attributes` is the object that the master node names SA_ATTRS; 0 for old file systems. */
  constructor(set: ObjectSource, attributes: number) {
    if (attributes === 0) return;
    const master = new Zap(set.dnode(attributes));
    const registry = master.number('REGISTRY');
    const layouts = master.number('LAYOUTS');
    if (registry === undefined || layouts === undefined)
      throw corrupt('system attributes have no tables');
    for (const entry of new Zap(set.dnode(registry)).entries()) {
      const value = entry.number;
      const length = Math.trunc(value / 16777216) % 65536;
      this.#registry.set(value % 65536, new Attribute(entry.name, length));
    }
    for (const entry of new Zap(set.dnode(layouts)).entries()) {
      let number = 0;
      for (let i = 0; i < entry.name.length; i++) {
        number = number * 10 + (entry.name.charCodeAt(i) - 48);
      }
      const order: number[] = [];
      for (let i = 0; i < entry.count; i++) order.push(entry.integer(i));
      this.#layouts.set(number, order);
    }
  }

  read(dnode: DataObject): NodeAttributes {
    const out = new NodeAttributes();
    if (dnode.bonusType === OT_SA) {
      this.#readSystem(dnode.bonus, out);
      const spill = dnode.readSpill();
      if (spill !== null) this.#readSystem(spill, out);
      return out;
    }
    if (dnode.bonusType === OT_ZNODE) {
      readZnode(dnode, out);
      return out;
    }
    throw corrupt(`object ${dnode.object} is not a file`);
  }

  #readSystem(view: View, out: NodeAttributes): void {
    if (view.length < 8) return;
    if (view.u32(0) !== SA_MAGIC) throw corrupt('system attributes have a bad magic number');
    const info = view.u16(4);
    const order = this.#layouts.get(info & 0x3ff);
    if (order === undefined) throw corrupt('system attributes have an unknown layout');
    let at = (info >>> 10) * 8;
    let variable = 0;
    for (const number of order) {
      const attribute = this.#registry.get(number);
      if (attribute === undefined) throw corrupt('a system attribute is not registered');
      let size = attribute.sizeBytes;
      if (size === 0) {
        size = view.u16(6 + variable * 2);
        variable++;
      }
      setAttribute(out, attribute.name, view.sub(at, size));
      at = (at + size + 7) & ~7;
    }
  }
}

function setAttribute(out: NodeAttributes, name: string, value: View): void {
  if (value.length === 0) return;
  switch (name) {
    case 'ZPL_MODE':
      out.mode = value.low(0);
      break;
    case 'ZPL_SIZE':
      out.sizeBytes = value.clamped(0);
      break;
    case 'ZPL_LINKS':
      out.links = value.clamped(0);
      break;
    case 'ZPL_UID':
      out.uid = value.low(0);
      break;
    case 'ZPL_GID':
      out.gid = value.low(0);
      break;
    case 'ZPL_PARENT':
      out.parent = value.clamped(0);
      break;
    case 'ZPL_GEN':
      out.generation = value.clamped(0);
      break;
    case 'ZPL_FLAGS':
      out.flags = value.clamped(0);
      break;
    case 'ZPL_RDEV':
      out.rdev = value.u64(0);
      break;
    case 'ZPL_PROJID':
      out.projectId = value.clamped(0);
      break;
    case 'ZPL_XATTR':
      out.xattrObject = value.clamped(0);
      break;
    case 'ZPL_ATIME':
      out.accessSeconds = seconds(value, 0);
      out.accessNs = value.clamped(8);
      break;
    case 'ZPL_MTIME':
      out.modifySeconds = seconds(value, 0);
      out.modifyNs = value.clamped(8);
      break;
    case 'ZPL_CTIME':
      out.changeSeconds = seconds(value, 0);
      out.changeNs = value.clamped(8);
      break;
    case 'ZPL_CRTIME':
      out.birthSeconds = seconds(value, 0);
      out.birthNs = value.clamped(8);
      break;
    case 'ZPL_SYMLINK':
      out.symlink = textOf(value.bytes);
      break;
    case 'ZPL_DXATTR':
      out.dxattr = value.bytes;
      break;
    case 'ZPL_DACL_ACES':
      out.acl = value.bytes;
      break;
    default:
      break;
  }
}

/**
 * 0 atime, 16 mtime, 32 ctime, 48 crtime, 64 generation, 72 mode, 80 size, 88 parent, 96 links, 104 xattr, 112 rdev,
 * 120 flags, 128 uid, 136 gid, 144 spare, 176 ACL; a short symlink target follows at 264.
 */
function readZnode(dnode: DataObject, out: NodeAttributes): void {
  const view = dnode.bonus;
  if (view.length < ZNODE_BYTES) throw corrupt(`object ${dnode.object} has a short znode`);
  out.accessSeconds = seconds(view, 0);
  out.accessNs = view.clamped(8);
  out.modifySeconds = seconds(view, 16);
  out.modifyNs = view.clamped(24);
  out.changeSeconds = seconds(view, 32);
  out.changeNs = view.clamped(40);
  out.birthSeconds = seconds(view, 48);
  out.birthNs = view.clamped(56);
  out.generation = view.clamped(64);
  out.mode = view.low(72);
  out.sizeBytes = view.clamped(80);
  out.parent = view.clamped(88);
  out.links = view.clamped(96);
  out.xattrObject = view.clamped(104);
  out.rdev = view.u64(112);
  out.flags = view.clamped(120);
  out.uid = view.low(128);
  out.gid = view.low(136);
  const isLink = (out.mode & 0xf000) === 0xa000;
  if (isLink && ZNODE_BYTES + out.sizeBytes <= view.length) {
    out.symlink = textOf(view.slice(ZNODE_BYTES, out.sizeBytes));
  }
}
