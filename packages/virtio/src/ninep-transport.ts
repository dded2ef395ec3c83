/** 9P over virtio (virtio 1.3, 5.13): a request and room for its reply are one buffer of one queue. */
import { BufferList, Completion } from './buffer-list.js';
import { DeviceChain } from './device-chain.js';
import type { DeviceCore, DeviceModel } from './device-core.js';
import { DeviceSession, type RingPreference } from './device-session.js';
import { type FaultSink, VirtioFaultKind } from './fault.js';
import { Features } from './features.js';
import type { DmaAllocator, GuestMemory } from './memory.js';
import type { NinePChannel } from './ninep-client.js';
import { AddResult, type DeviceQueue, type DriverQueue, TakeResult } from './queue.js';
import { DeviceType, NO_VECTOR, type Transport } from './transport.js';
import type { Waiter } from './waiter.js';

const NINEP_MOUNT_TAG = 0;
const TAG_BYTES_MAX = 255;

export interface NinePDriverOptions {
  readonly name: string;
  readonly memory: GuestMemory;
  readonly allocator: DmaAllocator;
  readonly sink: FaultSink;
  readonly rings: RingPreference;
  readonly waiter: Waiter;
  /** Largest message; two areas of this size are allocated. */
  readonly messageBytes: number;
}

export class NinePDriver implements NinePChannel {
  readonly session: DeviceSession;
  /** Which of the host's folders this is. */
  readonly mountTag: string;
  readonly #options: NinePDriverOptions;
  readonly #queue: DriverQueue;
  readonly #area: number;
  readonly #buffers: BufferList = new BufferList();
  readonly #completion: Completion = new Completion();

  private constructor(
    session: DeviceSession,
    options: NinePDriverOptions,
    queue: DriverQueue,
    area: number,
    mountTag: string,
  ) {
    this.session = session;
    this.#options = options;
    this.#queue = queue;
    this.#area = area;
    this.mountTag = mountTag;
  }

  static open(transport: Transport, options: NinePDriverOptions): NinePDriver | undefined {
    const session = DeviceSession.open(transport, {
      name: options.name,
      memory: options.memory,
      allocator: options.allocator,
      sink: options.sink,
      wanted: Features.of([NINEP_MOUNT_TAG]),
      required: new Features(0, 0),
      rings: options.rings,
    });
    if (session === undefined) return undefined;
    let tag = '';
    const done = session.readConfig((config) => {
      tag = '';
      const length = Math.min(config.load16(0), TAG_BYTES_MAX);
      for (let i = 0; i < length; i += 1) tag += String.fromCharCode(config.load8(2 + i));
    });
    if (!done) return undefined;
    const queue = session.createQueue(0, 8, NO_VECTOR);
    if (queue === undefined) return undefined;
    const area = options.allocator.allocate(options.messageBytes * 2, 4096);
    if (area < 0) {
      session.fail(VirtioFaultKind.NoMemory, options.messageBytes);
      return undefined;
    }
    return session.start() ? new NinePDriver(session, options, queue, area, tag) : undefined;
  }

  exchange(request: Uint8Array, requestBytes: number, reply: Uint8Array): number {
    const room = Math.min(reply.length, this.#options.messageBytes);
    if (this.session.fault !== undefined || requestBytes > this.#options.messageBytes) return -1;
    const memory = this.#options.memory;
    const answer = this.#area + this.#options.messageBytes;
    memory.copyIn(this.#area, request, 0, requestBytes);
    this.#buffers.clear();
    this.#buffers.addReadable(this.#area, requestBytes);
    this.#buffers.addWritable(answer, room);
    const queue = this.#queue;
    if (queue.add(this.#buffers, 0) !== AddResult.Added) return -1;
    if (queue.publish()) this.session.notify(0);
    while (!queue.poll(this.#completion)) {
      if (queue.fault !== undefined) {
        this.session.fail(queue.fault.kind, queue.fault.detail);
        return -1;
      }
      if (!queue.enableInterrupts() && !this.#options.waiter.waitForDevice()) {
        if (queue.poll(this.#completion)) break;
        this.session.fail(VirtioFaultKind.ResetTimeout, 0);
        this.session.close();
        return -1;
      }
    }
    const written = this.#completion.writtenBytes;
    memory.copyOut(answer, reply, 0, written);
    return written;
  }
}

/** Answers one request; the reply has at most `roomBytes`. */
export interface NinePServer {
  answer(request: Uint8Array, roomBytes: number): Uint8Array;
}

export class NinePModel implements DeviceModel {
  readonly deviceType: number = DeviceType.NineP;
  readonly features: Features = Features.of([NINEP_MOUNT_TAG]);
  readonly queueSizes: readonly number[] = [64];
  readonly configBytes: number;
  readonly #tag: string;
  readonly #memory: GuestMemory;
  readonly #server: NinePServer;
  readonly #chain: DeviceChain = new DeviceChain();
  #core: DeviceCore | undefined = undefined;
  #queue: DeviceQueue | undefined = undefined;

  constructor(memory: GuestMemory, tag: string, server: NinePServer) {
    this.#memory = memory;
    this.#tag = tag;
    this.#server = server;
    this.configBytes = 2 + tag.length;
  }

  attach(core: DeviceCore): void {
    this.#core = core;
  }

  loadConfig(offset: number): number {
    if (offset < 2) return (this.#tag.length >>> (offset * 8)) & 0xff;
    return this.#tag.charCodeAt(offset - 2) & 0xff;
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
    do {
      queue.disableNotifications();
      for (let taken = 0; taken < queue.size; taken += 1) {
        if (queue.take(this.#chain) !== TakeResult.Taken) break;
        const request = new Uint8Array(Math.min(this.#chain.readableBytes, 0x200000));
        this.#chain.read(this.#memory, 0, request, 0, request.length);
        const reply = this.#server.answer(request, this.#chain.writableBytes);
        const written = this.#chain.write(this.#memory, 0, reply, 0, reply.length);
        queue.complete(this.#chain, written);
      }
      if (queue.publish()) this.#core?.interruptQueue(0);
    } while (queue.enableNotifications());
  }
}
