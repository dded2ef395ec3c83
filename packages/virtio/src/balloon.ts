/**
 * Memory balloon (virtio 1.3, 5.5). The host asks for a number of 4 KiB pages through the configuration; the driver
 * hands pages over in arrays of page numbers and takes them back when the host wants fewer. With PAGE_REPORTING the
 * driver lends free ranges that the host may drop; they are ours again as soon as the buffer comes back.
 */
import { BufferList, Completion } from './buffer-list.js';
import { DeviceChain } from './device-chain.js';
import type { DeviceCore, DeviceModel } from './device-core.js';
import { DeviceSession, type RingPreference } from './device-session.js';
import { type FaultSink, VirtioFaultKind } from './fault.js';
import { Features } from './features.js';
import type { DmaAllocator, GuestMemory } from './memory.js';
import { AddResult, type DeviceQueue, type DriverQueue, TakeResult } from './queue.js';
import { DeviceType, NO_VECTOR, type Transport } from './transport.js';
import type { Waiter } from './waiter.js';

export const BALLOON_TELL_HOST_FIRST = 0;
export const BALLOON_STATISTICS = 1;
export const BALLOON_FREE_PAGE_HINT = 3;
export const BALLOON_REPORTING = 5;

const CONFIG_WANTED = 0;
const CONFIG_ACTUAL = 4;
const CONFIG_BYTES = 16;
export const BALLOON_PAGE_BYTES = 4096;
const PAGES_PER_MESSAGE = 256;

/** Where pages come from: the page allocator. Addresses are guest-physical, multiples of 4096. */
export interface PageSource {
  /** -1 when memory is short: the balloon stays smaller than asked. */
  takePage(): number;
  returnPage(address: number): void;
}

export interface BalloonDriverOptions {
  readonly name: string;
  readonly memory: GuestMemory;
  readonly allocator: DmaAllocator;
  readonly sink: FaultSink;
  readonly rings: RingPreference;
  readonly waiter: Waiter;
  readonly pages: PageSource;
}

export class BalloonDriver {
  readonly session: DeviceSession;
  readonly canReport: boolean;
  readonly #options: BalloonDriverOptions;
  readonly #inflate: DriverQueue;
  readonly #deflate: DriverQueue;
  readonly #reporting: DriverQueue | undefined;
  readonly #reportingIndex: number;
  readonly #area: number;
  readonly #held: number[] = [];
  readonly #buffers: BufferList = new BufferList();
  readonly #completion: Completion = new Completion();

  private constructor(
    session: DeviceSession,
    options: BalloonDriverOptions,
    inflate: DriverQueue,
    deflate: DriverQueue,
    reporting: DriverQueue | undefined,
    reportingIndex: number,
    area: number,
  ) {
    this.session = session;
    this.#options = options;
    this.#inflate = inflate;
    this.#deflate = deflate;
    this.#reporting = reporting;
    this.#reportingIndex = reportingIndex;
    this.#area = area;
    this.canReport = reporting !== undefined;
  }

  static open(transport: Transport, options: BalloonDriverOptions): BalloonDriver | undefined {
    const session = DeviceSession.open(transport, {
      name: options.name,
      memory: options.memory,
      allocator: options.allocator,
      sink: options.sink,
      wanted: Features.of([BALLOON_TELL_HOST_FIRST, BALLOON_REPORTING]),
      required: new Features(0, 0),
      rings: options.rings,
    });
    if (session === undefined) return undefined;
    const inflate = session.createQueue(0, 4, NO_VECTOR);
    const deflate = session.createQueue(1, 4, NO_VECTOR);
    if (inflate === undefined || deflate === undefined) return undefined;
    // The device numbers its optional queues by what it offers, not by what we accept.
    let index = 2;
    if (session.offered.has(BALLOON_STATISTICS)) index += 1;
    if (session.offered.has(BALLOON_FREE_PAGE_HINT)) index += 1;
    let reporting: DriverQueue | undefined;
    if (session.features.has(BALLOON_REPORTING)) {
      reporting = session.createQueue(index, 32, NO_VECTOR);
      if (reporting === undefined) return undefined;
    }
    const area = options.allocator.allocate(PAGES_PER_MESSAGE * 4, 64);
    if (area < 0) {
      session.fail(VirtioFaultKind.NoMemory, PAGES_PER_MESSAGE);
      return undefined;
    }
    const driver = new BalloonDriver(session, options, inflate, deflate, reporting, index, area);
    return session.start() ? driver : undefined;
  }

  heldPages(): number {
    return this.#held.length;
  }

  /** Pages that the host wants now. */
  wantedPages(): number {
    return this.session.transport.config.load32(CONFIG_WANTED);
  }

  /** Move towards what the host wants; at most `pagesMax` pages a call. True when there is more to do. */
  adjust(pagesMax: number): boolean {
    if (this.session.fault !== undefined) return false;
    const wanted = this.wantedPages();
    let moved = 0;
    while (moved < pagesMax && this.#held.length !== wanted) {
      const step = Math.min(pagesMax - moved, PAGES_PER_MESSAGE);
      const count =
        this.#held.length < wanted ? this.#grow(step, wanted) : this.#shrink(step, wanted);
      if (count === 0) break;
      moved += count;
    }
    this.session.transport.config.store32(CONFIG_ACTUAL, this.#held.length);
    return moved > 0 && this.#held.length !== wanted;
  }

  /** Lend free ranges to the host until it has seen them; false when that is not offered or failed. */
  report(addresses: readonly number[], bytes: readonly number[]): boolean {
    const queue = this.#reporting;
    if (queue === undefined || addresses.length === 0) return false;
    this.#buffers.clear();
    for (let i = 0; i < addresses.length; i += 1) this.#buffers.addWritable(addresses[i], bytes[i]);
    return this.#exchange(queue, this.#reportingIndex);
  }

  #grow(step: number, wanted: number): number {
    const taken: number[] = [];
    while (taken.length < Math.min(step, wanted - this.#held.length)) {
      const page = this.#options.pages.takePage();
      if (page < 0) break;
      taken.push(page);
    }
    if (taken.length === 0) return 0;
    if (!this.#send(taken, this.#inflate, 0)) {
      // The host may have them already: they are lost to us rather than used by both.
      return 0;
    }
    for (const page of taken) this.#held.push(page);
    return taken.length;
  }

  #shrink(step: number, wanted: number): number {
    const count = Math.min(step, this.#held.length - wanted);
    const pages = this.#held.slice(this.#held.length - count);
    if (!this.#send(pages, this.#deflate, 1)) return 0;
    for (const page of pages) {
      this.#held.pop();
      this.#options.pages.returnPage(page);
    }
    return count;
  }

  #send(pages: readonly number[], queue: DriverQueue, index: number): boolean {
    const memory = this.#options.memory;
    for (let i = 0; i < pages.length; i += 1) {
      memory.store32(this.#area + i * 4, Math.trunc(pages[i] / BALLOON_PAGE_BYTES));
    }
    this.#buffers.clear();
    this.#buffers.addReadable(this.#area, pages.length * 4);
    return this.#exchange(queue, index);
  }

  #exchange(queue: DriverQueue, index: number): boolean {
    if (queue.add(this.#buffers, 0) !== AddResult.Added) return false;
    if (queue.publish()) this.session.notify(index);
    while (!queue.poll(this.#completion)) {
      if (queue.fault !== undefined) return this.session.fail(queue.fault.kind, queue.fault.detail);
      if (!queue.enableInterrupts() && !this.#options.waiter.waitForDevice()) {
        if (queue.poll(this.#completion)) break;
        return this.session.fail(VirtioFaultKind.ResetTimeout, index);
      }
    }
    return true;
  }
}

/** Device side: remembers which pages the guest gave away. */
export class BalloonModel implements DeviceModel {
  readonly deviceType: number = DeviceType.Balloon;
  readonly features: Features;
  readonly queueSizes: readonly number[] = [16, 16, 32];
  readonly configBytes: number = CONFIG_BYTES;
  readonly pages: Set<number> = new Set<number>();
  reportedBytes = 0;
  #wanted = 0;
  readonly #actual: Uint8Array = new Uint8Array(4);
  readonly #memory: GuestMemory;
  readonly #chain: DeviceChain = new DeviceChain();
  #core: DeviceCore | undefined = undefined;
  #queues: (DeviceQueue | undefined)[] = [];

  constructor(memory: GuestMemory) {
    this.#memory = memory;
    this.features = Features.of([BALLOON_TELL_HOST_FIRST, BALLOON_REPORTING]);
  }

  attach(core: DeviceCore): void {
    this.#core = core;
  }

  setWanted(pages: number): void {
    this.#wanted = pages;
    this.#core?.configChanged();
  }

  actualPages(): number {
    return new DataView(this.#actual.buffer).getUint32(0, true);
  }

  loadConfig(offset: number): number {
    if (offset < CONFIG_ACTUAL) return (this.#wanted >>> (offset * 8)) & 0xff;
    return offset < CONFIG_ACTUAL + 4 ? this.#actual[offset - CONFIG_ACTUAL] : 0;
  }

  storeConfig(offset: number, value: number): void {
    if (offset >= CONFIG_ACTUAL && offset < CONFIG_ACTUAL + 4) {
      this.#actual[offset - CONFIG_ACTUAL] = value;
    }
  }

  start(queues: readonly (DeviceQueue | undefined)[], _features: Features): void {
    this.#queues = [...queues];
  }

  queueChanged(index: number, queue: DeviceQueue | undefined): void {
    while (this.#queues.length <= index) this.#queues.push(undefined);
    this.#queues[index] = queue;
  }

  reset(): void {
    this.#queues = [];
    this.pages.clear();
  }

  notified(index: number): void {
    const queue = index < this.#queues.length ? this.#queues[index] : undefined;
    if (queue === undefined) return;
    for (let taken = 0; taken < queue.size; taken += 1) {
      if (queue.take(this.#chain) !== TakeResult.Taken) break;
      if (index === 2) this.reportedBytes += this.#chain.writableBytes;
      else this.#move(index === 0);
      queue.complete(this.#chain, 0);
    }
    if (queue.publish()) this.#core?.interruptQueue(index);
    queue.enableNotifications();
  }

  #move(isInflate: boolean): void {
    const bytes = new Uint8Array(Math.min(this.#chain.readableBytes, 0x10000) & ~3);
    this.#chain.read(this.#memory, 0, bytes, 0, bytes.length);
    const view = new DataView(bytes.buffer);
    for (let at = 0; at < bytes.length; at += 4) {
      const page = view.getUint32(at, true);
      if (isInflate) this.pages.add(page);
      else this.pages.delete(page);
    }
  }
}
