/**
 * Console driver (virtio 1.3, 5.3): port 0 alone, or with MULTIPORT several byte streams, opened and named by
 * control messages. The host decides which ports exist; a port that it never announced does not.
 */
import { BufferList, Completion } from './buffer-list.js';
import {
  CONSOLE_CONFIG_COLUMNS,
  CONSOLE_CONFIG_PORTS_MAX,
  CONSOLE_CONFIG_ROWS,
  CONSOLE_MULTIPORT,
  CONSOLE_SIZE,
  ConsoleEvent,
} from './console-protocol.js';
import { DeviceSession, type RingPreference } from './device-session.js';
import { type FaultSink, VirtioFaultKind } from './fault.js';
import { Features } from './features.js';
import type { DmaAllocator, GuestMemory } from './memory.js';
import { AddResult, type DriverQueue } from './queue.js';
import { NO_VECTOR, type Transport } from './transport.js';

export interface ConsoleDriverOptions {
  readonly name: string;
  readonly memory: GuestMemory;
  readonly allocator: DmaAllocator;
  readonly sink: FaultSink;
  readonly rings: RingPreference;
  /** Bytes of each buffer, and how many each direction of each port has. */
  readonly bufferBytes: number;
  readonly buffersPerPort: number;
  /** Ports beyond this are ignored: each costs buffers. */
  readonly portsMax: number;
}

const CONTROL_BUFFERS = 8;
const CONTROL_BYTES = 256;
const CONTROL_HEADER_BYTES = 8;
const NAME_BYTES_MAX = 128;

/** One byte stream. */
export class ConsolePort {
  readonly id: number;
  name = '';
  isConsole = false;
  /** The host side has it open. */
  isOpen = false;
  columns = 0;
  rows = 0;
  readonly receive: DriverQueue;
  readonly transmit: DriverQueue;
  readonly freeTransmit: number[] = [];
  readonly receiveArea: number;
  readonly transmitArea: number;
  /** Buffer that is being consumed, -1 for none; its length and what was read of it. */
  current = -1;
  currentBytes = 0;
  currentRead = 0;

  constructor(
    id: number,
    receive: DriverQueue,
    transmit: DriverQueue,
    receiveArea: number,
    transmitArea: number,
  ) {
    this.id = id;
    this.receive = receive;
    this.transmit = transmit;
    this.receiveArea = receiveArea;
    this.transmitArea = transmitArea;
  }
}

export class ConsoleDriver {
  readonly session: DeviceSession;
  /** Indexed by port id; undefined where the host announced none. */
  readonly ports: (ConsolePort | undefined)[] = [];
  readonly #options: ConsoleDriverOptions;
  readonly #isMultiport: boolean;
  #portsMax = 1;
  #controlReceive: DriverQueue | undefined = undefined;
  #controlTransmit: DriverQueue | undefined = undefined;
  #controlArea = -1;
  readonly #freeControl: number[] = [];
  readonly #buffers: BufferList = new BufferList();
  readonly #completion: Completion = new Completion();
  readonly #message: Uint8Array = new Uint8Array(CONTROL_BYTES);

  private constructor(session: DeviceSession, options: ConsoleDriverOptions) {
    this.session = session;
    this.#options = options;
    this.#isMultiport = session.features.has(CONSOLE_MULTIPORT);
  }

  /** Undefined after a fault, which the sink has. */
  static open(transport: Transport, options: ConsoleDriverOptions): ConsoleDriver | undefined {
    const session = DeviceSession.open(transport, {
      name: options.name,
      memory: options.memory,
      allocator: options.allocator,
      sink: options.sink,
      wanted: Features.of([CONSOLE_SIZE, CONSOLE_MULTIPORT]),
      required: new Features(0, 0),
      rings: options.rings,
    });
    if (session === undefined) return undefined;
    const driver = new ConsoleDriver(session, options);
    if (!driver.#createQueues() || !session.start()) return undefined;
    driver.#begin();
    return driver;
  }

  port(id: number): ConsolePort | undefined {
    return id >= 0 && id < this.ports.length ? this.ports[id] : undefined;
  }

  /** Queues bytes for the host; returns how many were taken. */
  write(port: ConsolePort, bytes: Uint8Array, start: number, count: number): number {
    if (this.session.fault !== undefined) return 0;
    this.#reclaim(port);
    const step = this.#options.bufferBytes;
    let done = 0;
    while (done < count && port.freeTransmit.length > 0) {
      const token = port.freeTransmit[port.freeTransmit.length - 1];
      const part = Math.min(step, count - done);
      const address = port.transmitArea + token * step;
      this.#options.memory.copyIn(address, bytes, start + done, part);
      this.#buffers.clear();
      this.#buffers.addReadable(address, part);
      if (port.transmit.add(this.#buffers, token) !== AddResult.Added) break;
      port.freeTransmit.pop();
      done += part;
    }
    if (port.transmit.publish()) this.session.notify(queueOf(port.id) + 1);
    return done;
  }

  /** Takes received bytes; 0 when there are none. */
  read(port: ConsolePort, into: Uint8Array, start: number, count: number): number {
    if (this.session.fault !== undefined) return 0;
    const step = this.#options.bufferBytes;
    let done = 0;
    while (done < count) {
      if (port.current < 0) {
        if (!port.receive.poll(this.#completion)) break;
        port.current = this.#completion.token;
        port.currentBytes = this.#completion.writtenBytes;
        port.currentRead = 0;
      }
      const part = Math.min(count - done, port.currentBytes - port.currentRead);
      const address = port.receiveArea + port.current * step + port.currentRead;
      this.#options.memory.copyOut(address, into, start + done, part);
      port.currentRead += part;
      done += part;
      if (port.currentRead < port.currentBytes) break;
      this.#post(port.receive, port.receiveArea, port.current, step);
      port.current = -1;
    }
    if (port.receive.publish()) this.session.notify(queueOf(port.id));
    this.#check(port.receive);
    return done;
  }

  /** True when bytes are there already, so that the caller must not sleep. */
  enableInterrupts(port: ConsolePort): boolean {
    return port.current >= 0 || port.receive.enableInterrupts();
  }

  /** Handle control messages; call it on an interrupt. */
  poll(): void {
    const receive = this.#controlReceive;
    if (receive === undefined || this.session.fault !== undefined) return;
    while (receive.poll(this.#completion)) {
      const token = this.#completion.token;
      const bytes = this.#completion.writtenBytes;
      const address = this.#controlArea + token * CONTROL_BYTES;
      this.#options.memory.copyOut(address, this.#message, 0, bytes);
      this.#post(receive, this.#controlArea, token, CONTROL_BYTES);
      if (bytes < CONTROL_HEADER_BYTES) {
        this.session.fail(VirtioFaultKind.LengthTooShort, bytes);
        return;
      }
      this.#handle(bytes);
      if (this.session.fault !== undefined) return;
    }
    if (receive.publish()) this.session.notify(2);
    this.#check(receive);
  }

  /** Window size of a console without MULTIPORT; call it on a configuration interrupt. */
  readSize(): void {
    const port = this.port(0);
    if (port === undefined || !this.session.features.has(CONSOLE_SIZE) || this.#isMultiport) return;
    this.session.readConfig((config) => {
      port.columns = config.load16(CONSOLE_CONFIG_COLUMNS);
      port.rows = config.load16(CONSOLE_CONFIG_ROWS);
    });
  }

  /** Tell the host whether this side has the port open. */
  setOpen(port: ConsolePort, isOpen: boolean): boolean {
    return this.#send(port.id, ConsoleEvent.PortOpen, isOpen ? 1 : 0);
  }

  #createQueues(): boolean {
    if (!this.#isMultiport) {
      this.#portsMax = 1;
      return this.#createPort(0) !== undefined;
    }
    const offered = this.session.transport.config.load32(CONSOLE_CONFIG_PORTS_MAX);
    if (offered === 0) return this.session.fail(VirtioFaultKind.ConfigInvalid, offered);
    this.#portsMax = Math.min(offered, this.#options.portsMax);
    this.#controlReceive = this.session.createQueue(2, CONTROL_BUFFERS, NO_VECTOR);
    this.#controlTransmit = this.session.createQueue(3, CONTROL_BUFFERS, NO_VECTOR);
    this.#controlArea = this.#options.allocator.allocate(CONTROL_BUFFERS * 2 * CONTROL_BYTES, 64);
    if (this.#controlReceive === undefined || this.#controlTransmit === undefined) return false;
    if (this.#controlArea < 0) return this.session.fail(VirtioFaultKind.NoMemory, CONTROL_BYTES);
    for (let i = 0; i < CONTROL_BUFFERS; i += 1) {
      this.#post(this.#controlReceive, this.#controlArea, i, CONTROL_BYTES);
      this.#freeControl.push(CONTROL_BUFFERS + i);
    }
    // Queues must be placed before DRIVER_OK, ports are announced after it: place all there may be.
    for (let id = 0; id < this.#portsMax; id += 1) {
      if (this.#createPort(id) === undefined) return false;
    }
    return true;
  }

  #createPort(id: number): ConsolePort | undefined {
    const { bufferBytes, buffersPerPort, allocator } = this.#options;
    const receive = this.session.createQueue(queueOf(id), buffersPerPort, NO_VECTOR);
    if (receive === undefined) return undefined;
    const transmit = this.session.createQueue(queueOf(id) + 1, buffersPerPort, NO_VECTOR);
    if (transmit === undefined) return undefined;
    transmit.disableInterrupts();
    const area = allocator.allocate(2 * bufferBytes * buffersPerPort, 64);
    if (area < 0) {
      this.session.fail(VirtioFaultKind.NoMemory, bufferBytes);
      return undefined;
    }
    const port = new ConsolePort(id, receive, transmit, area, area + bufferBytes * buffersPerPort);
    const count = Math.min(buffersPerPort, receive.size);
    for (let i = 0; i < count; i += 1) {
      port.freeTransmit.push(i);
      this.#post(receive, area, i, bufferBytes);
    }
    this.#placed.push(port);
    return port;
  }

  /** Ports with queues; those that the host announced are in `ports`. */
  readonly #placed: ConsolePort[] = [];

  #begin(): void {
    for (const port of this.#placed) {
      if (port.receive.publish()) this.session.notify(queueOf(port.id));
    }
    if (!this.#isMultiport) {
      this.ports.push(this.#placed[0]);
      this.#placed[0].isConsole = true;
      this.#placed[0].isOpen = true;
      this.readSize();
      return;
    }
    for (let id = 0; id < this.#portsMax; id += 1) this.ports.push(undefined);
    if (this.#controlReceive?.publish() === true) this.session.notify(2);
    this.#send(0, ConsoleEvent.DeviceReady, 1);
    this.poll();
  }

  #handle(bytes: number): void {
    const view = new DataView(this.#message.buffer);
    const id = view.getUint32(0, true);
    const event = view.getUint16(4, true);
    const value = view.getUint16(6, true);
    if (event === ConsoleEvent.PortAdd) {
      // A port that we have no queues for is refused, not an error of the device.
      if (id >= this.#placed.length) {
        this.#send(id, ConsoleEvent.PortReady, 0);
        return;
      }
      this.ports[id] = this.#placed[id];
      this.#send(id, ConsoleEvent.PortReady, 1);
      return;
    }
    const port = this.port(id);
    if (port === undefined) return;
    if (event === ConsoleEvent.PortRemove) this.ports[id] = undefined;
    else if (event === ConsoleEvent.ConsolePort) {
      port.isConsole = true;
      this.#send(id, ConsoleEvent.PortOpen, 1);
    } else if (event === ConsoleEvent.PortOpen) port.isOpen = value === 1;
    else if (event === ConsoleEvent.PortName) port.name = this.#nameOf(bytes);
    else if (event === ConsoleEvent.Resize && bytes >= CONTROL_HEADER_BYTES + 4) {
      port.rows = view.getUint16(8, true);
      port.columns = view.getUint16(10, true);
    }
  }

  #nameOf(bytes: number): string {
    let name = '';
    const end = Math.min(bytes, CONTROL_HEADER_BYTES + NAME_BYTES_MAX);
    for (let i = CONTROL_HEADER_BYTES; i < end && this.#message[i] !== 0; i += 1) {
      name += String.fromCharCode(this.#message[i]);
    }
    return name;
  }

  #send(id: number, event: ConsoleEvent, value: number): boolean {
    const transmit = this.#controlTransmit;
    if (transmit === undefined || this.session.fault !== undefined) return false;
    while (transmit.poll(this.#completion)) this.#freeControl.push(this.#completion.token);
    this.#check(transmit);
    if (this.#freeControl.length === 0) return false;
    const token = this.#freeControl[this.#freeControl.length - 1];
    const address = this.#controlArea + token * CONTROL_BYTES;
    this.#options.memory.store32(address, id);
    this.#options.memory.store16(address + 4, event);
    this.#options.memory.store16(address + 6, value);
    this.#buffers.clear();
    this.#buffers.addReadable(address, CONTROL_HEADER_BYTES);
    if (transmit.add(this.#buffers, token) !== AddResult.Added) return false;
    this.#freeControl.pop();
    if (transmit.publish()) this.session.notify(3);
    return true;
  }

  #post(queue: DriverQueue, area: number, token: number, bytes: number): void {
    this.#buffers.clear();
    this.#buffers.addWritable(area + token * bytes, bytes);
    queue.add(this.#buffers, token);
  }

  #reclaim(port: ConsolePort): void {
    while (port.transmit.poll(this.#completion)) port.freeTransmit.push(this.#completion.token);
    this.#check(port.transmit);
  }

  #check(queue: DriverQueue): void {
    if (queue.fault !== undefined) this.session.fail(queue.fault.kind, queue.fault.detail);
  }
}

/** Receive queue of a port; transmit is the next (5.3.2: the control queues sit between ports 0 and 1). */
export function queueOf(port: number): number {
  return port === 0 ? 0 : 2 + port * 2;
}
