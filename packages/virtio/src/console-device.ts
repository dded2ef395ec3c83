/** Device side of virtio-console: a host with one or more byte streams. */
import {
  CONSOLE_CONFIG_BYTES,
  CONSOLE_CONFIG_COLUMNS,
  CONSOLE_CONFIG_PORTS_MAX,
  CONSOLE_CONFIG_ROWS,
  CONSOLE_MULTIPORT,
  CONSOLE_SIZE,
  ConsoleEvent,
} from './console-protocol.js';
import { DeviceChain } from './device-chain.js';
import type { DeviceCore, DeviceModel } from './device-core.js';
import { Features } from './features.js';
import type { GuestMemory } from './memory.js';
import { type DeviceQueue, TakeResult } from './queue.js';
import { DeviceType } from './transport.js';

export interface ConsoleHost {
  output(port: number, bytes: Uint8Array): void;
}

export interface ConsoleModelOptions {
  /** Names of the ports; port 0 is the console. One port without a name: no MULTIPORT. */
  readonly ports: readonly string[];
  readonly columns: number;
  readonly rows: number;
  readonly host: ConsoleHost;
  readonly queueSize: number;
}

const OUTPUT_BYTES_MAX = 0x10000;

export class ConsoleModel implements DeviceModel {
  readonly deviceType: number = DeviceType.Console;
  readonly features: Features;
  readonly queueSizes: readonly number[];
  readonly configBytes: number = CONSOLE_CONFIG_BYTES;
  readonly guestOpen: boolean[] = [];
  readonly #options: ConsoleModelOptions;
  readonly #memory: GuestMemory;
  readonly #isMultiport: boolean;
  readonly #config: DataView = new DataView(new ArrayBuffer(CONSOLE_CONFIG_BYTES));
  readonly #chain: DeviceChain = new DeviceChain();
  /** Control messages that wait for buffers. */
  readonly #outbox: Uint8Array[] = [];
  #core: DeviceCore | undefined = undefined;
  #queues: (DeviceQueue | undefined)[] = [];

  constructor(memory: GuestMemory, options: ConsoleModelOptions) {
    this.#memory = memory;
    this.#options = options;
    this.#isMultiport = options.ports.length > 1;
    const sizes: number[] = [];
    const count = this.#isMultiport ? 2 + options.ports.length * 2 : 2;
    for (let i = 0; i < count; i += 1) sizes.push(options.queueSize);
    this.queueSizes = sizes;
    this.features = Features.of(
      this.#isMultiport ? [CONSOLE_SIZE, CONSOLE_MULTIPORT] : [CONSOLE_SIZE],
    );
    this.#config.setUint16(CONSOLE_CONFIG_COLUMNS, options.columns, true);
    this.#config.setUint16(CONSOLE_CONFIG_ROWS, options.rows, true);
    this.#config.setUint32(CONSOLE_CONFIG_PORTS_MAX, options.ports.length, true);
    for (let i = 0; i < options.ports.length; i += 1) this.guestOpen.push(false);
  }

  attach(core: DeviceCore): void {
    this.#core = core;
  }

  loadConfig(offset: number): number {
    return this.#config.getUint8(offset);
  }

  storeConfig(_offset: number, _value: number): void {}

  start(queues: readonly (DeviceQueue | undefined)[], _features: Features): void {
    this.#queues = [...queues];
  }

  queueChanged(index: number, queue: DeviceQueue | undefined): void {
    while (this.#queues.length <= index) this.#queues.push(undefined);
    this.#queues[index] = queue;
  }

  reset(): void {
    this.#queues = [];
  }

  /** Bytes for the guest; returns how many found room. */
  input(port: number, bytes: Uint8Array): number {
    const index = port === 0 ? 0 : 2 + port * 2;
    const queue = this.#queue(index);
    if (queue === undefined) return 0;
    let done = 0;
    while (done < bytes.length && queue.take(this.#chain) === TakeResult.Taken) {
      const part = this.#chain.write(this.#memory, 0, bytes, done, bytes.length - done);
      queue.complete(this.#chain, part);
      done += part;
    }
    if (queue.publish()) this.#core?.interruptQueue(index);
    return done;
  }

  resize(columns: number, rows: number): void {
    this.#config.setUint16(CONSOLE_CONFIG_COLUMNS, columns, true);
    this.#config.setUint16(CONSOLE_CONFIG_ROWS, rows, true);
    if (this.#isMultiport) this.#event(0, ConsoleEvent.Resize, 0, [rows, columns]);
    this.#core?.configChanged();
  }

  notified(index: number): void {
    const queue = this.#queue(index);
    if (queue === undefined) return;
    if (index === 2 && this.#isMultiport) {
      this.#deliver();
      return;
    }
    if (index % 2 === 0) return;
    do {
      queue.disableNotifications();
      for (let taken = 0; taken < queue.size; taken += 1) {
        if (queue.take(this.#chain) !== TakeResult.Taken) break;
        const bytes = new Uint8Array(Math.min(this.#chain.readableBytes, OUTPUT_BYTES_MAX));
        this.#chain.read(this.#memory, 0, bytes, 0, bytes.length);
        queue.complete(this.#chain, 0);
        if (index === 3 && this.#isMultiport) this.#control(bytes);
        else this.#options.host.output(index === 1 ? 0 : Math.trunc((index - 3) / 2), bytes);
      }
      if (queue.publish()) this.#core?.interruptQueue(index);
    } while (queue.enableNotifications());
  }

  #queue(index: number): DeviceQueue | undefined {
    return index < this.#queues.length ? this.#queues[index] : undefined;
  }

  #control(bytes: Uint8Array): void {
    if (bytes.length < 8) return;
    const view = new DataView(bytes.buffer);
    const id = view.getUint32(0, true);
    const event = view.getUint16(4, true);
    const value = view.getUint16(6, true);
    if (event === ConsoleEvent.DeviceReady && value === 1) {
      for (let i = 0; i < this.#options.ports.length; i += 1)
        this.#event(i, ConsoleEvent.PortAdd, 1, []);
      return;
    }
    if (id >= this.#options.ports.length) return;
    if (event === ConsoleEvent.PortOpen) this.guestOpen[id] = value === 1;
    if (event !== ConsoleEvent.PortReady || value !== 1) return;
    if (id === 0) this.#event(id, ConsoleEvent.ConsolePort, 1, []);
    this.#name(id);
    this.#event(id, ConsoleEvent.PortOpen, 1, []);
  }

  #name(id: number): void {
    const name = this.#options.ports[id];
    const message = new Uint8Array(8 + name.length);
    const view = new DataView(message.buffer);
    view.setUint32(0, id, true);
    view.setUint16(4, ConsoleEvent.PortName, true);
    view.setUint16(6, 1, true);
    for (let i = 0; i < name.length; i += 1) message[8 + i] = name.charCodeAt(i);
    this.#outbox.push(message);
    this.#deliver();
  }

  #event(id: number, event: ConsoleEvent, value: number, words: readonly number[]): void {
    const message = new Uint8Array(8 + words.length * 2);
    const view = new DataView(message.buffer);
    view.setUint32(0, id, true);
    view.setUint16(4, event, true);
    view.setUint16(6, value, true);
    for (let i = 0; i < words.length; i += 1) view.setUint16(8 + i * 2, words[i], true);
    this.#outbox.push(message);
    this.#deliver();
  }

  #deliver(): void {
    const queue = this.#queue(2);
    if (queue === undefined) return;
    while (this.#outbox.length > 0 && queue.take(this.#chain) === TakeResult.Taken) {
      const message = this.#outbox[0];
      const written = this.#chain.write(this.#memory, 0, message, 0, message.length);
      queue.complete(this.#chain, written);
      this.#outbox.shift();
    }
    if (queue.publish()) this.#core?.interruptQueue(2);
    // Notify when buffers come back while messages wait.
    if (this.#outbox.length > 0) queue.enableNotifications();
  }
}
