/** Entropy device (virtio 1.3, 5.4): one queue of writable buffers that come back filled with random bytes. */
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

export interface EntropyDriverOptions {
  readonly name: string;
  readonly memory: GuestMemory;
  readonly allocator: DmaAllocator;
  readonly sink: FaultSink;
  readonly rings: RingPreference;
  readonly waiter: Waiter;
}

const BUFFER_BYTES = 64;

export class EntropyDriver {
  readonly session: DeviceSession;
  readonly #queue: DriverQueue;
  readonly #memory: GuestMemory;
  readonly #waiter: Waiter;
  readonly #area: number;
  readonly #buffers: BufferList = new BufferList();
  readonly #completion: Completion = new Completion();

  private constructor(
    session: DeviceSession,
    queue: DriverQueue,
    area: number,
    options: EntropyDriverOptions,
  ) {
    this.session = session;
    this.#queue = queue;
    this.#area = area;
    this.#memory = options.memory;
    this.#waiter = options.waiter;
  }

  static open(transport: Transport, options: EntropyDriverOptions): EntropyDriver | undefined {
    const none = new Features(0, 0);
    const session = DeviceSession.open(transport, { ...options, wanted: none, required: none });
    if (session === undefined) return undefined;
    const queue = session.createQueue(0, 4, NO_VECTOR);
    const area = options.allocator.allocate(BUFFER_BYTES, 64);
    if (queue === undefined) return undefined;
    if (area < 0) {
      session.fail(VirtioFaultKind.NoMemory, BUFFER_BYTES);
      return undefined;
    }
    return session.start() ? new EntropyDriver(session, queue, area, options) : undefined;
  }

  /** Fills `out`, waiting for the host as often as needed; false when the device failed. */
  fill(out: Uint8Array): boolean {
    let done = 0;
    // A device may give fewer bytes than asked but not none (5.4.6.1).
    while (done < out.length) {
      const got = this.#fetch(Math.min(BUFFER_BYTES, out.length - done));
      if (got <= 0) return false;
      this.#memory.copyOut(this.#area, out, done, got);
      done += got;
    }
    return true;
  }

  #fetch(bytes: number): number {
    const queue = this.#queue;
    if (this.session.fault !== undefined) return -1;
    this.#buffers.clear();
    this.#buffers.addWritable(this.#area, bytes);
    if (queue.add(this.#buffers, 0) !== AddResult.Added) return -1;
    if (queue.publish()) this.session.notify(0);
    while (!queue.poll(this.#completion)) {
      if (queue.fault !== undefined) {
        this.session.fail(queue.fault.kind, queue.fault.detail);
        return -1;
      }
      if (!queue.enableInterrupts() && !this.#waiter.waitForDevice()) {
        if (queue.poll(this.#completion)) break;
        this.session.fail(VirtioFaultKind.ResetTimeout, 0);
        this.session.close();
        return -1;
      }
    }
    if (this.#completion.writtenBytes === 0) this.session.fail(VirtioFaultKind.LengthTooShort, 0);
    return this.#completion.writtenBytes;
  }
}

export interface EntropySource {
  fill(bytes: Uint8Array): void;
}

export class EntropyModel implements DeviceModel {
  readonly deviceType: number = DeviceType.Entropy;
  readonly features: Features = new Features(0, 0);
  readonly queueSizes: readonly number[] = [8];
  readonly configBytes: number = 0;
  readonly #memory: GuestMemory;
  readonly #source: EntropySource;
  readonly #chain: DeviceChain = new DeviceChain();
  #core: DeviceCore | undefined = undefined;
  #queue: DeviceQueue | undefined = undefined;

  constructor(memory: GuestMemory, source: EntropySource) {
    this.#memory = memory;
    this.#source = source;
  }

  attach(core: DeviceCore): void {
    this.#core = core;
  }

  loadConfig(_offset: number): number {
    return 0;
  }

  storeConfig(_offset: number, _value: number): void {}

  start(queues: readonly (DeviceQueue | undefined)[], _features: Features): void {
    this.#queue = queues[0];
  }

  queueChanged(_index: number, queue: DeviceQueue | undefined): void {
    this.#queue = queue;
  }

  reset(): void {
    this.#queue = undefined;
  }

  notified(_index: number): void {
    const queue = this.#queue;
    if (queue === undefined) return;
    for (let taken = 0; taken < queue.size; taken += 1) {
      if (queue.take(this.#chain) !== TakeResult.Taken) break;
      const bytes = new Uint8Array(Math.min(this.#chain.writableBytes, 4096));
      this.#source.fill(bytes);
      this.#chain.write(this.#memory, 0, bytes, 0, bytes.length);
      queue.complete(this.#chain, bytes.length);
    }
    if (queue.publish()) this.#core?.interruptQueue(0);
    queue.enableNotifications();
  }
}
