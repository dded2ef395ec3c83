/**
 * blkfront. `submit`, `wait` and `done` have the shape of zfs' `BlockDevice`. Data goes through slots of pages: with
 * persistent grants they stay granted for the life of the connection, without them each request grants its pages and
 * revokes them when the answer is here. A revocation that fails means that the backend still holds our page: the
 * connection ends, and the page is kept until it can be revoked.
 */
import {
  BLOCK_INFO_READ_ONLY,
  BLOCK_OK,
  BLOCK_SECTOR_BYTES,
  BLOCK_SEGMENTS_DIRECT,
  BLOCK_SEGMENTS_PER_PAGE,
  BLOCK_SLOT_BYTES,
  BlockOperation,
} from './block-protocol.js';
import { XenFaultKind } from './fault.js';
import { PAGE_BYTES, store53 } from './memory.js';
import { FrontRing } from './ring.js';
import { XenbusLink, XenbusState, type XenPlatform } from './xenbus.js';

export interface BlockRead {
  readonly kind: 'read';
  readonly offsetBytes: number;
  /** Borrowed until the ticket is done. */
  readonly bytes: Uint8Array;
}

export interface BlockWrite {
  readonly kind: 'write';
  readonly offsetBytes: number;
  /** Borrowed until the ticket is done. */
  readonly bytes: Uint8Array;
}

export interface BlockDiscard {
  readonly kind: 'discard';
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

export interface BlockFlush {
  readonly kind: 'flush';
}

export type BlockWork = BlockRead | BlockWrite | BlockDiscard | BlockFlush;
export type BlockResult = 'ok' | 'error' | 'gone' | 'read-only';

export interface BlockFrontOptions {
  /** `device/vbd/51712`, relative to the domain's folder. */
  readonly path: string;
  /** Ring of 2^order pages, if the backend takes it. */
  readonly ringOrderMax: number;
  readonly slotCount: number;
  /** Pages of data a request carries; more than 11 need indirect segments. */
  readonly pagesPerSlot: number;
  readonly usePersistentGrants: boolean;
}

const DISCARD_SECTORS_MAX = 0x400000;
const CAPACITY_LIMIT = 0x20000000000000;

class Batch {
  readonly ticket: number;
  remaining = 0;
  result: BlockResult = 'ok';

  constructor(ticket: number) {
    this.ticket = ticket;
  }
}

class Piece {
  readonly batch: Batch;
  readonly operation: BlockOperation;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  readonly bytes: Uint8Array;
  readonly start: number;

  constructor(
    batch: Batch,
    operation: BlockOperation,
    offsetBytes: number,
    lengthBytes: number,
    bytes: Uint8Array,
    start: number,
  ) {
    this.batch = batch;
    this.operation = operation;
    this.offsetBytes = offsetBytes;
    this.lengthBytes = lengthBytes;
    this.bytes = bytes;
    this.start = start;
  }
}

/** Pages of one request and their grants; -1 where none is out. */
class Slot {
  readonly data: number;
  readonly table: number;
  readonly refs: number[] = [];
  tableRef = -1;
  piece: Piece | undefined = undefined;

  constructor(data: number, table: number, pages: number) {
    this.data = data;
    this.table = table;
    for (let i = 0; i < pages; i += 1) this.refs.push(-1);
  }
}

const NO_BYTES: Uint8Array = new Uint8Array(0);

export class BlockFront {
  sizeBytes = 0;
  readOnly = false;
  sectorBytes: number = BLOCK_SECTOR_BYTES;
  canFlush = false;
  canDiscard = false;
  isPersistent = false;
  segmentsMax: number = BLOCK_SEGMENTS_DIRECT;
  ringPages = 1;
  readonly #platform: XenPlatform;
  readonly #options: BlockFrontOptions;
  #link: XenbusLink | undefined = undefined;
  #ring: FrontRing | undefined = undefined;
  #ringAddress = -1;
  readonly #ringRefs: number[] = [];
  #port = -1;
  readonly #slots: Slot[] = [];
  readonly #free: number[] = [];
  readonly #batches: Map<number, Batch> = new Map<number, Batch>();
  #pending: Piece[] = [];
  #pendingHead = 0;
  #inFlight = 0;
  #flushInFlight = false;
  #nextTicket = 1;

  private constructor(platform: XenPlatform, options: BlockFrontOptions) {
    this.#platform = platform;
    this.#options = options;
  }

  /** Undefined after a fault, which the sink has; everything taken is given back. */
  static open(platform: XenPlatform, options: BlockFrontOptions): BlockFront | undefined {
    const front = new BlockFront(platform, options);
    return front.reconnect() ? front : undefined;
  }

  isConnected(): boolean {
    return this.#ring !== undefined && this.#ring.fault === undefined;
  }

  stuckGrants(): number {
    return this.#platform.grants.stuckCount();
  }

  /** Connects again after a close, a backend restart or a resume. */
  reconnect(): boolean {
    if (this.#ring !== undefined) this.close();
    if (this.#connect()) return true;
    this.#link?.closeConnection(this.#platform.waiter);
    this.#release();
    return false;
  }

  /** Ends the connection; work that is out fails with `gone`. */
  close(): void {
    const link = this.#link;
    this.#failAll();
    if (link !== undefined) link.closeConnection(this.#platform.waiter);
    this.#release();
  }

  submit(batch: readonly BlockWork[]): number {
    const entry = new Batch(this.#nextTicket);
    this.#nextTicket += 1;
    this.#batches.set(entry.ticket, entry);
    for (const work of batch) this.#enqueue(entry, work);
    this.#issue();
    return entry.ticket;
  }

  done(ticket: number): boolean {
    this.poll();
    const batch = this.#batches.get(ticket);
    return batch === undefined || batch.remaining === 0;
  }

  wait(ticket: number): BlockResult {
    const batch = this.#batches.get(ticket);
    if (batch === undefined) return 'error';
    this.poll();
    while (batch.remaining > 0) {
      const ring = this.#ring;
      if (ring === undefined) break;
      if (!ring.enableEvents() && !this.#platform.waiter.waitForEvent()) {
        this.poll();
        if (batch.remaining > 0) this.#die(XenFaultKind.Timeout, this.#inFlight);
        break;
      }
      this.poll();
    }
    this.#batches.delete(ticket);
    return batch.result;
  }

  poll(): void {
    const ring = this.#ring;
    if (ring === undefined) return;
    for (let count = ring.pending(); count > 0; count -= 1) {
      if (!this.#finish(ring.takeResponseSlot())) return;
    }
    if (ring.fault !== undefined) {
      this.#failAll();
      return;
    }
    const state = this.#link === undefined ? XenbusState.Closed : this.#stateNow();
    if (state === XenbusState.Closing || state === XenbusState.Closed) {
      this.#die(XenFaultKind.PeerClosed, state);
      return;
    }
    this.#issue();
  }

  /** Looks at the store only when a watch event says that something changed. */
  #stateNow(): XenbusState {
    let changed = false;
    while (this.#platform.store.nextEvent() !== undefined) changed = true;
    return changed && this.#link !== undefined ? this.#link.otherState() : XenbusState.Connected;
  }

  #connect(): boolean {
    const { store, sink, waiter, grants, events, pages } = this.#platform;
    const link = XenbusLink.open(store, sink, this.#options.path, 'backend');
    if (link === undefined) return false;
    this.#link = link;
    link.setState(XenbusState.Initialising);
    if (!link.waitForOffer(waiter)) return false;
    const order = Math.min(
      Math.max(0, link.otherNumber('max-ring-page-order', 0)),
      this.#options.ringOrderMax,
      4,
    );
    this.ringPages = 1 << order;
    this.#ringAddress = pages.takePages(this.ringPages);
    this.#port = events.allocateUnbound(link.otherDomain);
    if (this.#ringAddress < 0 || this.#port < 0) return link.fail(XenFaultKind.NoMemory, order);
    const frame = this.#ringAddress / PAGE_BYTES;
    for (let i = 0; i < this.ringPages; i += 1) {
      const ref = grants.grant(link.otherDomain, Math.trunc(frame) + i, false);
      if (ref < 0) return link.fail(XenFaultKind.NoMemory, i);
      this.#ringRefs.push(ref);
    }
    const bytes = this.ringPages * PAGE_BYTES;
    const { memory } = this.#platform;
    const ring = new FrontRing(memory, this.#ringAddress, bytes, BLOCK_SLOT_BYTES, link.path, sink);
    ring.initialise(0);
    const written = store.transact(10, (transaction) => this.#announce(link, order, transaction));
    if (!written) return link.fail(XenFaultKind.BadStoreValue, 0);
    link.setState(XenbusState.Initialised);
    if (!link.waitForConnection(waiter)) return false;
    if (!this.#readBackend(link) || !this.#makeSlots(link)) return false;
    this.#ring = ring;
    return link.setState(XenbusState.Connected);
  }

  #announce(link: XenbusLink, order: number, transaction: number): boolean {
    const { store } = this.#platform;
    const path = link.path;
    let done = true;
    if (order === 0) done = store.write(`${path}/ring-ref`, `${this.#ringRefs[0]}`, transaction);
    else {
      done = store.write(`${path}/ring-page-order`, `${order}`, transaction);
      for (let i = 0; i < this.#ringRefs.length && done; i += 1) {
        done = store.write(`${path}/ring-ref${i}`, `${this.#ringRefs[i]}`, transaction);
      }
    }
    if (!done) return false;
    if (!store.write(`${path}/event-channel`, `${this.#port}`, transaction)) return false;
    if (!store.write(`${path}/protocol`, 'x86_64-abi', transaction)) return false;
    const persistent = this.#options.usePersistentGrants ? '1' : '0';
    return store.write(`${path}/feature-persistent`, persistent, transaction);
  }

  #readBackend(link: XenbusLink): boolean {
    const sectors = link.otherNumber('sectors', -1);
    const sectorBytes = link.otherNumber('sector-size', BLOCK_SECTOR_BYTES);
    const isPower = sectorBytes > 0 && (sectorBytes & (sectorBytes - 1)) === 0;
    if (!isPower || sectorBytes < BLOCK_SECTOR_BYTES || sectorBytes > PAGE_BYTES) {
      return link.fail(XenFaultKind.BadStoreValue, sectorBytes);
    }
    // `sectors` counts 512 bytes whatever the sector size.
    if (sectors < 0 || sectors > CAPACITY_LIMIT / BLOCK_SECTOR_BYTES) {
      return link.fail(XenFaultKind.BadStoreValue, sectors);
    }
    this.sizeBytes = sectors * BLOCK_SECTOR_BYTES;
    this.sectorBytes = sectorBytes;
    this.readOnly = (link.otherNumber('info', 0) & BLOCK_INFO_READ_ONLY) !== 0;
    this.canFlush = link.otherFlag('feature-flush-cache');
    this.canDiscard = link.otherFlag('feature-discard');
    this.isPersistent = this.#options.usePersistentGrants && link.otherFlag('feature-persistent');
    const indirect = Math.max(0, link.otherNumber('feature-max-indirect-segments', 0));
    const wanted = this.#options.pagesPerSlot;
    const most = Math.max(BLOCK_SEGMENTS_DIRECT, Math.min(indirect, BLOCK_SEGMENTS_PER_PAGE));
    this.segmentsMax = Math.min(wanted, most);
    return true;
  }

  #makeSlots(link: XenbusLink): boolean {
    const { pages, grants } = this.#platform;
    const hasTables = this.segmentsMax > BLOCK_SEGMENTS_DIRECT;
    for (let i = 0; i < this.#options.slotCount; i += 1) {
      const data = pages.takePages(this.segmentsMax);
      const table = hasTables ? pages.takePages(1) : -1;
      if (data >= 0) this.#slots.push(new Slot(data, table, this.segmentsMax));
      if (data < 0 || (hasTables && table < 0)) return link.fail(XenFaultKind.NoMemory, i);
      this.#free.push(i);
      if (!this.isPersistent) continue;
      const slot = this.#slots[i];
      for (let page = 0; page < this.segmentsMax; page += 1) {
        const frame = Math.trunc(data / PAGE_BYTES) + page;
        slot.refs[page] = grants.grant(link.otherDomain, frame, false);
        if (slot.refs[page] < 0) return link.fail(XenFaultKind.NoMemory, page);
      }
      // Backends map what is persistent for writing, tables too.
      if (hasTables)
        slot.tableRef = grants.grant(link.otherDomain, Math.trunc(table / PAGE_BYTES), false);
      if (hasTables && slot.tableRef < 0) return link.fail(XenFaultKind.NoMemory, i);
    }
    return true;
  }

  #enqueue(batch: Batch, work: BlockWork): void {
    if (work.kind === 'flush') {
      this.#push(batch, BlockOperation.Flush, 0, 0, NO_BYTES, 0);
      return;
    }
    if (work.kind === 'discard') {
      const step = DISCARD_SECTORS_MAX * BLOCK_SECTOR_BYTES;
      if (!this.canDiscard) mark(batch, 'error');
      else if (this.#allowed(batch, true, work.offsetBytes, work.lengthBytes)) {
        for (let at = 0; at < work.lengthBytes; at += step) {
          const part = Math.min(step, work.lengthBytes - at);
          this.#push(batch, BlockOperation.Discard, work.offsetBytes + at, part, NO_BYTES, 0);
        }
      }
      return;
    }
    const isWrite = work.kind === 'write';
    if (!this.#allowed(batch, isWrite, work.offsetBytes, work.bytes.length)) return;
    const step = this.segmentsMax * PAGE_BYTES;
    for (let start = 0; start < work.bytes.length; start += step) {
      const part = Math.min(step, work.bytes.length - start);
      const operation = isWrite ? BlockOperation.Write : BlockOperation.Read;
      this.#push(batch, operation, work.offsetBytes + start, part, work.bytes, start);
    }
  }

  #allowed(batch: Batch, isWrite: boolean, offset: number, length: number): boolean {
    if (!this.isConnected()) return mark(batch, 'gone');
    if (this.readOnly && isWrite) return mark(batch, 'read-only');
    const unit = this.sectorBytes;
    if (offset < 0 || length < 0 || offset % unit !== 0 || length % unit !== 0) {
      return mark(batch, 'error');
    }
    return length <= this.sizeBytes - offset ? true : mark(batch, 'error');
  }

  #push(
    batch: Batch,
    operation: BlockOperation,
    offset: number,
    length: number,
    bytes: Uint8Array,
    start: number,
  ): void {
    batch.remaining += 1;
    this.#pending.push(new Piece(batch, operation, offset, length, bytes, start));
  }

  #issue(): void {
    const ring = this.#ring;
    if (ring === undefined || ring.fault !== undefined) {
      this.#failAll();
      return;
    }
    while (this.#pendingHead < this.#pending.length && !this.#flushInFlight) {
      const piece = this.#pending[this.#pendingHead];
      const isFlush = piece.operation === BlockOperation.Flush;
      if (isFlush && this.#inFlight > 0) break;
      if (isFlush && !this.canFlush) {
        this.#pendingHead += 1;
        piece.batch.remaining -= 1;
        continue;
      }
      if (ring.freeCount() === 0 || this.#free.length === 0) break;
      if (!this.#send(ring, piece)) break;
      this.#pendingHead += 1;
      this.#flushInFlight = isFlush;
    }
    if (this.#pendingHead === this.#pending.length && this.#pendingHead > 0) {
      this.#pending = [];
      this.#pendingHead = 0;
    }
    if (ring.publish()) this.#platform.events.notify(this.#port);
  }

  #send(ring: FrontRing, piece: Piece): boolean {
    const index = this.#free[this.#free.length - 1];
    const slot = this.#slots[index];
    const { memory } = this.#platform;
    const segments = Math.trunc((piece.lengthBytes + PAGE_BYTES - 1) / PAGE_BYTES);
    const hasData =
      piece.operation === BlockOperation.Read || piece.operation === BlockOperation.Write;
    const isIndirect = hasData && segments > BLOCK_SEGMENTS_DIRECT;
    if (hasData && !this.isPersistent && !this.#grantSlot(slot, segments, piece, isIndirect)) {
      return false;
    }
    if (piece.operation === BlockOperation.Write) {
      memory.copyIn(slot.data, piece.bytes, piece.start, piece.lengthBytes);
    }
    const at = ring.takeRequestSlot();
    memory.store8(at, isIndirect ? BlockOperation.Indirect : piece.operation);
    store53(memory, at + 8, index);
    store53(memory, at + 16, Math.trunc(piece.offsetBytes / BLOCK_SECTOR_BYTES));
    if (piece.operation === BlockOperation.Discard) {
      memory.store8(at + 1, 0);
      memory.store16(at + 2, 0);
      store53(memory, at + 24, Math.trunc(piece.lengthBytes / BLOCK_SECTOR_BYTES));
    } else if (isIndirect) {
      memory.store8(at + 1, piece.operation);
      memory.store16(at + 2, segments);
      memory.store16(at + 24, 0);
      memory.store32(at + 28, slot.tableRef);
      this.#writeSegments(slot, slot.table, segments, piece.lengthBytes);
    } else {
      memory.store8(at + 1, hasData ? segments : 0);
      memory.store16(at + 2, 0);
      if (hasData) this.#writeSegments(slot, at + 24, segments, piece.lengthBytes);
    }
    this.#free.pop();
    slot.piece = piece;
    this.#inFlight += 1;
    return true;
  }

  #writeSegments(slot: Slot, at: number, segments: number, bytes: number): void {
    const { memory } = this.#platform;
    for (let i = 0; i < segments; i += 1) {
      const rest = Math.min(PAGE_BYTES, bytes - i * PAGE_BYTES);
      memory.store32(at + i * 8, slot.refs[i]);
      memory.store8(at + i * 8 + 4, 0);
      memory.store8(at + i * 8 + 5, Math.trunc(rest / BLOCK_SECTOR_BYTES) - 1);
      memory.store16(at + i * 8 + 6, 0);
    }
  }

  #grantSlot(slot: Slot, segments: number, piece: Piece, isIndirect: boolean): boolean {
    const link = this.#link;
    if (link === undefined) return false;
    const { grants } = this.#platform;
    const isWrite = piece.operation === BlockOperation.Write;
    for (let i = 0; i < segments; i += 1) {
      slot.refs[i] = grants.grant(
        link.otherDomain,
        Math.trunc(slot.data / PAGE_BYTES) + i,
        isWrite,
      );
      if (slot.refs[i] >= 0) continue;
      this.#revokeSlot(slot);
      return false;
    }
    if (!isIndirect) return true;
    slot.tableRef = grants.grant(link.otherDomain, Math.trunc(slot.table / PAGE_BYTES), true);
    if (slot.tableRef >= 0) return true;
    this.#revokeSlot(slot);
    return false;
  }

  /** False when the backend still holds a page of the slot. */
  #revokeSlot(slot: Slot): boolean {
    let all = true;
    for (let i = 0; i < slot.refs.length; i += 1) {
      if (slot.refs[i] < 0) continue;
      if (this.#platform.grants.revoke(slot.refs[i])) slot.refs[i] = -1;
      else all = false;
    }
    if (slot.tableRef >= 0) {
      if (this.#platform.grants.revoke(slot.tableRef)) slot.tableRef = -1;
      else all = false;
    }
    return all;
  }

  #finish(at: number): boolean {
    const { memory } = this.#platform;
    const idLow = memory.load32(at);
    const idHigh = memory.load32(at + 4);
    const status = memory.load16(at + 10);
    const slot = idHigh === 0 && idLow < this.#slots.length ? this.#slots[idLow] : undefined;
    const piece = slot?.piece;
    if (slot === undefined || piece === undefined) return this.#die(XenFaultKind.BadId, idLow);
    slot.piece = undefined;
    this.#inFlight -= 1;
    this.#free.push(idLow);
    if (piece.operation === BlockOperation.Flush) this.#flushInFlight = false;
    if (status !== BLOCK_OK) mark(piece.batch, 'error');
    // Revoke first: after it nobody but us writes to the page that is copied from.
    if (!this.isPersistent && !this.#revokeSlot(slot)) {
      mark(piece.batch, 'gone');
      piece.batch.remaining -= 1;
      return this.#die(XenFaultKind.BadGrant, idLow);
    }
    if (status === BLOCK_OK && piece.operation === BlockOperation.Read) {
      memory.copyOut(slot.data, piece.bytes, piece.start, piece.lengthBytes);
    }
    piece.batch.remaining -= 1;
    return true;
  }

  #die(kind: XenFaultKind, detail: number): boolean {
    this.#ring?.fail(kind, detail);
    this.#link?.setState(XenbusState.Closing);
    this.#failAll();
    return false;
  }

  #failAll(): void {
    for (const slot of this.#slots) {
      const piece = slot.piece;
      if (piece === undefined) continue;
      slot.piece = undefined;
      piece.batch.remaining -= 1;
      mark(piece.batch, 'gone');
    }
    for (let i = this.#pendingHead; i < this.#pending.length; i += 1) {
      this.#pending[i].batch.remaining -= 1;
      mark(this.#pending[i].batch, 'gone');
    }
    this.#pending = [];
    this.#pendingHead = 0;
    this.#inFlight = 0;
    this.#flushInFlight = false;
  }

  /** Gives everything back but what the backend still uses. */
  #release(): void {
    const { grants, pages, events } = this.#platform;
    const refs: number[] = [...this.#ringRefs];
    const taken: number[] = [];
    for (const slot of this.#slots) {
      for (const ref of slot.refs) if (ref >= 0) refs.push(ref);
      if (slot.tableRef >= 0) refs.push(slot.tableRef);
      for (let i = 0; i < slot.refs.length; i += 1) taken.push(slot.data + i * PAGE_BYTES);
      if (slot.table >= 0) taken.push(slot.table);
    }
    if (this.#ringAddress >= 0) {
      for (let i = 0; i < this.ringPages; i += 1) taken.push(this.#ringAddress + i * PAGE_BYTES);
    }
    grants.release(refs, taken, pages);
    this.#slots.length = 0;
    this.#free.length = 0;
    this.#ringRefs.length = 0;
    this.#ringAddress = -1;
    if (this.#port >= 0) events.close(this.#port);
    this.#port = -1;
    this.#link?.close();
    this.#link = undefined;
    this.#ring = undefined;
  }
}

/** Always false. The first failure is the one reported. */
function mark(batch: Batch, result: BlockResult): boolean {
  if (batch.result === 'ok') batch.result = result;
  return false;
}
