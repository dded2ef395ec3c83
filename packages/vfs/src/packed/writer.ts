/**
 * Writes packed images. Pure: the bytes depend on the items alone, whatever their order.
 *
 * `planPack` answers the bytes before the content and where each content goes, so that a large image can be streamed;
 * `packImage` puts it all into one array.
 */
import { type bytestr, compareBytes, copyStringTo } from '../bytes.js';
import { NAME_BYTES_MAX, PAGE_BYTES, PATH_BYTES_MAX } from '../limits.js';
import { PERMISSION_BITS, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../modes.js';
import {
  ENTRY_BYTES,
  ENTRY_NAME,
  ENTRY_NAME_BYTES,
  ENTRY_NODE,
  HALF,
  HEADER_CONTENT,
  HEADER_ENTRIES,
  HEADER_ENTRY_TABLE,
  HEADER_IMAGE_BYTES,
  HEADER_NODE_TABLE,
  HEADER_NODES,
  HEADER_PAGE_BYTES,
  HEADER_TEXT,
  HEADER_TEXT_BYTES,
  HEADER_VERSION,
  NODE_BYTES,
  NODE_COUNT,
  NODE_DEVICE,
  NODE_GID,
  NODE_LINKS,
  NODE_MODE,
  NODE_MTIME,
  NODE_MTIME_NS,
  NODE_POSITION,
  NODE_SIZE,
  NODE_UID,
  PACKED_MAGIC_HIGH,
  PACKED_MAGIC_LOW,
  PACKED_VERSION,
} from './layout.js';

/** One thing to pack. Directories above it that are not given are made with mode 0755. */
export class PackItem {
  /** Absolute, without '.' and '..'; '/' sets the attributes of the root. */
  readonly path: bytestr;
  /** Type and permissions. */
  readonly mode: number;
  uid = 0;
  gid = 0;
  mtimeSeconds = 0;
  mtimeNanoseconds = 0;
  /** Device number, for device nodes. */
  device = 0;
  /** Size of a regular file. */
  size = 0;
  /** Target of a symbolic link. */
  target: bytestr = '';
  /** Path of the item that this is another name of; all else but `path` is then ignored. */
  hardLinkTo: bytestr = '';
  /** Content of a regular file for `packImage`; undefined means that the caller streams it. */
  content: Uint8Array | undefined = undefined;

  constructor(path: bytestr, mode: number) {
    this.path = path;
    this.mode = mode;
  }
}

export class PackedContent {
  readonly item: PackItem;
  readonly offset: number;

  constructor(item: PackItem, offset: number) {
    this.item = item;
    this.offset = offset;
  }
}

export class PackPlan {
  /** Everything before the content. */
  readonly head: Uint8Array;
  /** Files in the order of their offsets; each is followed by zeros up to a page boundary. */
  readonly contents: PackedContent[];
  readonly imageBytes: number;

  constructor(head: Uint8Array, contents: PackedContent[], imageBytes: number) {
    this.head = head;
    this.contents = contents;
    this.imageBytes = imageBytes;
  }
}

/** Why an item cannot be packed. */
export class PackError {
  readonly path: bytestr;
  readonly reason: string;

  constructor(path: bytestr, reason: string) {
    this.path = path;
    this.reason = reason;
  }
}

class Name {
  readonly name: bytestr;
  readonly node: TreeNode;

  constructor(name: bytestr, node: TreeNode) {
    this.name = name;
    this.node = node;
  }
}

class TreeNode {
  item: PackItem;
  number = 0;
  links = 0;
  firstEntry = 0;
  offset = 0;
  readonly names: Name[] = [];
  private readonly byName = new Map<bytestr, TreeNode>();

  constructor(item: PackItem) {
    this.item = item;
  }

  isDirectory(): boolean {
    return (this.item.mode & S_IFMT) === S_IFDIR;
  }

  child(name: bytestr): TreeNode | undefined {
    return this.byName.get(name);
  }

  add(name: bytestr, node: TreeNode): void {
    this.byName.set(name, node);
    this.names.push(new Name(name, node));
  }
}

class Packer {
  readonly root: TreeNode = new TreeNode(new PackItem('/', S_IFDIR | 0o755));
  private readonly nodes: TreeNode[] = [];
  private entryCount = 0;
  private textBytes = 0;

  /** The components of a path, or undefined if it is not a plain absolute one. */
  private split(path: bytestr): bytestr[] | undefined {
    if (path.length === 0 || path.charCodeAt(0) !== 47 || path.length >= PATH_BYTES_MAX)
      return undefined;
    const parts: bytestr[] = [];
    if (path === '/') return parts;
    let start = 1;
    while (start <= path.length) {
      let end = path.indexOf('/', start);
      if (end < 0) end = path.length;
      const part = path.slice(start, end);
      if (part.length === 0 || part.length > NAME_BYTES_MAX || part === '.' || part === '..')
        return undefined;
      if (part.indexOf('\0') >= 0) return undefined;
      parts.push(part);
      start = end + 1;
    }
    return parts;
  }

  place(item: PackItem): PackError | undefined {
    const parts = this.split(item.path);
    if (parts === undefined) return new PackError(item.path, 'not a plain absolute path');
    if (parts.length === 0) {
      if ((item.mode & S_IFMT) !== S_IFDIR)
        return new PackError(item.path, 'the root must be a directory');
      this.root.item = item;
      return undefined;
    }
    let at = this.root;
    for (let index = 0; index < parts.length - 1; index++) {
      let next = at.child(parts[index]);
      if (next === undefined) {
        next = new TreeNode(new PackItem('', S_IFDIR | 0o755));
        at.add(parts[index], next);
      }
      if (!next.isDirectory()) return new PackError(item.path, 'its parent is not a directory');
      at = next;
    }
    const name = parts[parts.length - 1];
    const present = at.child(name);
    if (item.hardLinkTo.length > 0) {
      if (present !== undefined) return new PackError(item.path, 'given twice');
      const target = this.find(item.hardLinkTo);
      if (target === undefined || target.isDirectory())
        return new PackError(item.path, 'hard link to nothing');
      at.add(name, target);
      return undefined;
    }
    if (present !== undefined) {
      // A directory made on the way gets its attributes now.
      if (
        present.isDirectory() &&
        present.item.path.length === 0 &&
        (item.mode & S_IFMT) === S_IFDIR
      ) {
        present.item = item;
        return undefined;
      }
      return new PackError(item.path, 'given twice');
    }
    at.add(name, new TreeNode(item));
    return undefined;
  }

  private find(path: bytestr): TreeNode | undefined {
    const parts = this.split(path);
    if (parts === undefined) return undefined;
    let at: TreeNode | undefined = this.root;
    for (let index = 0; index < parts.length && at !== undefined; index++)
      at = at.child(parts[index]);
    return at;
  }

  /** Numbers the nodes breadth first (a child directory always has a higher number than its parent) and counts. */
  private number(): void {
    this.nodes.push(this.root);
    this.root.number = 1;
    this.root.links = 2;
    for (let index = 0; index < this.nodes.length; index++) {
      const node = this.nodes[index];
      if ((node.item.mode & S_IFMT) === S_IFLNK) this.textBytes += node.item.target.length;
      if (!node.isDirectory()) continue;
      node.names.sort((a, b) => compareBytes(a.name, b.name));
      node.firstEntry = this.entryCount;
      this.entryCount += node.names.length;
      for (let entry = 0; entry < node.names.length; entry++) {
        const child = node.names[entry].node;
        this.textBytes += node.names[entry].name.length;
        child.links++;
        if (child.isDirectory()) {
          child.links = 2;
          node.links++;
        }
        if (child.number !== 0) continue;
        this.nodes.push(child);
        child.number = this.nodes.length;
      }
    }
  }

  plan(): PackPlan {
    this.number();
    const nodeTable = PAGE_BYTES;
    const entryTable = nodeTable + this.nodes.length * NODE_BYTES;
    const text = entryTable + this.entryCount * ENTRY_BYTES;
    const content = roundUp(text + this.textBytes);
    const head = new Uint8Array(content);
    const view = new DataView(head.buffer);
    const contents: PackedContent[] = [];
    let imageBytes = content;
    for (let index = 0; index < this.nodes.length; index++) {
      const node = this.nodes[index];
      if ((node.item.mode & S_IFMT) !== S_IFREG) continue;
      node.offset = imageBytes;
      if (node.item.size > 0) contents.push(new PackedContent(node.item, imageBytes));
      imageBytes += roundUp(node.item.size);
    }
    view.setUint32(0, PACKED_MAGIC_LOW, true);
    view.setUint32(4, PACKED_MAGIC_HIGH, true);
    view.setUint32(HEADER_VERSION, PACKED_VERSION, true);
    view.setUint32(HEADER_PAGE_BYTES, PAGE_BYTES, true);
    setWide(view, HEADER_IMAGE_BYTES, imageBytes);
    view.setUint32(HEADER_NODES, this.nodes.length, true);
    view.setUint32(HEADER_ENTRIES, this.entryCount, true);
    setWide(view, HEADER_NODE_TABLE, nodeTable);
    setWide(view, HEADER_ENTRY_TABLE, entryTable);
    setWide(view, HEADER_TEXT, text);
    setWide(view, HEADER_TEXT_BYTES, this.textBytes);
    setWide(view, HEADER_CONTENT, content);
    let textUsed = 0;
    for (let index = 0; index < this.nodes.length; index++) {
      const node = this.nodes[index];
      const item = node.item;
      const at = nodeTable + index * NODE_BYTES;
      const type = item.mode & S_IFMT;
      view.setUint32(at + NODE_MODE, type | (item.mode & PERMISSION_BITS), true);
      view.setUint32(at + NODE_LINKS, node.links, true);
      view.setUint32(at + NODE_UID, item.uid, true);
      view.setUint32(at + NODE_GID, item.gid, true);
      setWide(view, at + NODE_MTIME, item.mtimeSeconds);
      view.setUint32(at + NODE_MTIME_NS, item.mtimeNanoseconds, true);
      view.setUint32(at + NODE_DEVICE, item.device, true);
      if (type === S_IFREG) {
        setWide(view, at + NODE_SIZE, item.size);
        setWide(view, at + NODE_POSITION, node.offset);
      } else if (type === S_IFLNK) {
        setWide(view, at + NODE_SIZE, item.target.length);
        setWide(view, at + NODE_POSITION, textUsed);
        textUsed += copyStringTo(item.target, head, text + textUsed);
      } else if (type === S_IFDIR) {
        setWide(view, at + NODE_POSITION, node.firstEntry);
        view.setUint32(at + NODE_COUNT, node.names.length, true);
        for (let entry = 0; entry < node.names.length; entry++) {
          const where = entryTable + (node.firstEntry + entry) * ENTRY_BYTES;
          const name = node.names[entry].name;
          view.setUint32(where + ENTRY_NAME, textUsed, true);
          view.setUint16(where + ENTRY_NAME_BYTES, name.length, true);
          view.setUint32(where + ENTRY_NODE, node.names[entry].node.number, true);
          textUsed += copyStringTo(name, head, text + textUsed);
        }
      }
    }
    return new PackPlan(head, contents, imageBytes);
  }
}

function roundUp(bytes: number): number {
  return Math.trunc((bytes + PAGE_BYTES - 1) / PAGE_BYTES) * PAGE_BYTES;
}

/** Writes a 64-bit field; negative values as two's complement. */
function setWide(view: DataView, offset: number, value: number): void {
  const high = Math.floor(value / HALF);
  view.setUint32(offset, value - high * HALF, true);
  view.setInt32(offset + 4, high, true);
}

/** Lays an image out. Items are sorted by path first; hard links are placed after all else. */
export function planPack(items: PackItem[]): PackPlan | PackError {
  const sorted = items.slice();
  sorted.sort((a, b) => {
    const aLink = a.hardLinkTo.length > 0 ? 1 : 0;
    const bLink = b.hardLinkTo.length > 0 ? 1 : 0;
    return aLink !== bLink ? aLink - bLink : compareBytes(a.path, b.path);
  });
  const packer = new Packer();
  for (let index = 0; index < sorted.length; index++) {
    const error = packer.place(sorted[index]);
    if (error !== undefined) return error;
  }
  return packer.plan();
}

/** The whole image as bytes; every regular file must carry its content. */
export function packImage(items: PackItem[]): Uint8Array | PackError {
  for (let index = 0; index < items.length; index++) {
    const item = items[index];
    if (item.content !== undefined) item.size = item.content.length;
    else if ((item.mode & S_IFMT) === S_IFREG && item.hardLinkTo.length === 0 && item.size > 0) {
      return new PackError(item.path, 'without content');
    }
  }
  const plan = planPack(items);
  if (plan instanceof PackError) return plan;
  const image = new Uint8Array(plan.imageBytes);
  image.set(plan.head, 0);
  for (let index = 0; index < plan.contents.length; index++) {
    const placed = plan.contents[index];
    const content = placed.item.content;
    if (content !== undefined) image.set(content, placed.offset);
  }
  return image;
}
