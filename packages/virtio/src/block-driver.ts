/**
 * Block driver. Work is submitted as batches named by tickets; a batch is cut into pieces of one buffer slot each,
 * kept in a list until the rings have room. A flush is ordered: it is issued when everything before it came back,
 * and nothing after it is issued until it did (5.2.6.2: the device orders nothing by itself).
 *
 * Data travels through slots of device-visible memory and is copied once, unless `addressOf` says that the
 * caller's bytes are device-visible themselves.
 */
import {
  BLOCK_CONFIG_BLOCK_BYTES,
  BLOCK_CONFIG_CAPACITY,
  BLOCK_CONFIG_DISCARD_SECTORS,
  BLOCK_CONFIG_PHYSICAL_EXPONENT,
  BLOCK_CONFIG_QUEUE_COUNT,
  BLOCK_CONFIG_ZERO_SECTORS,
  BLOCK_DISCARD,
  BLOCK_FLUSH,
  BLOCK_HEADER_BYTES,
  BLOCK_MULTI_QUEUE,
  BLOCK_RANGE_BYTES,
  BLOCK_READ_ONLY,
  BLOCK_SIZE,
  BLOCK_STATUS_OK,
  BLOCK_TOPOLOGY,
  BLOCK_WRITE_ZEROES,
  BlockOperation,
  SECTOR_BYTES,
} from './block-protocol.js';
import { BufferList, Completion } from './buffer-list.js';
import { DeviceSession, type RingPreference } from './device-session.js';
import { type FaultSink, VirtioFaultKind } from './fault.js';
import { Features } from './features.js';
import { type DmaAllocator, type GuestMemory, storeAddress } from './memory.js';
import { AddResult, type DriverQueue } from './queue.js';
import { NO_VECTOR, type RegisterWindow, type Transport } from './transport.js';
import type { Waiter } from './waiter.js';

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

export interface BlockZero {
  readonly kind: 'zero';
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

export type BlockTransfer = BlockRead | BlockWrite;
export type BlockRange = BlockDiscard | BlockZero;

export interface BlockFlush {
  readonly kind: 'flush';
}

export type BlockWork = BlockRead | BlockWrite | BlockDiscard | BlockZero | BlockFlush;
export type BlockResult = 'ok' | 'error' | 'gone' | 'read-only';

export interface BlockDriverOptions {
  readonly name: string;
  readonly memory: GuestMemory;
  readonly allocator: DmaAllocator;
  readonly sink: FaultSink;
  readonly rings: RingPreference;
  readonly waiter: Waiter;
  readonly queueCountMax: number;
  readonly queueSizeMax: number;
  /** Slots of `slotBytes` (a multiple of 512) shared by all queues. */
  readonly slotCount: number;
  readonly slotBytes: number;
  /** Guest-physical address of bytes that the device may reach, or -1 to copy. */
  readonly addressOf: (bytes: Uint8Array) => number;
}

export interface BlockLimits {
  readonly blockBytes: number;
  readonly physicalBlockBytes: number;
  readonly canFlush: boolean;
  /** 0: not offered. */
  readonly discardBytesMax: number;
  readonly zeroBytesMax: number;
}

const NO_BYTES: Uint8Array = new Uint8Array(0);

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
  isDirect = false;

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

export class BlockDriver {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly limits: BlockLimits;
  readonly session: DeviceSession;
  readonly #options: BlockDriverOptions;
  readonly #queues: readonly DriverQueue[];
  readonly #headers: number;
  readonly #data: number;
  readonly #freeSlots: number[] = [];
  /** By slot: the piece that is with the device. */
  readonly #inFlight: (Piece | undefined)[] = [];
  readonly #batches: Map<number, Batch> = new Map<number, Batch>();
  readonly #buffers: BufferList = new BufferList();
  readonly #completion: Completion = new Completion();
  #pending: Piece[] = [];
  #pendingHead = 0;
  #inFlightCount = 0;
  #flushInFlight = false;
  #isDead = false;
  #nextTicket = 1;
  #nextQueue = 0;

  private constructor(
    session: DeviceSession,
    options: BlockDriverOptions,
    queues: readonly DriverQueue[],
    config: BlockConfig,
    headers: number,
    data: number,
  ) {
    this.session = session;
    this.#options = options;
    this.#queues = queues;
    this.#headers = headers;
    this.#data = data;
    this.sizeBytes = config.sizeBytes;
    this.readOnly = session.features.has(BLOCK_READ_ONLY);
    this.limits = config.limits(session.features);
    for (let slot = options.slotCount - 1; slot >= 0; slot -= 1) {
      this.#freeSlots.push(slot);
      this.#inFlight.push(undefined);
    }
  }

  /** Undefined after a fault, which the sink has. */
  static open(transport: Transport, options: BlockDriverOptions): BlockDriver | undefined {
    const session = DeviceSession.open(transport, {
      name: options.name,
      memory: options.memory,
      allocator: options.allocator,
      sink: options.sink,
      wanted: Features.of([
        BLOCK_READ_ONLY,
        BLOCK_SIZE,
        BLOCK_FLUSH,
        BLOCK_TOPOLOGY,
        BLOCK_MULTI_QUEUE,
        BLOCK_DISCARD,
        BLOCK_WRITE_ZEROES,
      ]),
      required: new Features(0, 0),
      rings: options.rings,
    });
    if (session === undefined) return undefined;
    const config = new BlockConfig();
    if (!session.readConfig((window) => config.read(window))) return undefined;
    if (!config.check(session)) return undefined;
    const queues: DriverQueue[] = [];
    const offered = session.features.has(BLOCK_MULTI_QUEUE) ? config.queueCount : 1;
    for (let i = 0; i < Math.min(offered, options.queueCountMax); i += 1) {
      const queue = session.createQueue(i, options.queueSizeMax, NO_VECTOR);
      if (queue === undefined) return undefined;
      queues.push(queue);
    }
    const headers = options.allocator.allocate(options.slotCount * 64, 64);
    const data = options.allocator.allocate(options.slotCount * options.slotBytes, 4096);
    if (headers < 0 || data < 0) {
      session.fail(VirtioFaultKind.NoMemory, options.slotCount);
      return undefined;
    }
    const driver = new BlockDriver(session, options, queues, config, headers, data);
    return session.start() ? driver : undefined;
  }

  submit(batch: readonly BlockWork[]): number {
    const entry = new Batch(this.#nextTicket);
    this.#nextTicket += 1;
    this.#batches.set(entry.ticket, entry);
    for (const work of batch) this.#enqueue(entry, work);
    this.#issue();
    return entry.ticket;
  }

  /** Unknown tickets are done. */
  done(ticket: number): boolean {
    this.poll();
    const batch = this.#batches.get(ticket);
    return batch === undefined || batch.remaining === 0;
  }

  /** Sleeps until the batch is done, then forgets it. */
  wait(ticket: number): BlockResult {
    const batch = this.#batches.get(ticket);
    if (batch === undefined) return 'error';
    this.poll();
    while (batch.remaining > 0) {
      let ready = false;
      for (const queue of this.#queues) ready = queue.enableInterrupts() || ready;
      if (!ready && !this.#options.waiter.waitForDevice()) {
        this.poll();
        if (batch.remaining > 0) this.#die('gone');
        break;
      }
      this.poll();
    }
    this.#batches.delete(ticket);
    return batch.result;
  }

  /** Take what the device finished and give it more; call it on an interrupt. */
  poll(): void {
    for (const queue of this.#queues) {
      if (this.#isDead) return;
      while (queue.poll(this.#completion)) {
        if (!this.#finish(this.#completion.token, this.#completion.writtenBytes)) return;
      }
      if (queue.fault !== undefined) this.#die('gone');
    }
    this.#issue();
  }

  #enqueue(batch: Batch, work: BlockWork): void {
    if (work.kind === 'flush') {
      this.#push(batch, BlockOperation.Flush, 0, 0, NO_BYTES, 0);
      return;
    }
    const length = lengthOf(work);
    if (!this.#allowed(batch, work, length)) return;
    const step = this.#stepBytes(work.kind);
    for (let start = 0; start < length; start += step) {
      const part = Math.min(step, length - start);
      const offset = work.offsetBytes + start;
      if (work.kind === 'read')
        this.#push(batch, BlockOperation.Read, offset, part, work.bytes, start);
      else if (work.kind === 'write') {
        this.#push(batch, BlockOperation.Write, offset, part, work.bytes, start);
      } else if (work.kind === 'discard') {
        this.#push(batch, BlockOperation.Discard, offset, part, NO_BYTES, 0);
      } else this.#push(batch, BlockOperation.WriteZeroes, offset, part, NO_BYTES, 0);
    }
  }

  #stepBytes(kind: 'read' | 'write' | 'discard' | 'zero'): number {
    if (kind === 'discard') return this.limits.discardBytesMax;
    return kind === 'zero' ? this.limits.zeroBytesMax : this.#options.slotBytes;
  }

  #allowed(batch: Batch, work: BlockTransfer | BlockRange, length: number): boolean {
    if (this.session.fault !== undefined) return mark(batch, 'gone');
    if (this.readOnly && work.kind !== 'read') return mark(batch, 'read-only');
    const offset = work.offsetBytes;
    if (offset < 0 || offset % SECTOR_BYTES !== 0 || length % SECTOR_BYTES !== 0) {
      return mark(batch, 'error');
    }
    if (length < 0 || length > this.sizeBytes - offset) return mark(batch, 'error');
    if (work.kind === 'discard' && this.limits.discardBytesMax === 0) return mark(batch, 'error');
    if (work.kind === 'zero' && this.limits.zeroBytesMax === 0) return mark(batch, 'error');
    return true;
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
    if (this.session.fault !== undefined) {
      this.#die('gone');
      return;
    }
    while (this.#pendingHead < this.#pending.length && !this.#flushInFlight) {
      const piece = this.#pending[this.#pendingHead];
      const isFlush = piece.operation === BlockOperation.Flush;
      if (isFlush && this.#inFlightCount > 0) break;
      if (isFlush && !this.limits.canFlush) {
        // Without FLUSH the device is write-through (5.2.5.2): what came back is stable.
        this.#pendingHead += 1;
        piece.batch.remaining -= 1;
        continue;
      }
      if (this.#freeSlots.length === 0 || !this.#send(piece)) break;
      this.#pendingHead += 1;
      this.#flushInFlight = isFlush;
    }
    if (this.#pendingHead === this.#pending.length && this.#pendingHead > 0) {
      this.#pending = [];
      this.#pendingHead = 0;
    }
    for (let i = 0; i < this.#queues.length; i += 1) {
      if (this.#queues[i].publish()) this.session.notify(i);
    }
  }

  #send(piece: Piece): boolean {
    const slot = this.#freeSlots[this.#freeSlots.length - 1];
    const header = this.#headers + slot * 64;
    const status = header + BLOCK_HEADER_BYTES;
    const memory = this.#options.memory;
    const hasRange =
      piece.operation === BlockOperation.Discard || piece.operation === BlockOperation.WriteZeroes;
    memory.store32(header, piece.operation);
    memory.store32(header + 4, 0);
    storeAddress(memory, header + 8, hasRange ? 0 : Math.trunc(piece.offsetBytes / SECTOR_BYTES));
    memory.store8(status, 0xff);
    const buffers = this.#buffers;
    buffers.clear();
    buffers.addReadable(header, BLOCK_HEADER_BYTES);
    if (hasRange) {
      const range = header + 32;
      storeAddress(memory, range, Math.trunc(piece.offsetBytes / SECTOR_BYTES));
      memory.store32(range + 8, Math.trunc(piece.lengthBytes / SECTOR_BYTES));
      memory.store32(range + 12, 0);
      buffers.addReadable(range, BLOCK_RANGE_BYTES);
    } else if (piece.lengthBytes > 0) {
      const direct = this.#options.addressOf(piece.bytes);
      piece.isDirect = direct >= 0;
      const address =
        direct >= 0 ? direct + piece.start : this.#data + slot * this.#options.slotBytes;
      if (piece.operation === BlockOperation.Write) {
        if (!piece.isDirect) memory.copyIn(address, piece.bytes, piece.start, piece.lengthBytes);
        buffers.addReadable(address, piece.lengthBytes);
      } else buffers.addWritable(address, piece.lengthBytes);
    }
    buffers.addWritable(status, 1);
    const first = this.#nextQueue;
    for (let tries = 0; tries < this.#queues.length; tries += 1) {
      const index = (first + tries) % this.#queues.length;
      if (this.#queues[index].add(buffers, slot) !== AddResult.Added) continue;
      this.#nextQueue = (index + 1) % this.#queues.length;
      this.#freeSlots.pop();
      this.#inFlight[slot] = piece;
      this.#inFlightCount += 1;
      return true;
    }
    return false;
  }

  #finish(slot: number, written: number): boolean {
    const piece = this.#inFlight[slot];
    if (piece === undefined) return false;
    const memory = this.#options.memory;
    const isRead = piece.operation === BlockOperation.Read;
    const status = memory.load8(this.#headers + slot * 64 + BLOCK_HEADER_BYTES);
    this.#inFlight[slot] = undefined;
    this.#inFlightCount -= 1;
    this.#freeSlots.push(slot);
    if (piece.operation === BlockOperation.Flush) this.#flushInFlight = false;
    if (status !== BLOCK_STATUS_OK) mark(piece.batch, 'error');
    else if (isRead && written < piece.lengthBytes + 1) {
      // "OK" with bytes missing would hand stale memory to the caller.
      mark(piece.batch, 'error');
    } else if (isRead && !piece.isDirect) {
      const address = this.#data + slot * this.#options.slotBytes;
      memory.copyOut(address, piece.bytes, piece.start, piece.lengthBytes);
    }
    piece.batch.remaining -= 1;
    return true;
  }

  /** The device is dead or silent: stop it before its buffers are used for anything else. */
  #die(result: BlockResult): void {
    this.session.fail(VirtioFaultKind.NeedsReset, this.#inFlightCount);
    if (!this.#isDead) this.session.close();
    this.#isDead = true;
    for (let slot = 0; slot < this.#inFlight.length; slot += 1) {
      const piece = this.#inFlight[slot];
      if (piece === undefined) continue;
      this.#inFlight[slot] = undefined;
      piece.batch.remaining -= 1;
      mark(piece.batch, result);
    }
    for (let i = this.#pendingHead; i < this.#pending.length; i += 1) {
      this.#pending[i].batch.remaining -= 1;
      mark(this.#pending[i].batch, result);
    }
    this.#inFlightCount = 0;
    this.#flushInFlight = false;
    this.#pending = [];
    this.#pendingHead = 0;
  }
}

function lengthOf(work: BlockTransfer | BlockRange): number {
  if (work.kind === 'read' || work.kind === 'write') return work.bytes.length;
  return work.lengthBytes;
}

/** Always false. The first failure is the one reported. */
function mark(batch: Batch, result: BlockResult): boolean {
  if (batch.result === 'ok') batch.result = result;
  return false;
}

class BlockConfig {
  sizeBytes = 0;
  blockBytes = 0;
  physicalExponent = 0;
  queueCount = 1;
  discardSectors = 0;
  zeroSectors = 0;

  read(window: RegisterWindow): void {
    const high = window.load32(BLOCK_CONFIG_CAPACITY + 4);
    const low = window.load32(BLOCK_CONFIG_CAPACITY);
    // 2^12 * 2^32 sectors are 2^53 bytes.
    this.sizeBytes = high >= 0x1000 ? -1 : (high * 0x100000000 + low) * SECTOR_BYTES;
    this.blockBytes = window.load32(BLOCK_CONFIG_BLOCK_BYTES);
    this.physicalExponent = window.load8(BLOCK_CONFIG_PHYSICAL_EXPONENT);
    this.queueCount = window.load16(BLOCK_CONFIG_QUEUE_COUNT);
    this.discardSectors = window.load32(BLOCK_CONFIG_DISCARD_SECTORS);
    this.zeroSectors = window.load32(BLOCK_CONFIG_ZERO_SECTORS);
  }

  check(session: DeviceSession): boolean {
    if (this.sizeBytes < 0)
      return session.fail(VirtioFaultKind.ConfigInvalid, BLOCK_CONFIG_CAPACITY);
    if (session.features.has(BLOCK_MULTI_QUEUE) && this.queueCount === 0) {
      return session.fail(VirtioFaultKind.ConfigInvalid, BLOCK_CONFIG_QUEUE_COUNT);
    }
    if (!session.features.has(BLOCK_SIZE)) return true;
    const bytes = this.blockBytes;
    if (bytes < SECTOR_BYTES || bytes > 0x100000 || (bytes & (bytes - 1)) !== 0) {
      return session.fail(VirtioFaultKind.ConfigInvalid, BLOCK_CONFIG_BLOCK_BYTES);
    }
    return true;
  }

  limits(features: Features): BlockLimits {
    const blockBytes = features.has(BLOCK_SIZE) ? this.blockBytes : SECTOR_BYTES;
    const exponent = features.has(BLOCK_TOPOLOGY) ? Math.min(this.physicalExponent, 10) : 0;
    return {
      blockBytes,
      physicalBlockBytes: blockBytes * (1 << exponent),
      canFlush: features.has(BLOCK_FLUSH),
      discardBytesMax: features.has(BLOCK_DISCARD) ? this.discardSectors * SECTOR_BYTES : 0,
      zeroBytesMax: features.has(BLOCK_WRITE_ZEROES) ? this.zeroSectors * SECTOR_BYTES : 0,
    };
  }
}
