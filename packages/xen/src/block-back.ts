/**
 * blkback over any storage. Requests are copied out of the ring before they are looked at, every segment is checked,
 * and pages are mapped only for the time of a request, or kept when the frontend asked for persistent grants.
 */
import {
  BLOCK_ERROR,
  BLOCK_INDIRECT_PAGES_MAX,
  BLOCK_OK,
  BLOCK_SECTOR_BYTES,
  BLOCK_SECTORS_PER_PAGE,
  BLOCK_SEGMENTS_DIRECT,
  BLOCK_SEGMENTS_PER_PAGE,
  BLOCK_SLOT_BYTES,
  BLOCK_UNSUPPORTED,
  BlockOperation,
} from './block-protocol.js';
import { XenFaultKind } from './fault.js';
import type { GrantMapper } from './grants.js';
import { PAGE_BYTES } from './memory.js';
import { BackRing } from './ring.js';
import { type BackendPlatform, XenbusLink, XenbusState } from './xenbus.js';

/** Where the bytes are. Ranges are inside `sizeBytes`; false is an I/O error. */
export interface BlockStorage {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  read(offset: number, into: Uint8Array): boolean;
  write(offset: number, from: Uint8Array): boolean;
  discard(offset: number, bytes: number): boolean;
  flush(): boolean;
}

export interface BlockBackOptions {
  /** Absolute: `/local/domain/0/backend/vbd/1/51712`. */
  readonly path: string;
  readonly storage: BlockStorage;
  readonly ringOrderMax: number;
  /** 0: no indirect requests. */
  readonly indirectSegmentsMax: number;
  readonly offerPersistentGrants: boolean;
}

const PERSISTENT_MAX = 1056;

class Segment {
  ref = 0;
  firstSector = 0;
  lastSector = 0;
}

export class BlockBack {
  readonly #platform: BackendPlatform;
  readonly #options: BlockBackOptions;
  #link: XenbusLink | undefined = undefined;
  #ring: BackRing | undefined = undefined;
  #mapper: GrantMapper | undefined = undefined;
  #port = -1;
  readonly #ringRefs: number[] = [];
  #isPersistent = false;
  readonly #kept: Map<number, number> = new Map<number, number>();
  readonly #segments: Segment[] = [];
  readonly #request: Uint8Array = new Uint8Array(BLOCK_SLOT_BYTES);
  readonly #view: DataView;
  readonly #page: Uint8Array = new Uint8Array(PAGE_BYTES);

  constructor(platform: BackendPlatform, options: BlockBackOptions) {
    this.#platform = platform;
    this.#options = options;
    this.#view = new DataView(this.#request.buffer);
    for (let i = 0; i < BLOCK_SEGMENTS_PER_PAGE; i += 1) this.#segments.push(new Segment());
  }

  /** Offers the device; false after a fault. */
  start(): boolean {
    const { store, sink } = this.#platform;
    const { path, storage } = this.#options;
    const link = XenbusLink.open(store, sink, path, 'frontend');
    if (link === undefined) return false;
    this.#link = link;
    const keys: [string, number][] = [
      ['feature-flush-cache', 1],
      ['feature-discard', 1],
      ['feature-persistent', this.#options.offerPersistentGrants ? 1 : 0],
      ['feature-max-indirect-segments', this.#options.indirectSegmentsMax],
      ['max-ring-page-order', this.#options.ringOrderMax],
      ['sectors', Math.trunc(storage.sizeBytes / BLOCK_SECTOR_BYTES)],
      ['sector-size', BLOCK_SECTOR_BYTES],
      ['info', storage.readOnly ? 4 : 0],
    ];
    for (const [key, value] of keys) {
      if (!store.write(`${path}/${key}`, `${value}`, 0)) return false;
    }
    return link.setState(XenbusState.InitWait);
  }

  isConnected(): boolean {
    return this.#ring !== undefined && this.#ring.fault === undefined;
  }

  /** Does what there is to do; call it on any event. */
  poll(): void {
    const link = this.#link;
    if (link === undefined) return;
    let changed = false;
    while (this.#platform.store.nextEvent() !== undefined) changed = true;
    if (changed) this.#follow(link);
    this.#serve();
  }

  /** Lets go of the frontend. */
  stop(): void {
    const link = this.#link;
    if (link === undefined) return;
    link.setState(XenbusState.Closing);
    this.#disconnect();
    link.setState(XenbusState.Closed);
    link.close();
    this.#link = undefined;
  }

  #follow(link: XenbusLink): void {
    const state = link.otherState();
    if (state === XenbusState.Initialised || state === XenbusState.Connected) {
      if (this.#ring === undefined && !this.#connect(link)) {
        this.#disconnect();
        link.setState(XenbusState.Closing);
      }
      return;
    }
    if (state === XenbusState.Closing || state === XenbusState.Closed) {
      if (this.#ring === undefined) return;
      this.#disconnect();
      link.setState(XenbusState.Closed);
    } else if (state === XenbusState.Initialising && this.#ring === undefined) {
      link.setState(XenbusState.InitWait);
    }
  }

  #connect(link: XenbusLink): boolean {
    const { memory, events, sink } = this.#platform;
    const order = link.otherNumber('ring-page-order', 0);
    if (order < 0 || order > this.#options.ringOrderMax) {
      return link.fail(XenFaultKind.BadStoreValue, order);
    }
    const mapper = this.#platform.mapperFor(link.otherDomain);
    this.#mapper = mapper;
    const pages = 1 << order;
    let base = -1;
    for (let i = 0; i < pages; i += 1) {
      const ref = link.otherNumber(order === 0 ? 'ring-ref' : `ring-ref${i}`, -1);
      const address = ref < 0 ? -1 : mapper.map(ref, false);
      if (address < 0) return link.fail(XenFaultKind.BadGrant, ref);
      this.#ringRefs.push(ref);
      if (i === 0) base = address;
      else if (address !== base + i * PAGE_BYTES) return link.fail(XenFaultKind.BadGrant, ref);
    }
    const remotePort = link.otherNumber('event-channel', -1);
    this.#port = remotePort < 0 ? -1 : events.bindInterdomain(link.otherDomain, remotePort);
    if (this.#port < 0) return link.fail(XenFaultKind.BadStoreValue, remotePort);
    this.#isPersistent =
      this.#options.offerPersistentGrants && link.otherFlag('feature-persistent');
    const ring = new BackRing(memory, base, pages * PAGE_BYTES, BLOCK_SLOT_BYTES, link.path, sink);
    ring.attach();
    this.#ring = ring;
    return link.setState(XenbusState.Connected);
  }

  #disconnect(): void {
    const mapper = this.#mapper;
    if (mapper !== undefined) {
      for (const ref of this.#kept.keys()) mapper.unmap(ref);
      for (const ref of this.#ringRefs) mapper.unmap(ref);
    }
    this.#kept.clear();
    this.#ringRefs.length = 0;
    if (this.#port >= 0) this.#platform.events.close(this.#port);
    this.#port = -1;
    this.#ring = undefined;
    this.#mapper = undefined;
  }

  #serve(): void {
    const ring = this.#ring;
    if (ring === undefined) return;
    // At most two rings' worth a call: a frontend that never stops must not hold the backend.
    for (let budget = ring.size * 2; budget > 0; budget -= 1) {
      if (ring.pending() === 0) {
        if (ring.publish()) this.#platform.events.notify(this.#port);
        if (!ring.enableEvents()) break;
        continue;
      }
      this.#answer(ring);
    }
    if (ring.publish()) this.#platform.events.notify(this.#port);
    if (ring.fault === undefined) return;
    this.#disconnect();
    this.#link?.setState(XenbusState.Closing);
  }

  #answer(ring: BackRing): void {
    const { memory } = this.#platform;
    memory.copyOut(ring.takeRequestSlot(), this.#request, 0, BLOCK_SLOT_BYTES);
    const view = this.#view;
    const operation = view.getUint8(0);
    const status = this.#execute(operation, view);
    const at = ring.takeResponseSlot();
    memory.store32(at, view.getUint32(8, true));
    memory.store32(at + 4, view.getUint32(12, true));
    memory.store8(at + 8, operation === BlockOperation.Indirect ? view.getUint8(1) : operation);
    memory.store16(at + 10, status);
  }

  #execute(operation: number, view: DataView): number {
    const { storage } = this.#options;
    if (operation === BlockOperation.Flush) return storage.flush() ? BLOCK_OK : BLOCK_ERROR;
    const high = view.getUint32(20, true);
    if (high >= 0x1000) return BLOCK_ERROR;
    const offset = (high * 0x100000000 + view.getUint32(16, true)) * BLOCK_SECTOR_BYTES;
    if (operation === BlockOperation.Discard) return this.#discard(offset, view);
    let real = operation;
    let count = view.getUint8(1);
    if (operation === BlockOperation.Indirect) {
      real = view.getUint8(1);
      count = view.getUint16(2, true);
      if (!this.#readIndirect(view, count)) return BLOCK_ERROR;
    } else if (count > BLOCK_SEGMENTS_DIRECT) return BLOCK_ERROR;
    else for (let i = 0; i < count; i += 1) setSegment(this.#segments[i], view, 24 + i * 8);
    if (real !== BlockOperation.Read && real !== BlockOperation.Write) return BLOCK_UNSUPPORTED;
    if (real === BlockOperation.Write && storage.readOnly) return BLOCK_ERROR;
    return this.#transfer(real === BlockOperation.Write, offset, count);
  }

  #discard(offset: number, view: DataView): number {
    const { storage } = this.#options;
    if (storage.readOnly || view.getUint32(28, true) !== 0) return BLOCK_ERROR;
    const bytes = view.getUint32(24, true) * BLOCK_SECTOR_BYTES;
    if (bytes > storage.sizeBytes - offset) return BLOCK_ERROR;
    return storage.discard(offset, bytes) ? BLOCK_OK : BLOCK_ERROR;
  }

  #readIndirect(view: DataView, count: number): boolean {
    const most = Math.min(this.#options.indirectSegmentsMax, BLOCK_SEGMENTS_PER_PAGE);
    if (count === 0 || count > most) return false;
    const pages = Math.trunc((count + BLOCK_SEGMENTS_PER_PAGE - 1) / BLOCK_SEGMENTS_PER_PAGE);
    if (pages > BLOCK_INDIRECT_PAGES_MAX) return false;
    const ref = view.getUint32(28, true);
    const address = this.#map(ref, true);
    if (address < 0) return false;
    this.#platform.memory.copyOut(address, this.#page, 0, PAGE_BYTES);
    this.#unmap(ref);
    const table = new DataView(this.#page.buffer);
    for (let i = 0; i < count; i += 1) setSegment(this.#segments[i], table, i * 8);
    return true;
  }

  #transfer(isWrite: boolean, offset: number, count: number): number {
    const { storage } = this.#options;
    let total = 0;
    for (let i = 0; i < count; i += 1) {
      const segment = this.#segments[i];
      if (segment.firstSector > segment.lastSector) return BLOCK_ERROR;
      if (segment.lastSector >= BLOCK_SECTORS_PER_PAGE) return BLOCK_ERROR;
      total += (segment.lastSector - segment.firstSector + 1) * BLOCK_SECTOR_BYTES;
    }
    if (total > storage.sizeBytes - offset) return BLOCK_ERROR;
    let at = offset;
    for (let i = 0; i < count; i += 1) {
      const segment = this.#segments[i];
      const bytes = (segment.lastSector - segment.firstSector + 1) * BLOCK_SECTOR_BYTES;
      const page = this.#map(segment.ref, isWrite);
      if (page < 0) return BLOCK_ERROR;
      const address = page + segment.firstSector * BLOCK_SECTOR_BYTES;
      const buffer = this.#page.subarray(0, bytes);
      let done = true;
      if (isWrite) {
        this.#platform.memory.copyOut(address, buffer, 0, bytes);
        done = storage.write(at, buffer);
      } else {
        done = storage.read(at, buffer);
        if (done) this.#platform.memory.copyIn(address, buffer, 0, bytes);
      }
      this.#unmap(segment.ref);
      if (!done) return BLOCK_ERROR;
      at += bytes;
    }
    return BLOCK_OK;
  }

  #map(ref: number, isReadOnly: boolean): number {
    const mapper = this.#mapper;
    if (mapper === undefined) return -1;
    const kept = this.#kept.get(ref);
    if (kept !== undefined) return kept;
    // Persistent pages serve reads and writes, so they are mapped for both.
    const address = mapper.map(ref, this.#isPersistent ? false : isReadOnly);
    if (address >= 0 && this.#isPersistent && this.#kept.size < PERSISTENT_MAX) {
      this.#kept.set(ref, address);
    }
    return address;
  }

  #unmap(ref: number): void {
    if (!this.#kept.has(ref)) this.#mapper?.unmap(ref);
  }
}

function setSegment(segment: Segment, view: DataView, at: number): void {
  segment.ref = view.getUint32(at, true);
  segment.firstSector = view.getUint8(at + 4);
  segment.lastSector = view.getUint8(at + 5);
}
