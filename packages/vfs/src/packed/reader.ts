/**
 * Reads records of a packed image. The image may be hostile: every method answers a value within range or `INVALID`.
 */
import { bytesToString, type bytestr, dataView } from '../bytes.js';
import { PAGE_BYTES } from '../limits.js';
import {
  ENTRY_BYTES,
  ENTRY_NAME,
  ENTRY_NAME_BYTES,
  ENTRY_NODE,
  HALF,
  HEADER_BYTES,
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
  PACKED_MAGIC_HIGH,
  PACKED_MAGIC_LOW,
  PACKED_VERSION,
} from './layout.js';

/** The answer of every reader for a field that cannot be right. */
export const INVALID = -1;

export class PackedReader {
  readonly bytes: Uint8Array;
  readonly nodes: number;
  readonly entries: number;
  private readonly view: DataView;
  private readonly nodeTable: number;
  private readonly entryTable: number;
  private readonly text: number;
  private readonly textBytes: number;

  private constructor(
    bytes: Uint8Array,
    view: DataView,
    nodes: number,
    entries: number,
    nodeTable: number,
    entryTable: number,
    text: number,
    textBytes: number,
  ) {
    this.bytes = bytes;
    this.view = view;
    this.nodes = nodes;
    this.entries = entries;
    this.nodeTable = nodeTable;
    this.entryTable = entryTable;
    this.text = text;
    this.textBytes = textBytes;
  }

  /** A reader, or what is wrong with the image. */
  static open(bytes: Uint8Array): PackedReader | string {
    if (bytes.length < HEADER_BYTES) return 'shorter than its header';
    const view = dataView(bytes);
    if (
      view.getUint32(0, true) !== PACKED_MAGIC_LOW ||
      view.getUint32(4, true) !== PACKED_MAGIC_HIGH
    ) {
      return 'not a packed file system';
    }
    if (view.getUint32(HEADER_VERSION, true) !== PACKED_VERSION) return 'of an unknown version';
    if (view.getUint32(HEADER_PAGE_BYTES, true) !== PAGE_BYTES) return 'of another page size';
    const imageBytes = wide(view, HEADER_IMAGE_BYTES);
    if (imageBytes === INVALID || imageBytes > bytes.length) return 'cut short';
    const nodes = view.getUint32(HEADER_NODES, true);
    const entries = view.getUint32(HEADER_ENTRIES, true);
    const nodeTable = wide(view, HEADER_NODE_TABLE);
    const entryTable = wide(view, HEADER_ENTRY_TABLE);
    const text = wide(view, HEADER_TEXT);
    const textBytes = wide(view, HEADER_TEXT_BYTES);
    const content = wide(view, HEADER_CONTENT);
    if (nodes < 1) return 'without a root directory';
    if (!fits(nodeTable, nodes * NODE_BYTES, imageBytes)) return 'with a node table outside of it';
    if (!fits(entryTable, entries * ENTRY_BYTES, imageBytes))
      return 'with an entry table outside of it';
    if (!fits(text, textBytes, imageBytes)) return 'with names outside of it';
    if (!fits(content, 0, imageBytes)) return 'with content outside of it';
    const image = bytes.subarray(0, imageBytes);
    return new PackedReader(image, view, nodes, entries, nodeTable, entryTable, text, textBytes);
  }

  hasNode(node: number): boolean {
    return node >= 1 && node <= this.nodes;
  }

  /** A 32-bit field of a node. Precondition: `hasNode(node)`. */
  node32(node: number, field: number): number {
    return this.view.getUint32(this.nodeTable + (node - 1) * NODE_BYTES + field, true);
  }

  /** A 64-bit field of a node, or INVALID above 2^53. Precondition: `hasNode(node)`. */
  node64(node: number, field: number): number {
    return wide(this.view, this.nodeTable + (node - 1) * NODE_BYTES + field);
  }

  /** A signed 64-bit number of seconds, 0 if it is out of range. Precondition: `hasNode(node)`. */
  nodeSeconds(node: number, field: number): number {
    const at = this.nodeTable + (node - 1) * NODE_BYTES + field;
    const high = this.view.getInt32(at + 4, true);
    if (high < -2097152 || high > 2097151) return 0;
    return high * HALF + this.view.getUint32(at, true);
  }

  /** The node that an entry names, or INVALID. Precondition: `entry < entries`. */
  entryNode(entry: number): number {
    const node = this.view.getUint32(this.entryTable + entry * ENTRY_BYTES + ENTRY_NODE, true);
    return this.hasNode(node) ? node : INVALID;
  }

  /** The name of an entry, or undefined. Precondition: `entry < entries`. */
  entryName(entry: number): bytestr | undefined {
    const at = this.entryTable + entry * ENTRY_BYTES;
    const offset = this.view.getUint32(at + ENTRY_NAME, true);
    const length = this.view.getUint16(at + ENTRY_NAME_BYTES, true);
    if (length === 0 || length > 255) return undefined;
    const name = this.textAt(offset, length);
    if (name === undefined || name === '.' || name === '..') return undefined;
    if (name.indexOf('/') >= 0 || name.indexOf('\0') >= 0) return undefined;
    return name;
  }

  textAt(offset: number, length: number): bytestr | undefined {
    if (!fits(offset, length, this.textBytes)) return undefined;
    const start = this.text + offset;
    return bytesToString(this.bytes, start, start + length);
  }

  /** Compares a name with that of an entry without making a string: negative, zero, positive; a bad entry sorts last. */
  compareName(name: bytestr, entry: number): number {
    const at = this.entryTable + entry * ENTRY_BYTES;
    const offset = this.view.getUint32(at + ENTRY_NAME, true);
    const length = this.view.getUint16(at + ENTRY_NAME_BYTES, true);
    if (!fits(offset, length, this.textBytes)) return -1;
    const start = this.text + offset;
    const shared = length < name.length ? length : name.length;
    for (let index = 0; index < shared; index++) {
      const difference = name.charCodeAt(index) - this.bytes[start + index];
      if (difference !== 0) return difference;
    }
    return name.length - length;
  }
}

/** A 64-bit unsigned field as an int, or INVALID from 2^53 on. Precondition: the 8 bytes are inside. */
function wide(view: DataView, offset: number): number {
  const high = view.getUint32(offset + 4, true);
  if (high >= 2097152) return INVALID;
  return high * HALF + view.getUint32(offset, true);
}

/** `[start, start + length)` lies within `[0, limit)`; overflow-proof. */
export function fits(start: number, length: number, limit: number): boolean {
  return start >= 0 && length >= 0 && length <= limit && start <= limit - length;
}
